"""A file as it was handed in, whoever handed it in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """A file handed in or fetched; `body` is kept as it came and only ever served as an attachment."""

    filename: str
    media_type: str
    sha256: str
    body: bytes
