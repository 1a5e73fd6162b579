"""What the person who sets the connector up has filled in: all of it text, from configuration.json."""

from collections.abc import Mapping
from typing import Any


class Misconfigured(ValueError):
    """configuration.json must be put right: the sentence says what."""


def setting(configuration: Mapping[str, Any], name: str) -> str:
    """The value, or "" where it is missing or still the placeholder (`<API_KEY>`)."""
    value = str(configuration.get(name) or "").strip()
    return "" if value.startswith("<") and value.endswith(">") else value


def required(configuration: Mapping[str, Any], name: str) -> str:
    """The value. Raises Misconfigured where there is none."""
    value = setting(configuration, name)
    if not value:
        raise Misconfigured(f"Fill in {name} in configuration.json")
    return value
