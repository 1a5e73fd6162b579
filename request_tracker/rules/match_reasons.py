"""Why two entries look like one service or not, in phrases a person reads."""

from collections.abc import Callable, Iterable

from request_tracker.rules.entries import AliasFact
from request_tracker.rules.likeness import Likeness

Reason = Callable[[Likeness], str]

TOLD = {
    "rename": "{alias} was renamed {canonical}",
    "acronym": "{alias} is short for {canonical}",
    "old_domain": "{alias} is an old address of {canonical}",
    "second_domain": "{alias} is a second address of {canonical}",
    "confirmed": "a specialist confirmed that {alias} is {canonical}",
}


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
    told = [fact for fact in _followed(seen) if "domain" not in fact.kind]
    return "; ".join(map(_in_words, told)) or f"{seen.a.name} and {seen.b.name} are names of one service"


def _other_address(seen: Likeness) -> str:
    told = [fact for fact in _followed(seen) if "domain" in fact.kind] if seen.same_domain else []
    return "; ".join(map(_in_words, told))


def _followed(seen: Likeness) -> list[AliasFact]:
    """The aliases that only one of the two had to follow, in a fixed order."""
    return sorted(seen.a.told ^ seen.b.told, key=lambda fact: (fact.alias.casefold(), fact.canonical))


def _in_words(fact: AliasFact) -> str:
    return TOLD.get(fact.kind, "{alias} is known as {canonical}").format(alias=fact.alias, canonical=fact.canonical)


def _same_domain(seen: Likeness) -> str:
    return f"same website domain ({_listed(seen.shared_domains)})" if seen.shared_domains else ""


def _same_page(seen: Likeness) -> str:
    return f"same documentation site ({_listed(seen.shared_pages)})" if seen.shared_pages else ""


def _same_address(seen: Likeness) -> str:
    return "the same address" if seen.same_address else ""


def _name_is_domain(seen: Likeness) -> str:
    return "the name of one is the web address of the other" if seen.name_is_label and not seen.same_key else ""


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


def _umbrella(seen: Likeness) -> str:
    company = seen.umbrella
    return f"{company} names the company, not one product: only suggested" if company else ""


def _family(seen: Likeness) -> str:
    if not seen.family or seen.umbrella:
        return ""
    return "two products of one family: only suggested" if seen.both_named else "several services live on this domain"


def _conflict(seen: Likeness) -> str:
    if not seen.conflict:
        return ""
    first, second = sorted((_listed(seen.a.domains), _listed(seen.b.domains)))
    return f"different domains ({first} and {second})"


def _no_address(seen: Likeness) -> str:
    """Nothing is said of addresses that are there and cannot be read: there is nothing a person could add."""
    bare = [one for one in (seen.a, seen.b) if not one.domains | one.pages]
    said = seen.both_named and not all(one.unplaced for one in bare)
    return "no web address to compare" if said else ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


REASONS: tuple[Reason, ...] = (
    _same_name, _renamed, _same_domain, _other_address, _same_page, _same_address, _name_is_domain,
    _other_spelling, _differing_words, _umbrella, _family, _conflict, _no_address,
)  # fmt: skip
