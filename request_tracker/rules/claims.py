"""What may be claimed about names, domains, hosts and families of services, and why a claim cannot stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from request_tracker.rules.addresses import host_and_path, shared_host_of
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.names import is_telling, name_key, name_words

LONGEST = 200
LONGEST_SOURCE = 300
LONGEST_KIND = 40
KINDS: Mapping[str, str] = {
    "rename": "former name",
    "acronym": "short form",
    "old_domain": "old domain",
    "second_domain": "further domain",
    "confirmed": "confirmed by a specialist",
}
"""Kinds of aliases, in words."""
DOMAIN_KINDS = ("old_domain", "second_domain")
HOST_KINDS: Mapping[str, str] = {
    "documentation": "documentation", "help_centre": "help centre", "cloud_gateway": "cloud gateway",
}  # fmt: skip

Facts = Mapping[str, str]


class Fault(NamedTuple):
    """Why a claim cannot stand: the field to put right, and a sentence that says what to do."""

    field: str
    message: str


class Lead(NamedTuple):
    """A known alias as somebody wrote it, and the key it leads to."""

    alias: str
    canonical: str
    canonical_key: str
    kind: str


@dataclass
class Leads:
    """Every alias in use: where each key leads, and which keys are led to."""

    by_alias: dict[str, Lead] = field(default_factory=dict)
    by_canonical: dict[str, Lead] = field(default_factory=dict)

    def add(self, facts: Facts, registrable: Callable[[str], str]) -> None:
        alias_key, canonical_key = alias_keys(facts, registrable)
        lead = Lead(facts["alias"], facts["canonical"], canonical_key, facts["kind"])
        self.by_alias.setdefault(alias_key, lead)
        self.by_canonical.setdefault(canonical_key, lead)


def alias_keys(facts: Facts, registrable: Callable[[str], str]) -> tuple[str, str]:
    """The keys of the alias and of what it leads to: domains where the kind says so, but a name may own domains too."""
    if facts["kind"] not in DOMAIN_KINDS:
        return name_key(facts["alias"]), name_key(facts["canonical"])
    present = domain_of(facts["canonical"], registrable)
    return domain_of(facts["alias"], registrable), present or name_key(facts["canonical"])


def domain_of(written: str, registrable: Callable[[str], str]) -> str:
    """The registrable domain of what was written as a domain or an address; empty for anything else."""
    host, _ = host_and_path(written)
    return registrable(host) if host else ""


def alias_read(typed: Facts, registrable: Callable[[str], str]) -> dict[str, str]:
    """What was typed, tidied: single spaces; an address given for a domain becomes its host."""
    facts = _tidied(typed, ("canonical", "alias", "kind", "source"))
    if facts["kind"] in DOMAIN_KINDS:
        facts["alias"] = _host(facts["alias"])
        if domain_of(facts["canonical"], registrable):
            facts["canonical"] = _host(facts["canonical"])
    return facts


def host_read(typed: Facts) -> dict[str, str]:
    facts = _tidied(typed, ("host", "kind"))
    return {**facts, "host": _host(facts["host"])}


def family_read(typed: Facts) -> dict[str, str]:
    facts = _tidied(typed, ("name", "domain", "source"))
    return {**facts, "domain": _host(facts["domain"])}


def alias_fault(facts: Facts, leads: Leads, known: Knowledge) -> Fault | None:
    """Why this cannot be remembered as an alias, beside `leads`; None where it can."""
    missing = _missing(facts, {
        "canonical": "Enter the name the service has today",
        "alias": "Enter the other name, or the other domain",
        "source": "Say where this is known from, for example “vendor announcement 2023”",
    })  # fmt: skip
    if missing:
        return missing
    if facts["kind"] not in KINDS:
        return Fault("kind", f"Choose the kind: {', '.join(KINDS)}")
    if facts["kind"] in DOMAIN_KINDS:
        return _domains_fault(facts, known) or _leading(facts, leads, known)
    return _names_fault(facts, known) or _leading(facts, leads, known)


def host_fault(facts: Facts, leads: Leads, known: Knowledge) -> Fault | None:
    """Why this cannot be a shared host; None where it can."""
    missing = _missing(facts, {"host": "Enter the host", "kind": "Choose the kind"})
    if missing:
        return missing
    host = facts["host"]
    if "." not in host or not host_and_path(host)[0]:
        return Fault("host", f"“{host}” is no host name: enter one such as docs.example.com")
    domain = known.registrable(host)
    if not domain:
        return Fault("host", f"“{host}” is a public ending, or no address on the internet: name the host below it")
    lead = leads.by_alias.get(host)
    if lead:
        return Fault("host", f"“{host}” is known as a domain of “{lead.canonical}”: retire that alias first")
    return None


def family_fault(facts: Facts, leads: Leads, known: Knowledge) -> Fault | None:
    """Why this cannot be a family; None where it can."""
    missing = _missing(facts, {
        "name": "Enter the name of the company",
        "domain": "Enter the domain its products share",
        "source": "Say where this is known from",
    })  # fmt: skip
    if missing:
        return missing
    if not is_telling(name_words(facts["name"])):
        return Fault("name", _too_general(facts["name"]))
    lead = leads.by_alias.get(name_key(facts["name"]))
    if lead:
        return Fault(
            "name", f"“{facts['name']}” is known as another name of “{lead.canonical}”: retire that alias first"
        )
    return _domain_fault("domain", facts["domain"], known)


def _missing(facts: Facts, asked: Mapping[str, str]) -> Fault | None:
    for name, sentence in asked.items():
        if not facts.get(name, ""):
            return Fault(name, sentence)
        most = {"source": LONGEST_SOURCE, "kind": LONGEST_KIND}.get(name, LONGEST)
        if len(facts[name]) > most:
            return Fault(name, f"Shorten this to {most} characters or fewer")
    return None


def _names_fault(facts: Facts, known: Knowledge) -> Fault | None:
    for name in ("canonical", "alias"):
        written = facts[name]
        if not is_telling(name_words(written)):
            return Fault(name, _too_general(written))
        if name_key(written) in known.umbrellas:
            return Fault(name, f"“{written}” names a company with many products: it is no name of one of them")
    return None


def _domains_fault(facts: Facts, known: Knowledge) -> Fault | None:
    fault = _domain_fault("alias", facts["alias"], known)
    if fault:
        return fault
    if facts["alias"] in known.families:
        return Fault("alias", f"Many products share {facts['alias']}: it is no domain of one of them")
    if domain_of(facts["canonical"], known.registrable):
        return _domain_fault("canonical", facts["canonical"], known)
    if not is_telling(name_words(facts["canonical"])):
        return Fault("canonical", _too_general(facts["canonical"]))
    return None


def _domain_fault(name: str, written: str, known: Knowledge) -> Fault | None:
    host, _ = host_and_path(written)
    if "." not in host:
        return Fault(name, f"“{written}” is no domain: enter one such as example.com")
    shared = shared_host_of(host, known.shared_hosts)
    if shared:
        return Fault(name, f"{shared} is a shared host, where many vendors have pages: it belongs to no one service")
    domain = known.registrable(host)
    if not domain:
        return Fault(name, f"“{host}” is a public ending, or no address on the internet: name the domain below it")
    if host != domain:
        return Fault(name, f"“{host}” lies under {domain}: enter {domain} if all of it belongs to the service")
    return None


def _leading(facts: Facts, leads: Leads, known: Knowledge) -> Fault | None:
    """Every alias leads straight to what a service is called today: not to itself, not elsewhere, not round corners."""
    alias, canonical = facts["alias"], facts["canonical"]
    alias_key, canonical_key = alias_keys(facts, known.registrable)
    if alias_key == canonical_key:
        left_out = "once capitals, spaces and words such as “API” are left out"
        return Fault("alias", f"“{alias}” and “{canonical}” are the same {left_out}: there is nothing to remember")
    known_lead = leads.by_alias.get(alias_key)
    if known_lead and known_lead.canonical_key == canonical_key:
        return Fault("alias", f"This is known already: “{known_lead.alias}” leads to “{known_lead.canonical}”")
    if known_lead:
        said = f"“{known_lead.alias}” leads to “{known_lead.canonical}” already ({KINDS[known_lead.kind]})"
        return Fault("alias", f"{said}: correct or retire that first")
    onward = leads.by_alias.get(canonical_key)
    if onward and onward.canonical_key == alias_key:
        said = f"“{onward.alias}” leads to “{onward.canonical}” already, so this would be a ring"
        return Fault("canonical", f"{said}: correct that one where the names changed places")
    if onward:
        said = f"“{canonical}” is itself another name of “{onward.canonical}”"
        return Fault("canonical", f"{said}: enter “{onward.canonical}” as today's name")
    behind = leads.by_canonical.get(alias_key)
    if behind:
        said = f"“{behind.alias}” leads to “{behind.canonical}”, which would then lead on"
        return Fault("alias", f"{said}: correct that one to lead to “{canonical}” first")
    return None


def _too_general(written: str) -> str:
    return f"“{written}” is too general: many services could be called so"


def _tidied(typed: Facts, names: tuple[str, ...]) -> dict[str, str]:
    return {name: " ".join(str(typed.get(name, "")).split()) for name in names}


def _host(written: str) -> str:
    """The host of an address without "www."; what was written where there is none."""
    host, _ = host_and_path(written)
    bare = host.removeprefix("www.")
    return bare if "." in bare else host if "." in host else written


def in_words(subject: str, facts: Facts) -> str:
    """What a row says, as a sentence without a full stop."""
    if subject == "alias":
        return f"“{facts['alias']}” leads to “{facts['canonical']}” ({KINDS.get(facts['kind'], facts['kind'])})"
    if subject == "shared_host":
        return f"{facts['host']} is a shared host ({HOST_KINDS.get(facts['kind'], facts['kind'])})"
    return f"{facts['name']} has many products on {facts['domain']}"
