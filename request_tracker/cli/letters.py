"""Commands about letters, for the mail server."""

import logging
import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from request_tracker.cli import frame
from request_tracker.mail.bounced import MOST_BYTES, NoBounce
from request_tracker.store.session import Database
from request_tracker.work import delivery

NO_BOUNCE, TRY_LATER = 65, 75
"""EX_DATAERR and EX_TEMPFAIL of sysexits.h: what mail servers read from a program they pipe a message to."""


@click.command()
@click.option("--recipient", default="", help="Where the message arrived, if the mail server can say it.")
@click.pass_context
def bounce(context: click.Context, recipient: str) -> None:
    """Read one returned mail from standard input and record it.

    Exits 0 when it was recorded, 65 when it tells of no letter that failed, 75 when it should be handed over later.
    """
    raw = _handed_over()
    try:
        settings = frame.settings()
        _recorded(frame.current(settings), raw, recipient)
    except NoBounce as fault:
        click.echo(str(fault), err=True)
        context.exit(NO_BOUNCE)
    except (click.ClickException, SQLAlchemyError, OSError) as fault:
        said = fault.message if isinstance(fault, click.ClickException) else type(fault).__name__
        click.echo(f"Not recorded, hand it over later: {said}", err=True)
        context.exit(TRY_LATER)


def _recorded(database: Database, raw: bytes, recipient: str) -> None:
    try:
        with database.transaction() as session:
            found = delivery.take_back(session, raw, recipient, frame.settings(), frame.now())
            click.echo(f"Recorded: {found.address}, {found.kind}, {found.status}")
    finally:
        database.close()


def _handed_over() -> bytes:
    """The message, as far as it is read; the rest is drained, so that the mail server can finish writing."""
    stream = sys.stdin.buffer
    raw = stream.read(MOST_BYTES)
    while stream.read(MOST_BYTES):
        logging.getLogger(__name__).debug("the end of a long message is not read")
    return raw
