"""The verdict in words: what each criterion and each cap says, in neutral sentences with the figures in them."""

from request_tracker.rules.assessment_figures import Subject
from request_tracker.rules.needs import Needs
from request_tracker.rules.rubric import Rubric
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import SignIn, SignInKind

NAME = 60
CHAIN = 6
ALTERNATIVES = (
    "Connector SDK: write the connector yourself and run it on Fivetran",
    "Function connector: a cloud function of your own reads the API and hands the rows to Fivetran",
    "File connector: export the data as files on a schedule, and let Fivetran read them",
)
_FIXED = {
    SignInKind.API_KEY: "Key in the {place} {name}; no OAuth needed",
    SignInKind.BEARER: "A fixed token, sent as bearer; no OAuth needed",
    SignInKind.BASIC: "User name and password, or a key in place of them; no OAuth needed",
    SignInKind.SESSION: "A user name and password are exchanged for a session token; no OAuth needed",
}

_UNSURE = "Key or token in the header Authorization: ask the vendor whether a fixed one does or OAuth 2.0 is behind it"


def shown(text: str, most: int = NAME) -> str:
    """A name out of a document, fit to stand in a sentence."""
    return plain(text, most)


def number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent(share: float) -> str:
    return f"{round(100 * share)} %"


def thresholds(rubric: Rubric) -> dict[Criterion, str]:
    """What is asked of each criterion, read from the rubric so that numbers and words cannot part."""
    great, possible = percent(rubric.great_share), percent(rubric.possible_share)
    return {
        Criterion.DOCUMENTATION: "Every read says what it answers, most have a description, and sign-in is declared: "
        f"{great} of the points is great, {possible} possible",
        Criterion.SIZE: f"Around {rubric.around} is ideal: {_sizes(rubric, rubric.great_share)} is great, "
        f"{_sizes(rubric, rubric.possible_share)} possible",
        Criterion.NESTING: f"Tables with at most {rubric.levels} lists to walk first, and none much deeper: "
        f"{great} of the points is great, {possible} possible",
        Criterion.STRUCTURE: f"Tables with {rubric.named_columns} named columns or more, read page by page: "
        f"{great} of the points is great, {possible} possible",
        Criterion.CUSTOM_DATA: "Tables and most columns are the vendor's own: "
        f"{great} of the points is great, {possible} possible",
        Criterion.AUTHENTICATION: "A fixed key, token or password is great, OAuth 2.0 possible",
        Criterion.INCREMENTAL: f"What changed can be told: great from {great} of the tables, possible from {possible}",
        Criterion.USE_CASE: "Each thing the request asks for is found among the tables",
    }


def documentation(on: Subject) -> tuple[str, str]:
    figures = on.analysis.figures
    declared = "sign-in is declared" if is_declared(on) else "sign-in is not declared"
    if not figures.get_operations:
        return (
            f"0 of {number(figures.operations, 'operation')} are plain reads",
            f"No plain read is described; {declared}",
        )
    reads = number(figures.get_operations, "read")
    figure = f"{figures.get_with_schema:,} of {reads} say what they answer"
    return figure, f"{figure}, {figures.get_described:,} have a description, and {declared}"


def size(on: Subject) -> tuple[str, str]:
    figure = number(on.count, "table")
    if on.chosen:
        return figure, f"{on.count:,} of {number(len(on.analysis.tables), 'table')} were chosen for the use case"
    if not on.count:
        return figure, f"No list of records can be read by GET{_by_post(on)}"
    if on.count > on.rubric.most:
        return figure, f"{figure} can be read, more than one connector usually carries: choose those the use case needs"
    if on.count < on.rubric.fewest:
        return figure, f"{figure} can be read, fewer than the {on.rubric.fewest} a connector usually brings"
    return figure, f"{figure} can be read; around {on.rubric.around} is ideal"


def nesting(on: Subject) -> tuple[str, str]:
    deepest = on.deepest
    figure = f"Deepest: {number(deepest, 'list')} to walk first"
    if not deepest and not on.scopes:
        return figure, f"{'The only table' if on.count == 1 else f'All {on.count:,} tables'} can be read directly"
    within = f"{on.within(1):,} of {number(on.count, 'table')} can be read directly or under one parent"
    return figure, f"{within}{_chain(on)}{_scope(on)}"


def structure(on: Subject) -> tuple[str, str]:
    have = _verb("have", on.named, on.count)
    columns = f"{on.named:,} of {number(on.count, 'table')} {have} {on.rubric.named_columns} named columns or more"
    paging = f"{on.paged:,} {'is' if on.paged == 1 else 'are'} read page by page"
    untyped = on.count - on.typed
    unknown = f"; of {untyped:,} the document does not say what a record holds" if untyped else ""
    figure = f"{columns}, {paging}"
    return figure, f"{figure} in a known way{unknown}"


def custom_data(on: Subject) -> tuple[str, str]:
    figures = on.analysis.figures
    if figures.fully_custom_share is None:
        return "Not known", "The document does not say what the records hold"
    some, whole = figures.custom_field_share or 0.0, figures.fully_custom_share
    figure = f"{percent(some)} of the tables with custom fields, {percent(whole)} wholly custom"
    if figures.customer_defines_tables:
        return (
            figure,
            "The end user defines the tables: a part of the address names the table, so each customer has others",
        )
    if not some and not whole:
        return figure, "All tables and columns are the vendor's own, as far as the document tells"
    wholly = "none consists of it alone" if not whole else f"{percent(whole)} consist of little else"
    return figure, f"{percent(some)} of the tables hold custom fields, and {wholly}"


