"""A source on this machine that serves the API document's examples, paged, filtered and signed in to as tables.py says.

    python tests/example_source.py --port 8765

prints one line of JSON with its address and the configuration that signs in to it, and serves until Ctrl-C. The first
rows of a list are the document's examples as they are; where there must be a second page, copies with keys of their own
follow. Once each it refuses a request with 429 and Retry-After, with 500, and calls a fetched token expired.
"""

import argparse
import ast
import base64
import contextlib
import copy
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

ROWS_AT_MOST = 6
PAGED = frozenset(("page", "offset", "cursor", "next_url", "link_header"))
SECRETS = {
    "api_key": "example-key",
    "token": "example-token",
    "username": "example-user",
    "password": "example-password",
    "client_id": "example-client",
    "client_secret": "example-secret",
    "refresh_token": "example-refresh",
}
TOKEN_PATH = "/example-token-address"
NEXT = "example_page"
Reply = tuple[int, dict[str, str], Any]


class Refused(Exception):
    """Ends a request with a status other than 200."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.reply: Reply = (status, dict(headers or {}), {"error": why})


class ExampleSource:
    """`tables` and `sign_in` as in tables.py, `examples` rows by table. `log`: what was asked, without secrets."""

    def __init__(
        self,
        tables: list[Mapping[str, Any]],
        sign_in: Mapping[str, Any],
        examples: Mapping[str, list[Any]],
        *,
        page_size: int = 2,
    ) -> None:
        self.tables, self.sign_in, self.page_size = tables, sign_in, page_size
        self.ways = [sign_in, *sign_in.get("also", ())]
        self.rows = {table["name"]: self._own_rows(table, examples.get(table["name"], [])) for table in tables}
        self.log: list[str] = []
        self.handed_out: set[tuple[str, str, str]] = set()
        self._faults = [429, 500]
        self._tokens, self._expires = 0, True
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @classmethod
    def of_project(cls, folder: Path, *, page_size: int = 2) -> "ExampleSource":
        """The source of a project's folder; its tables.py is read as data and never run."""
        tree = ast.parse((folder / "tables.py").read_text(encoding="utf-8"))
        (given,) = (node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.value is not None)
        data = ast.literal_eval(given)
        examples = json.loads((folder / "tests" / "examples.json").read_text(encoding="utf-8"))
        return cls(data["tables"], data["sign_in"], examples, page_size=page_size)

    def start(self, port: int = 0) -> str:
        """Begins to answer, and returns the address."""
        source = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65_536

            def do_GET(self) -> None:
                self._answer("get")

            def do_POST(self) -> None:
                self._answer("post")

            def _answer(self, method: str) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, body = source.answer(method, self.path, dict(self.headers.items()), text)
                written = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, *_: Any) -> None:
                """Quiet: `log` tells what was asked."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self.url

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        assert self._server is not None, "start() it first"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def configuration(self) -> dict[str, str]:
        """What signs in to it, its address and its values for all that has to be configured."""
        settings = {asked["setting"]: _given(asked) for table in self.tables for asked in table["configured"]}
        own = {name: _secret(name) for name in self.sign_in["settings"]}
        fields = {name: f"example-{field}" for way in self.ways for field, name in way.get("login_fields", {}).items()}
        token_url = {"token_url": self.url + TOKEN_PATH} if "token_url" in self.sign_in["settings"] else {}
        return {"base_url": self.url, **own, **fields, **token_url, **settings}

    def answer(self, method: str, target: str, headers: Mapping[str, str], text: bytes) -> Reply:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            try:
                reply = self._answered(method, parts.path, query, _lower(headers), text)
            except Refused as refused:
                reply = refused.reply
            shown = {name: value for name, value in query.items() if all(name != way.get("name") for way in self.ways)}
            self.log.append(f"{method.upper()} {parts.path}?{urlencode(shown)} {reply[0]}")
        return reply

    def _answered(
        self, method: str, path: str, query: dict[str, str], headers: Mapping[str, str], text: bytes
    ) -> Reply:
        login: Mapping[str, Any] = next((way for way in self.ways if way.get("login_path")), {})
        if method == "post" and path in (TOKEN_PATH, login.get("login_path")):
            return self._token(path, text, login)
        for way in self.ways:
            self._check_sign_in(way, query, headers)
        if self._faults:
            status = self._faults.pop(0)
            raise Refused(status, "try again", {"Retry-After": "1"} if status == 429 else None)
        body = json.loads(text) if text.strip() else {}
        for table in self.tables:
            found = _matched(table, method, path, body)
            if found is not None:
                variables = body.get("variables", {}) if method == "post" else {}
                return self._listed(table, found, {**query, **{k: str(v) for k, v in variables.items()}}, headers, path)
        raise Refused(404, "nothing here")

    def _token(self, path: str, text: bytes, login: Mapping[str, Any]) -> Reply:
        if path == TOKEN_PATH:
            form = dict(parse_qsl(text.decode()))
            names = [name for name in ("client_id", "client_secret", "refresh_token") if name in form]
            if any(form[name] != SECRETS[name] for name in names) or "client_id" not in form:
                raise Refused(401, "invalid_client")
            return 200, {}, {"access_token": self._new_token(), "token_type": "Bearer", "expires_in": 3600}
        fields = json.loads(text)
        if fields != {field: f"example-{field}" for field in login["login_fields"]}:
            raise Refused(401, "wrong user or password")
        reply: dict[str, Any] = {}
        _put(reply, login["token_path"], self._new_token())
        return 200, {}, reply

    def _new_token(self) -> str:
        self._tokens += 1
        return f"example-access-{self._tokens}"

    def _check_sign_in(self, way: Mapping[str, Any], query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        kind, place, name = way["kind"], way.get("place", "header"), way.get("name") or "Authorization"
        given = {"query": query.get(name), "cookie": headers.get("cookie")}.get(place, headers.get(name.lower()))
        if place == "cookie":
            given = next((part for part in (given or "").split("; ") if part.startswith(f"{name}=")), None)
        prefix = way.get("prefix", "").strip()
        pair = base64.b64encode(f"{SECRETS['username']}:{SECRETS['password']}".encode()).decode()
        wanted = {
            "api_key": f"{prefix} {_secret(way.get('setting') or 'api_key')}".strip(),
            "bearer": f"{prefix or 'Bearer'} {SECRETS['token']}",
            "undeclared": f"Bearer {SECRETS['token']}",
            "basic": f"Basic {pair}",
            "session": f"{prefix} example-access-{self._tokens}".strip(),
            "oauth2": f"Bearer example-access-{self._tokens}",
        }.get(kind)
        if wanted is not None and given != (f"{name}={wanted}" if place == "cookie" else wanted):
            raise Refused(401, "wrong credentials")
        if kind in ("session", "oauth2") and self._expires and not self._faults:
            self._expires = False
            raise Refused(401, "the token has expired")

    def _listed(
        self,
        table: Mapping[str, Any],
        found: Mapping[str, str],
        query: dict[str, str],
        headers: Mapping[str, str],
        path: str,
    ) -> Reply:
        self._check_values(table, found, query, headers)
        rows = self._rows_under(table, found, query)
        for child in self.tables:
            for parent in child["parents"]:
                if parent["table"] == table["name"]:
                    values = (_at(row, parent["source"]) for row in rows)
                    self.handed_out |= {(parent["table"], parent["source"], _text(value)) for value in values}
        rows = [row for row in rows if _is_asked_for(table, row, query, headers)]
        body, reply_headers = self._page(table, rows, query, path)
        return 200, reply_headers, body

    def _check_values(
        self, table: Mapping[str, Any], found: Mapping[str, str], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> None:
        is_next = NEXT in query
        for parent in table["parents"]:
            given = (found if parent["place"] == "path" else query).get(parent["param"], "")
            if not is_next and (parent["table"], parent["source"], given) not in self.handed_out:
                raise Refused(404, f"no such {parent['table']}")
        for asked in table["configured"]:
            places: dict[str, Mapping[str, str]] = {"path": found, "header": headers}
            name = asked["param"].lower() if asked["place"] == "header" else asked["param"]
            if not is_next and places.get(asked["place"], query).get(name) != _given(asked):
                raise Refused(400, f"{asked['param']} is missing")
        for name, values in table["constants"].items():
            if not is_next and {**query, **found}.get(name) not in values:
                raise Refused(400, f"{name} is missing")
        if table["paging"]["size_param"] in query and not query[table["paging"]["size_param"]].isdigit():
            raise Refused(400, "the page size is no number")

    def _page(
        self, table: Mapping[str, Any], rows: list[Any], query: Mapping[str, str], path: str
    ) -> tuple[Any, dict[str, str]]:
        paging = table["paging"]
        size = self.page_size if paging["style"] in PAGED else max(1, len(rows))
        start = self._start(table, rows, query)
        shown, end = rows[start : start + size], start + size
        body: Any = {}
        if table["data_path"] in ("", "$"):
            body = shown
        else:
            _put(body, table["data_path"], shown)
        headers = self._tell_next(table, body, rows, end, query, path)
        if isinstance(body, dict):
            change = table["change"]
            if paging["more_path"]:
                _put(body, paging["more_path"], end < len(rows))
            if paging["total_path"]:
                total = -(-len(rows) // size) if "page" in paging["total_path"].lower() else len(rows)
                _put(body, paging["total_path"], total)
            if change["format"] == "token" and change["token_path"]:
                _put(body, change["token_path"], "7")
        return body, headers

    def _start(self, table: Mapping[str, Any], rows: list[Any], query: Mapping[str, str]) -> int:
        paging, given = table["paging"], query.get(NEXT) or query.get(table["paging"]["param"] or NEXT)
        if given is None:
            return 0
        if paging["style"] == "cursor" and not paging["token_path"]:
            keys = [_text(_at(row, table["key_source"])) for row in rows]
            return keys.index(given) + 1 if given in keys else 0
        number = given.removeprefix("c")
        if not number.isdigit():
            raise Refused(400, "no such page")
        return (int(number) - paging["first"]) * self.page_size if paging["style"] == "page" else int(number)

    def _tell_next(
        self, table: Mapping[str, Any], body: Any, rows: list[Any], end: int, query: Mapping[str, str], path: str
    ) -> dict[str, str]:
        paging, more = table["paging"], end < len(rows)
        link = f"{self.url}{path}?{urlencode({**query, NEXT: end})}"
        if paging["style"] == "link_header" or (paging["style"] == "next_url" and not paging["token_path"]):
            return {"Link": f'<{link}>; rel="next"'} if more else {}
        if paging["token_path"] and isinstance(body, dict):
            told = {"cursor": f"c{end}", "next_url": link}.get(paging["style"])
            _put(body, paging["token_path"], told if more else None)
        return {}

    def _rows_under(self, table: Mapping[str, Any], found: Mapping[str, str], query: Mapping[str, str]) -> list[Any]:
        """The rows of one list: other parents than the first have rows with keys of their own."""
        given = [
            (found if parent["place"] == "path" else query).get(parent["param"], "") for parent in table["parents"]
        ]
        firsts = [_text(_at(self.rows[one["table"]][0], one["source"])) for one in table["parents"]]
        if given == firsts:
            return self.rows[table["name"]]
        salt = int(hashlib.sha256(json.dumps(given).encode()).hexdigest()[:5], 16) + 1_000
        return [self._copied(table, row, salt) for row in self.rows[table["name"]]]

    def _own_rows(self, table: Mapping[str, Any], examples: list[Any]) -> list[Any]:
        rows: list[Any] = []
        for example in (examples or [{}])[:ROWS_AT_MOST]:
            row = self._completed(table, example)
            rows.append(row if not any(self._is_same(table, row, other) for other in rows) else None)
        rows = [row for row in rows if row is not None]
        wanted = self.page_size + 1 if table["paging"]["style"] in PAGED else len(rows)
        if table["deletes"] and rows and all(_at(row, table["deletes"]) for row in rows):
            wanted = len(rows) + 1  # Documents like to show a deleted record: one more that is still there.
        while len(rows) < min(wanted, ROWS_AT_MOST):
            rows.append(self._copied(table, rows[0], len(rows)))
        return rows

    def _completed(self, table: Mapping[str, Any], example: Any) -> Any:
        """An example with its keys, and all its columns where the document has no example at all."""
        row = copy.deepcopy(example)
        if not isinstance(row, dict):
            return row
        for source, kind in table["columns"].values():
            if not example and _at(row, source) is None:
                _put(row, source, MADE.get(kind, "example"))
        for source in self._key_sources(table):
            if _at(row, source) in (None, "", [], {}):
                _put(row, source, MADE.get(_kind_of(table, source), "example"))
        return row

    def _is_same(self, table: Mapping[str, Any], row: Any, other: Any) -> bool:
        sources = self._key_sources(table)
        return row == other or (bool(sources) and all(_at(row, source) == _at(other, source) for source in sources))

    def _copied(self, table: Mapping[str, Any], row: Any, number: int) -> Any:
        """A copy with other keys, changed that many days earlier."""
        if not isinstance(row, dict):
            return f"{row}-{number}"
        made = copy.deepcopy(row)
        for source in self._key_sources(table) or [next((name for name, value in row.items() if _is_plain(value)), "")]:
            if source:
                _put(made, source, _other(_at(row, source), number))
        if table["deletes"]:
            _put(made, table["deletes"], None)
        field = table["change"]["field"]
        if field:
            _put(made, field, _earlier(_at(row, field), min(number, 300)))
        return made

    def _key_sources(self, table: Mapping[str, Any]) -> list[str]:
        """Where a row holds what tells it from others: its key, and what the lists beneath it ask for."""
        own = [table["columns"][name][0] for name in table["key"] if table["columns"].get(name, [""])[0]]
        asked = [
            parent["source"] for child in self.tables for parent in child["parents"] if parent["table"] == table["name"]
        ]
        cursor = [table["key_source"]] if table["key_source"] else []
        return list(dict.fromkeys([*own, *asked, *cursor]))


MADE: Mapping[str, Any] = {
    "BOOLEAN": True,
    "INT": 1,
    "LONG": 1,
    "DECIMAL": "1.5",
    "DOUBLE": 1.5,
    "NAIVE_DATE": "2026-01-02",
    "NAIVE_DATETIME": "2026-01-02T03:04:05",
    "UTC_DATETIME": "2026-01-02T03:04:05Z",
    "BINARY": "ZXhhbXBsZQ==",
    "JSON": {"example": True},
}


def _matched(table: Mapping[str, Any], method: str, path: str, body: Any) -> dict[str, str] | None:
    """What a path holds for the names in the table's path; None where it is another path, or another question."""
    if table["method"] != method or (method == "post" and body.get("query") != table["body"]):
        return None
    names: list[str] = []

    def taken(match: "re.Match[str]") -> str:
        names.append(match[1])
        return "([^/]+)"

    wanted = "/" + table["path"].partition("?")[0].strip("/")
    pieces = re.split(r"(\{[^{}]*\})", wanted)
    pattern = "".join(
        re.sub(r"\{([^{}]*)\}", taken, piece) if piece.startswith("{") else re.escape(piece) for piece in pieces
    )
    found = re.fullmatch(pattern, "/" + path.strip("/")) or re.fullmatch(pattern, unquote("/" + path.strip("/")))
    return {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)} if found else None


