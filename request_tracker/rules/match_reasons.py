"""Why two entries look like one service or not, in phrases a person reads."""

from collections.abc import Callable, Iterable

from request_tracker.rules.likeness import Likeness

Reason = Callable[[Likeness], str]


def reasons_for(seen: Likeness) -> tuple[str, ...]:
    """The phrases that hold, the weightiest first; never empty."""
    found = tuple(phrase for phrase in (reason(seen) for reason in REASONS) if phrase)
    return found or ("little in common",)


def _same_name(seen: Likeness) -> str:
    if not seen.same_name:
        return ""
    return "same name" if seen.a.name.casefold() == seen.b.name.casefold() else "same name, written differently"


def _renamed(seen: Likeness) -> str:
    if not seen.same_alias:
        return ""
    old, new = sorted((seen.a, seen.b), key=lambda one: (one.name_key == one.canonical, one.name_key))
    if new.name_key == new.canonical:
        return f"{old.name} is known as {new.name}"
    return f"{old.name} and {new.name} are names of one service"


def _same_domain(seen: Likeness) -> str:
    return f"same website domain ({_listed(seen.shared_domains)})" if seen.shared_domains else ""


def _same_page(seen: Likeness) -> str:
    return f"same documentation site ({_listed(seen.shared_pages)})" if seen.shared_pages else ""


def _name_is_domain(seen: Likeness) -> str:
    return "the name of one is the web address of the other" if seen.name_is_label and not seen.same_name else ""


def _differing_words(seen: Likeness) -> str:
    left, right = seen.left, seen.right
    if seen.same_key or not seen.both_named or not (left or right):
        return ""
    if seen.strangers:
        return "different names"
    words = _listed(word.capitalize() for word in (*left, *right))
    return f"names differ by one word: {words}" if len(left) + len(right) == 1 else f"names differ by: {words}"


def _other_spelling(seen: Likeness) -> str:
    spelled = seen.both_named and not seen.same_key and not seen.left and not seen.right
    return "names differ in spelling only" if spelled else ""


def _family(seen: Likeness) -> str:
    if not seen.family:
        return ""
    return "two products of one family: only suggested" if seen.both_named else "several services live on this domain"


def _conflict(seen: Likeness) -> str:
    if not seen.conflict:
        return ""
    first, second = sorted((_listed(seen.a.domains), _listed(seen.b.domains)))
    return f"different domains ({first} and {second})"


def _no_address(seen: Likeness) -> str:
    bare = not (seen.a.domains | seen.a.pages) or not (seen.b.domains | seen.b.pages)
    return "no web address to compare" if bare and seen.both_named else ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


REASONS: tuple[Reason, ...] = (
    _same_name, _renamed, _same_domain, _same_page, _name_is_domain,
    _other_spelling, _differing_words, _family, _conflict, _no_address,
)  # fmt: skip