def authentication(on: Subject) -> tuple[str, str]:
    figure, reason = _sign_in(on)
    others = [_called(each) for each in on.analysis.sign_in[1:4]]
    return figure, reason + (f"; also offered: {', '.join(dict.fromkeys(others))}" if others else "")


def incremental(on: Subject) -> tuple[str, str]:
    tables, whole = number(on.count, "table"), on.count - on.changing - on.growing
    figure = f"{on.changing:,} of {tables} {_verb('tell', on.changing, on.count)} what changed"
    if whole == on.count:
        none = "The only table does not tell" if on.count == 1 else f"None of {tables} tells"
        return figure, f"{none} what changed: all will be read in full at every sync"
    ways = (
        (on.asked, "can be asked for changes"),
        (on.changing - on.asked, f"{_verb('hold', on.changing - on.asked, on.count)} a time of change"),
        (on.growing, f"only ever {_verb('grow', on.growing, on.count)}"),
    )
    told = [f"{many:,} {way}" for many, way in ways if many]
    rest = f"{whole:,} {_verb('have', whole, on.count)} no change time and will be read in full at every sync"
    return figure, f"Of {tables}, {', '.join(told)}" + (f"; {rest}" if whole else "")


def use_case(found: Needs) -> tuple[str, str]:
    asked = len(found.hits) + len(found.misses)
    if not asked:
        return "Nothing to look for", "The request does not name records to look for: ask which ones are needed"
    figure = f"{len(found.hits):,} of {number(asked, 'thing')} asked for {'is' if asked == 1 else 'are'} found"
    hits = f": {_listed([each.word for each in found.hits])}" if found.hits else ""
    misses = f"; not found: {_listed(list(found.misses))}" if found.misses else ""
    return figure, f"{figure}{hits}{misses}. A specialist decides"


def is_declared(on: Subject) -> bool:
    return on.sign_in not in ("undeclared", "none")


def _sign_in(on: Subject) -> tuple[str, str]:
    kind = on.sign_in
    first = on.analysis.sign_in[0] if on.analysis.sign_in else None
    if kind == "oauth2":
        flows = f" ({', '.join(shown(flow, 30) for flow in first.flows[:4])})" if first and first.flows else ""
        return (
            f"OAuth 2.0{flows}",
            "OAuth 2.0 is the only way to sign in: each customer needs an app registered with the vendor",
        )
    if kind == "other":
        return (
            "Certificate or a way of its own",
            "None of the usual ways to sign in is offered: ask the vendor for a key",
        )
    if kind != "static":
        return (
            "Not declared",
            "The document does not say how to sign in, which does not mean that no key is needed: ask",
        )
    if first and first.kind is SignInKind.API_KEY and first.name.lower() == "authorization":
        return "Key or token in the header Authorization", _UNSURE
    usual = first is not None and first.kind in _FIXED
    reason = (
        _FIXED[first.kind].format(place=_place(first), name=_name(first)) if first and usual else "A fixed key or token"
    )
    return (_called(first) if first and usual else "Fixed key or token"), reason


def _called(way: SignIn) -> str:
    return {
        SignInKind.API_KEY: "API key",
        SignInKind.BEARER: "bearer token",
        SignInKind.BASIC: "user name and password",
        SignInKind.SESSION: "session token",
        SignInKind.OAUTH2: "OAuth 2.0",
        SignInKind.CERTIFICATE: "client certificate",
    }.get(way.kind, "another way")


def _place(way: SignIn) -> str:
    return way.place if way.place in ("header", "cookie") else "query parameter" if way.place == "query" else "request"


def _name(way: SignIn) -> str:
    return f"“{shown(way.name)}”" if way.name else "the vendor names"


def _verb(many: str, part: int, whole: int) -> str:
    """The verb as the number asks for: one has, of one has, two have."""
    if part != 1 and whole != 1:
        return many
    return "has" if many == "have" else many + "s"


def _chain(on: Subject) -> str:
    names = [shown(each, 40) for each in on.longest]
    if len(names) > CHAIN:
        names = [*names[: CHAIN - 1], "…", names[-1]]
    return f"; deepest chain: {' → '.join(names)}" if len(names) > 1 else ""


def _scope(on: Subject) -> str:
    if not on.scopes:
        return ""
    deepest = max((each.depth for each in on.tables), default=0)
    param = shown(on.analysis.figures.scope_param or "", 40)
    return f" (“{param}” counts as one value a connection; walking it too, the deepest is {deepest})"


def _by_post(on: Subject) -> str:
    reads = len(on.analysis.post_reads)
    return f"; {number(reads, 'operation')} by POST {'hands' if reads == 1 else 'hand'} out lists" if reads else ""


def _sizes(rubric: Rubric, share: float) -> str:
    """The tables from and up to which the share of the points is reached."""
    needed = share * rubric.points[Criterion.SIZE]
    below = [most for most, points in rubric.sizes if points < needed]
    within = [most for most, points in rubric.sizes if points >= needed]
    return f"{max((each for each in below if each < max(within)), default=0) + 1} to {max(within)}"


def _listed(words: list[str]) -> str:
    few = ", ".join(shown(each, 40) for each in words[:6])
    return f"{few} and {len(words) - 6:,} more" if len(words) > 6 else few