def _is_asked_for(table: Mapping[str, Any], row: Any, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Whether a row changed since what the request asks for, as far as the row shows it."""
    change = table["change"]
    given = (headers if change["place"] == "header" else query).get(
        change["filter"].lower() if change["place"] == "header" else change["filter"]
    )
    if not change["filter"] or not given:
        return True
    if change["format"] == "token":
        return False
    since, at = _moment(given), _moment(_at(row, change["field"])) if change["field"] else None
    return since is None or at is None or at >= since


def _moment(value: Any) -> datetime | None:
    text = str(value)
    if found := re.search(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?", text):
        form = "%Y-%m-%dT%H:%M:%S" if found[1] else "%Y-%m-%d"
        with contextlib.suppress(ValueError):
            return datetime.strptime(found[0], form).replace(tzinfo=timezone.utc)
        return None
    if re.fullmatch(r"\d{9,13}(\.\d+)?", text):
        number = float(text)
        return datetime.fromtimestamp(number / (1000 if number > 100_000_000_000 else 1), timezone.utc)
    return None


def _earlier(value: Any, days: int) -> Any:
    at = _moment(value)
    if at is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value - days * 86_400 * (1000 if value > 100_000_000_000 else 1)
    text, before = str(value), at - timedelta(days=days)
    return text.replace(f"{at:%Y-%m-%d}", f"{before:%Y-%m-%d}", 1)


def _other(value: Any, number: int) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value + number if value + number < 2**31 else value - number
    if isinstance(value, float):
        return value + number
    if isinstance(value, str):
        return str(int(value) + number) if value.isdigit() and len(value) < 10 else f"{value}-{number}"
    return value


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _kind_of(table: Mapping[str, Any], source: str) -> str:
    return next((kind for held, kind in table["columns"].values() if held == source), "STRING")


def _given(asked: Mapping[str, Any]) -> str:
    return str(asked["example"] or "example")


def _at(record: Any, path: str) -> Any:
    if path in ("", "$"):
        return record
    if not isinstance(record, dict):
        return None
    if path in record:
        return record[path]
    name, _, rest = path.partition(".")
    return _at(record.get(name), rest) if rest else None


def _put(record: dict[str, Any], path: str, value: Any) -> None:
    if path in ("", "$"):
        return
    name, _, rest = path.partition(".")
    if not rest or path in record:
        record[path] = value
        return
    if not isinstance(record.get(name), dict):
        record[name] = {}
    _put(record[name], rest, value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _secret(name: str) -> str:
    return SECRETS.get(name, f"example-{name.replace('_', '-')}")


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def main() -> None:
    asked = argparse.ArgumentParser(description="Serve the examples of the API document on this machine.")
    asked.add_argument("--port", type=int, default=0)
    source = ExampleSource.of_project(Path(__file__).resolve().parents[1])
    source.start(asked.parse_args().port)
    print(json.dumps({"base_url": source.url, "configuration": source.configuration()}), flush=True)  # noqa: T201
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        source.stop()


if __name__ == "__main__":
    main()
