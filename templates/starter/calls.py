"""Which requests a list takes: its parents' keys, constants and settings put into path, query and headers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any
from urllib.parse import quote

import changes
import paging
import records
from client import Answer, SourceError
from settings import setting

Table = Mapping[str, Any]
GONE = frozenset((403, 404, 410))
"""How a source answers for a parent that has just been deleted, or that the sign-in may not look into."""
REFUSED = frozenset((400, 422))


@dataclass(frozen=True)
class Call:
    """One request with its pages. `bound`: the parents' records by table; `columns`: their keys by column, and what was
    asked for; `digest`: what tells this list from the same table's others."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    bound: Mapping[str, Any]
    columns: Mapping[str, Any]
    digest: str


class Caller:
    def __init__(
        self, by_name: Mapping[str, Table], configuration: Mapping[str, Any], client: Any, tell: Callable[[str], None]
    ) -> None:
        self.by_name, self.configuration, self.client, self.tell = by_name, configuration, client, tell
        self.alone: set[str] = set()
        self.refused: set[str] = set()
        self.told: set[str] = set()

    def calls(self, table: Table, bound: Mapping[str, Any]) -> Iterator[Call]:
        """The calls of a table beneath the records that are bound; parents not among them are walked here."""
        choices = self._choices(table)
        if choices is None:
            return
        for records_bound in self._bindings(table["parents"], bound):
            for chosen in product(*choices):
                call = self._call(table, records_bound, chosen)
                if call is not None:
                    yield call

    def pages(self, table: Table, call: Call, cursor: str, start: paging.Position) -> Iterator[paging.Page]:
        """The pages of a call; none for a parent that is gone. `refused` keeps the digests of those."""
        try:
            yield from paging.pages(partial(self._ask, table, call, cursor), table, start)
        except SourceError as refusal:
            if not table["parents"] or refusal.status not in GONE:
                raise
            self.refused.add(call.digest)
            self.tell(f"{table['name']}: {refusal}; it is left out this time")

    def saved(self, position: paging.Position) -> paging.Position:
        return {**position, "url": self.client.kept(position["url"])} if "url" in position else dict(position)

    def _ask(self, table: Table, call: Call, cursor: str, position: paging.Position) -> Answer:
        since, headers = changes.asking(table, cursor)
        asked = paging.params_of(table["paging"], position)
        if table["method"] == "post":
            answer: Answer = self.client.ask(call.path, headers=call.headers, body=_body(table, call, asked, since))
            return answer
        if "url" in position:
            return self._get(position["url"], {}, {**call.headers, **headers})
        if "token" in position and table["name"] in self.alone:
            return self._get(call.path, asked, call.headers)
        try:
            return self._get(call.path, {**call.params, **since, **asked}, {**call.headers, **headers})
        except SourceError as refusal:
            if "token" not in position or not since or refusal.status not in REFUSED:
                raise
        # Some sources want the next page's token without the filter that the first page was asked with.
        alone = self._get(call.path, {**call.params, **asked}, call.headers)
        self.alone.add(table["name"])
        return alone

    def _get(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        answer: Answer = self.client.ask(path, params=params, headers=headers)
        return answer

    def _choices(self, table: Table) -> list[list[tuple[str, str, str]]] | None:
        """For each constant and setting the values to ask for, as (place, name, value). None where one is not given."""
        found = [[("", name, value) for value in values] for name, values in table["constants"].items()]
        for asked in table["configured"]:
            values = [part.strip() for part in setting(self.configuration, asked["setting"]).split(",") if part.strip()]
            if not values:
                self._tell_once(f"{table['name']} is left out: fill in {asked['setting']} in configuration.json")
                return None
            found.append([(asked["place"], asked["param"], value) for value in values])
        return found

    def _bindings(self, parents: list[Mapping[str, Any]], bound: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The records that are bound, joined by each record of the parents that are not."""
        missing = next((parent for parent in parents if parent["table"] not in bound), None)
        if missing is None:
            yield bound
            return
        other = self.by_name[missing["table"]]
        for call in self.calls(other, bound):
            for page in self.pages(other, call, "", {}):
                for record in page.records:
                    yield from self._bindings(parents, {**call.bound, other["name"]: record})

    def _call(self, table: Table, bound: Mapping[str, Any], chosen: tuple[tuple[str, str, str], ...]) -> Call | None:
        parts: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
        columns: dict[str, Any] = {}
        for parent in table["parents"]:
            value = records.value_at(bound[parent["table"]], parent["source"])
            # Dots alone would lead to another path, however they are written.
            if value in (None, "", ".", "..") or isinstance(value, dict | list):
                self._tell_once(f"{table['name']}: a record of {parent['table']} has no usable {parent['source']}")
                return None
            parts[parent["place"]][parent["param"]] = _worded(value)
            columns[parent["column"]] = value
        for place, name, value in chosen:
            parts[place or ("path" if f"{{{name}}}" in table["path"] else "query")][name] = value
            if not place and name in table["constant_columns"]:
                columns[table["constant_columns"][name]] = value
        path = table["path"]
        for name, value in parts["path"].items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        head, params = _split(path, parts["query"])
        told = records.digest([parts["path"], params, parts["header"]], 12)
        return Call(head, params, {**table["headers"], **parts["header"]}, bound, columns, told)

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self.told:
            self.told.add(sentence)
            self.tell(sentence)


def _split(path: str, query: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A path may hold a fixed query of its own: it goes to the other parameters."""
    head, _, rest = path.partition("?")
    fixed = dict(part.partition("=")[::2] for part in rest.split("&") if part) if rest else {}
    return head, {**fixed, **query}


def _body(table: Table, call: Call, asked: Mapping[str, str], since: Mapping[str, str]) -> dict[str, Any]:
    """A GraphQL question with its variables: numbers where the paging counts, the parents' keys as their records have
    them, tokens as text."""
    paging_by, own = table["paging"], {parent["param"]: call.columns[parent["column"]] for parent in table["parents"]}
    counted = {paging_by["size_param"], paging_by["param"] if paging_by["style"] in ("page", "offset") else ""}
    numbers = {name: int(value) if name in counted else value for name, value in asked.items()}
    return {"query": table["body"], "variables": {**call.params, **own, **since, **numbers}}


def _worded(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
