"""Case → starter connector plan: the group it belongs in, and its schema name there."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_NAME = 60
_NOT_NAME = re.compile(r"[^a-z0-9]+")


class Way(StrEnum):
    """How starter connectors are spread over Fivetran groups. A group is a destination's place: they share one id."""

    PER_ACCOUNT = "per_account"
    PER_ACCOUNT_OWN_DESTINATION = "per_account_own_destination"
    PER_SERVICE = "per_service"
    ONE_FOR_ALL = "one_for_all"

    @property
    def is_shared(self) -> bool:
        """Whether connectors of several accounts meet in one group."""
        return self in (Way.PER_SERVICE, Way.ONE_FOR_ALL)


class Layout(StrEnum):
    """How the schemas of one destination are named, so that what belongs together stands together."""

    SEPARATE = "separate"
    SHARED_BY_ACCOUNT = "shared_by_account"
    SHARED_BY_SERVICE = "shared_by_service"


WAYS: Mapping[Way, tuple[str, str]] = {
    Way.PER_ACCOUNT: (
        "A group for each account",
        "An account's connectors are together, and nobody else's are with them. You set up the destination.",
    ),
    Way.PER_ACCOUNT_OWN_DESTINATION: (
        "A group for each account, with a destination of its own",
        "As above, but the account brings its own warehouse: it sets up the destination of its group in Fivetran.",
    ),
    Way.PER_SERVICE: (
        "A group for each service",
        "Every account's connector for one service is in one group, so their data lands in one destination.",
    ),
    Way.ONE_FOR_ALL: (
        "One group for everything",
        "All connectors of all accounts are in one group, so all data lands in one destination.",
    ),
}
"""Each way as (label, what it means)."""
LAYOUTS: Mapping[Layout, tuple[str, str]] = {
    Layout.SEPARATE: (
        "Several destinations: a schema for each connector",
        "The schema is named after the service, as the account has a destination to itself.",
    ),
    Layout.SHARED_BY_ACCOUNT: (
        "One shared destination, sorted by account",
        "The schema's name begins with the account, so that everything of one account stands together.",
    ),
    Layout.SHARED_BY_SERVICE: (
        "One shared destination, sorted by service",
        "The schema's name begins with the service, then the account: the same data of all accounts stands together.",
    ),
}


@dataclass(frozen=True)
class GroupPolicy:
    """Which group a starter connector goes to, where no admin bound one to the account. `on_demand`: we may make it."""

    way: Way = Way.PER_ACCOUNT
    layout: Layout = Layout.SEPARATE
    on_demand: bool = True

    def to_json(self) -> dict[str, Any]:
        return {"way": str(self.way), "layout": str(self.layout), "on_demand": self.on_demand}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "GroupPolicy":
        """Raises ValueError, KeyError for what this program never wrote."""
        return cls(Way(value["way"]), Layout(value["layout"]), bool(value["on_demand"]))


@dataclass(frozen=True)
class Place:
    """What a group is for, and the name of the one we would make: one group a key, one key a name."""

    key: str
    name: str
    account_id: int | None = None


@dataclass(frozen=True)
class Owner:
    """The customer account a starter connector is made for."""

    id: int
    name: str


def place(policy: GroupPolicy, account: Owner, service: str) -> Place:
    """Where a connector belongs. `service`: the source's registrable domain (`acme.com`), or its name without one."""
    if policy.way is Way.ONE_FOR_ALL:
        return Place("all", "all_accounts")
    if policy.way is Way.PER_SERVICE:
        key = service.strip().lower()[:200]
        return Place(f"service:{key}", _service_group(key))
    return Place(f"account:{account.id}", group_name(account.id, account.name), account.id)


def schema_name(
    service_name: str, case_id: int, suffix: int = 1, *, layout: Layout = Layout.SEPARATE, account_name: str = ""
) -> str:
    """A name after ^[_a-z][_a-z0-9]*$, at most 60 characters, the same every time for the same case and suffix."""
    service, account = _words(service_name) or "service", _words(account_name)[:20].rstrip("_")
    begins = {
        Layout.SEPARATE: (service,),
        Layout.SHARED_BY_ACCOUNT: (account, service),
        Layout.SHARED_BY_SERVICE: (service[: MAX_NAME - 40].rstrip("_") if account else service, account),
    }[layout]
    end = f"_{case_id}" if suffix == 1 else f"_{case_id}_{suffix}"
    name = "_".join(("lite", *filter(None, begins)))
    return name[: MAX_NAME - len(end)].rstrip("_") + end


def group_name(account_id: int, account_name: str) -> str:
    """The name of a group made on demand for an account: letters, digits and underscores, not starting with a digit."""
    return f"account_{account_id}_{_words(account_name)}".rstrip("_")[:MAX_NAME]


def _service_group(key: str) -> str:
    """Two services never share a name: where the words leave something of the key out, a digest of it is added."""
    words = _words(key)
    if words.replace("_", ".") == key and len(words) <= MAX_NAME - 8:
        return f"service_{words}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return f"service_{words[: MAX_NAME - 17]}_{digest}".replace("__", "_")


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_NAME.sub("_", plain).strip("_")
