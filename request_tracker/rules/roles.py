"""The roles in Fivetran that may set up a connector: the lists the program published, and which name follows which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from request_tracker.rules.terms import FIVETRAN_ROLES

OWN = "own"
ANOTHER = "Another role"
"""What a requester chooses whose role is not in the list; an empty role means that they do not know it."""
MOST, LONGEST = 30, 100
SUCCESSORS = {
    "Connector Administrator": "Manage Connection",
    "Connector Creator": "Create Connection",
    "Destination Administrator": "Manage Destination",
    "Destination Analyst": "Edit Destination",
}
"""Older name → newer name of the same role; a role not named here kept its name."""


@dataclass(frozen=True)
class Preset:
    key: str
    label: str
    names: tuple[str, ...]


PRESETS = (
    Preset("older", "Published until 2025", FIVETRAN_ROLES),
    Preset("newer", "Published now", tuple(SUCCESSORS.get(each, each) for each in FIVETRAN_ROLES)),
)
BY_KEY = {preset.key: preset for preset in PRESETS}
DEFAULT = BY_KEY["older"]


@dataclass(frozen=True)
class Known:
    """A role as an account lists it; `replaced_by` where it is deprecated."""

    name: str
    replaced_by: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a role may set up a connector: yes, no or unknown, and why, as a sentence."""

    may: str
    why: str


def label_of(key: str) -> str:
    return BY_KEY[key].label if key in BY_KEY else "Own list"


def read_names(text: str) -> tuple[str, ...]:
    """One role a line, each once. ValueError with a sentence."""
    names = tuple(dict.fromkeys(" ".join(line.split()) for line in text.splitlines() if line.strip()))
    if not names:
        raise ValueError("Name at least one role, one on each line")
    if len(names) > MOST or any(len(each) > LONGEST for each in names):
        raise ValueError(f"Name at most {MOST} roles of at most {LONGEST} characters each")
    return names


def same_role(name: str) -> frozenset[str]:
    """All names of a role, the older and the newer one, in small letters."""
    small = name.strip().casefold()
    pairs = [{old.casefold(), new.casefold()} for old, new in SUCCESSORS.items()]
    return frozenset(next((pair for pair in pairs if small in pair), {small}))


def sets_up(name: str, accepted: Iterable[str]) -> bool:
    """Whether the role is on the list, by its older or its newer name."""
    return bool(same_role(name) & {each.strip().casefold() for each in accepted})


PUBLISHED = (*DEFAULT.names, *BY_KEY["newer"].names)
"""Every name ever published: for an order among people, where no list in force is at hand."""


def is_to_do(name: str, accepted: Iterable[str]) -> bool:
    """Whether the requester still has to find out or to get a role: never a reason to reject anything."""
    return not sets_up(name, accepted)


def resolved(name: str, known: Mapping[str, Known]) -> str:
    """The name that holds now: replacements are followed, and a ring of them ends where it began."""
    seen = {name}
    while (row := known.get(name)) and row.replaced_by and row.replaced_by not in seen:
        name = row.replaced_by
        seen.add(name)
    return name


def judge(role: str, known: Mapping[str, Known], accepted: Iterable[str]) -> Verdict:
    """What Fivetran says of somebody's role, `known` being the roles of the account by name."""
    if not role.strip():
        return Verdict("unknown", "Fivetran knows this person without a role for the whole account")
    names, list_ = {role, resolved(role, known)}, tuple(accepted)
    if any(sets_up(each, list_) for each in names):
        return Verdict("yes", f"Fivetran says: {role}, which may set up a connector")
    if role in known or not known:
        return Verdict("no", f"Fivetran says: {role}, which is not among the roles that may set up a connector")
    return Verdict("unknown", f"Fivetran says: {role}, a role it does not list")


def what_to_ask(accepted: Iterable[str]) -> str:
    """The sentence a requester can send to whoever runs Fivetran in their house."""
    names = list(accepted)
    one_of = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    return f"Please give me one of these roles in Fivetran, so that I can set up a connector: {one_of}."
