"""What tables are called: after their path, in snake case, each name once."""

from collections.abc import Sequence, Set

from request_tracker.apidocs.describing.column_names import table_name, unlike
from request_tracker.apidocs.describing.paths import Segment, segments, shape
from request_tracker.apidocs.describing.words import is_plural, is_version, stem, uncalled, words
from request_tracker.apidocs.measuring.rows import Row

VAGUE = frozenset({
    "type", "list", "all", "search", "latest", "status", "report", "statistics", "stat", "top", "item", "value",
    "entry", "metric", "active", "queue", "count", "index", "find", "query", "default", "result",
    "summary", "current", "recent", "record",
})  # fmt: skip
"""Last segments that say too little on their own."""

UNSAID = frozenset({"api", "rest", "me", "self", "json", "public", "admin"})
LONGEST = 60


def names(rows: Sequence[Row], scope: str) -> dict[str, str]:
    """Names of tables by path; the shallowest and shortest paths choose first, those that are
    on their way out last. `scope` never shows in a name."""
    order = sorted(
        rows,
        key=lambda row: (row.operation.is_deprecated, row.nest.depth, len(segments(row.path)), len(row.path), row.path),
    )
    lists = {shape(row.path) for row in rows}
    taken: set[str] = set()
    named: dict[str, str] = {}
    for row in order:
        wanted = [table_name(name) for name in _wishes(row, scope, lists) if name] or ["records"]
        name = next((wish for wish in wanted if wish not in taken), "") or unlike(wanted[-1], taken)
        taken.add(name)
        named[row.path] = name
    return named


def _wishes(row: Row, scope: str, lists: Set[tuple[str, ...]]) -> list[str]:
    parts = segments(row.path)
    ahead, group, behind = _split(parts)
    if not behind:
        little = bool(ahead) and not is_plural(ahead[-1])
        return [*_own(ahead, little), _joined([*ahead[:-1], *_named(group)]), _joined([*ahead, *_named(group)])]
    own = [*(part.text for part in behind[:-1]), uncalled(behind[-1].text)]
    parent = ahead[-1:] if _is_below(row, group, scope) else []
    whole = [*parent, *own]
    every = [part.text for part in parts if not part.names and not is_version(part.text)]
    if parent:
        return [_joined(whole), _joined([*ahead, *own]), _joined(every)]
    little = len(own) > 1 and not is_plural(own[-1]) and shape(row.path)[:-1] in lists
    return [*_own(own, little), _joined(own), *([_joined([*ahead[-1:], *own])] if ahead else []), _joined(every)]


def _own(texts: Sequence[str], says_little: bool) -> list[str]:
    """The last segment; so many more ahead of it as say too little on their own: /usage/records/daily."""
    count = 2 if says_little else 1
    while count < len(texts) and _is_vague(texts[-count]):
        count += 1
    return [_joined(texts[-count:]), _joined(texts[-count - 1 :])]


def _split(parts: Sequence[Segment]) -> tuple[list[str], Segment | None, list[Segment]]:
    """The fixed segments ahead of the last parameter, that parameter, and what comes behind it."""
    last = max((at for at, part in enumerate(parts) if part.names), default=-1)
    ahead = [part.text for part in parts[: last + 1] if not part.names and not _is_unsaid(part.text)]
    behind = [part for part in parts[last + 1 :] if not _is_unsaid(part.text)]
    if last >= 0 and not behind and last < len(parts) - 1:
        behind = list(parts[last + 1 :])
    return ahead, parts[last] if last >= 0 else None, behind


def _joined(texts: Sequence[str]) -> str:
    """All words, those ahead of the last segment in the singular: projects, tasks → project_tasks."""
    ahead = [word for text in texts[:-1] for word in stem(text)]
    return "_".join([*ahead, *(words(texts[-1]) if texts else ())])


def _named(group: Segment | None) -> list[str]:
    return list(group.names[-1:]) if group else []


def _is_below(row: Row, group: Segment | None, scope: str) -> bool:
    """A list of the document supplies the last parameter, and it is not the scope."""
    names = set(group.names) if group else set()
    is_scope = bool(scope) and any(words(name) == words(scope) for name in names)
    return not is_scope and any(names & set(each.need.names) for each in row.nest.supplied)


def _is_vague(text: str) -> bool:
    found = stem(text)
    return (len(found) == 1 and found[0] in VAGUE) or (found[:1] == ("find",) and "by" in found)


def _is_unsaid(text: str) -> bool:
    return is_version(text) or "_".join(words(text)) in UNSAID
