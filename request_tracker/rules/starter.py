"""Case → starter connector plan: its schema name and the group it belongs in."""

import re
import unicodedata

MAX_NAME = 60
_NOT_NAME = re.compile(r"[^a-z0-9]+")


def schema_name(service_name: str, case_id: int, attempt: int = 1) -> str:
    """A name after ^[_a-z][_a-z0-9]*$, at most 60 characters, the same every time for the same case and attempt."""
    plain = unicodedata.normalize("NFKD", service_name).encode("ascii", "ignore").decode().lower()
    suffix = f"_{case_id}" if attempt == 1 else f"_{case_id}_{attempt}"
    words = _NOT_NAME.sub("_", plain).strip("_") or "service"
    return f"lite_{words}"[: MAX_NAME - len(suffix)].rstrip("_") + suffix


def group_name(account_id: int, account_name: str) -> str:
    """The name of a group made on demand for an account: letters, digits and underscores, not starting with a digit."""
    plain = unicodedata.normalize("NFKD", account_name).encode("ascii", "ignore").decode().lower()
    words = _NOT_NAME.sub("_", plain).strip("_")
    return f"account_{account_id}_{words}".rstrip("_")[:MAX_NAME]
