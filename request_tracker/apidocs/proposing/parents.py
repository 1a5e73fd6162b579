"""How a table hangs beneath others: which parameter takes which field of a parent's records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from request_tracker.apidocs.describing.column_names import snake, unlike
from request_tracker.apidocs.describing.paths import last_fixed
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import stem, words
from request_tracker.apidocs.measuring import records
from request_tracker.apidocs.measuring.needs import ENDINGS
from request_tracker.apidocs.measuring.nesting import Supplied
from request_tracker.apidocs.measuring.rows import KEEPERS, Row
from request_tracker.rules.plurals import singular
from request_tracker.rules.vendor_api import Parent

NAMES_IN_GROUPS = ("name", "slug", "login", "key", "code")
NAMES = ("login", "slug", "handle")
"""What a parameter that is called like the table itself takes, in front of the key: {owner}/{repo} and {org}."""

GUESS = "id"


@dataclass(frozen=True)
class Linked:
    """Parents of one table. `guessed`: parameters for which no field of the parent fits."""

    parents: tuple[Parent, ...] = ()
    guessed: tuple[str, ...] = ()


def linked(row: Row, by_path: Mapping[str, Row], tables: Mapping[str, str], schemas: Schemas) -> Linked:
    """The parents of a row. `tables`: the table that each list's path stands for."""
    found: list[Parent] = []
    guessed: list[str] = []
    for supplied in row.nest.supplied:
        provider = by_path[supplied.provider]
        for name in supplied.need.names:
            source = _source(name, supplied, provider, schemas)
            if not source:
                guessed.append(name)
            column = _column(name, provider, row, [each.column for each in found])
            place = supplied.need.place
            found.append(Parent(tables[supplied.provider], name, source or GUESS, column, place))
    return Linked(tuple(found), tuple(guessed))


def _source(name: str, supplied: Supplied, provider: Row, schemas: Schemas) -> str:
    """The field a parameter takes: the one of its own name, the one its ending names, the key; "$" where the list
    holds plain values."""
    if provider.record is None:
        return ""
    if records.is_scalar(provider.record.node, schemas):
        return "$"
    scalars = {
        words(source.rsplit(".", 1)[-1]): source
        for source, node in reversed(list(provider.record.fields.items()))
        if records.is_scalar(node, schemas) or not schemas.kind(node)
    }
    wishes = _wishes(name, last_fixed(provider.path), is_one_of_many=len(supplied.need.names) > 1)
    fitting = [scalars[wish] for wish in wishes if wish in scalars]
    fitting = fitting or _kept(name, provider, schemas)
    inner = _below(name, provider, schemas) if len(supplied.need.names) > 1 else ""
    return next((source for source in (*fitting[:1], inner, provider.key) if source), "")


def _wishes(name: str, provider: str, *, is_one_of_many: bool) -> list[tuple[str, ...]]:
    """project_id; id. issue_number of issues: number. {org} of orgs: login."""
    said, own = words(name), stem(provider)
    wishes = [said]
    if own and said[: len(own)] == own and len(said) > len(own):
        wishes.append(said[len(own) :])
    if said and said[-1] in ENDINGS:
        wishes.append((said[-1],))
    elif said and own and singular(said[-1]) == own[-1]:
        wishes.extend((word,) for word in (NAMES_IN_GROUPS if is_one_of_many else NAMES))
    return wishes


def _kept(name: str, provider: Row, schemas: Schemas) -> list[str]:
    """{pod} and {name} take metadata.name where the record keeps what it is known by in an object of its own."""
    keeper = provider.key.rpartition(".")[0]
    if not keeper or words(keeper) not in KEEPERS or provider.record is None:
        return []
    said, fields = words(name), schemas.properties(schemas.at(provider.record.node, keeper))
    wish = ("name",) if said == stem(last_fixed(provider.path)) else said
    return [f"{keeper}.{field}" for field in fields if words(field) == wish][:1]


def _below(name: str, provider: Row, schemas: Schemas) -> str:
    """{owner} of a group takes a field of the object called owner."""
    for source, node in provider.record.fields.items() if provider.record else ():
        if words(source.rsplit(".", 1)[-1]) == words(name) and schemas.kind(node) == "object":
            fields = schemas.properties(node)
            return next((f"{source}.{word}" for word in ("login", "slug", "name", "key", "id") if word in fields), "")
    return ""


def _column(name: str, provider: Row, row: Row, taken: Sequence[str]) -> str:
    """project_id for {projectId}; {id} of invoices is invoice_id. Never what the row calls its own key."""
    said = words(name)
    singulars = stem(last_fixed(provider.path))
    made = snake(name) if len(said) > 1 or (said and said[0] not in ENDINGS) else snake("_".join((*singulars, *said)))
    if row.key and made == snake(row.key.rsplit(".", 1)[-1]):
        made = snake(f"parent_{made}")
    return unlike(made, taken)
