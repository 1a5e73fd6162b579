"""Where the commands find API documents: a file, or an address that the same guard judges as those of a request."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from request_tracker.apidocs import apart, fetch
from request_tracker.apidocs.fetch import NotFetched
from request_tracker.apidocs.loading.bounds import MOST_BYTES
from request_tracker.rules.vendor_api import Analysis


class Unread(Exception):
    """A place without a document; the message says what to do."""


def contents(place: str) -> tuple[bytes, str]:
    """The bytes and their name. Raises Unread."""
    if is_address(place):
        try:
            fetched = fetch.fetch(place)
        except NotFetched as fault:
            raise Unread(str(fault)) from fault
        return fetched.body, fetched.filename or name_of(place)
    path = Path(place)
    if not path.is_file():
        raise Unread("There is no such file: give the path of a document, or an address that begins with https://")
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1), path.name
    except OSError as fault:
        raise Unread(f"The file cannot be read: {fault.strerror}") from fault


def analysed(place: str, on_step: Callable[[str], None]) -> Analysis:
    """What was found in the document. Ends the command with a sentence where it cannot be read."""
    try:
        body, name = contents(place)
    except Unread as fault:
        raise click.ClickException(str(fault)) from fault
    reading = apart.read_apart(body, name=name, on_step=on_step)
    if reading.analysis is None:
        raise click.ClickException(reading.sentence)
    return reading.analysis


def is_address(place: str) -> bool:
    return place.lower().startswith(("http://", "https://"))


def name_of(place: str) -> str:
    """The last part of a path or an address."""
    path = unquote(urlsplit(place).path) if "://" in place else place
    return Path(path).name or urlsplit(place).netloc or place
