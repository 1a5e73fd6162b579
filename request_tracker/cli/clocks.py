"""Commands about clocks."""

import click

from request_tracker.actions import refold
from request_tracker.actions.refold_compared import written
from request_tracker.cli import frame
from request_tracker.store.cases import case_number


@click.command()
def clocks() -> None:
    """Exit 0 only when every clock's cached columns say what its events say; repairs nothing."""
    found = 0
    with frame.current(frame.settings()).reading() as session:
        for case_id, each in refold.every_difference(session, frame.now()):
            found += 1
            said, wanted = written(each.cached), written(each.value)
            where = f"{case_number(case_id)}, clock {each.clock_id}"
            click.echo(f"{where}: {each.column} says {said}, the events say {wanted}")
    if found:
        raise click.ClickException(f"{found} cached values are not what the events say")
    click.echo("Every clock says what its events say.")
