"""The command that makes a starter project out of an API document."""

import sys
from pathlib import Path

import click

from request_tracker.apidocs.scaffold import Project, Unsuitable
from request_tracker.apidocs.scaffold import scaffold as made
from request_tracker.cli.documents import analysed, is_address
from request_tracker.rules.starter import schema_name

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("place", metavar="FILE|URL")
@click.option("--out", type=_FOLDER, required=True, help="The folder to write to.")
@click.option("--schema", help="The connection it is deployed as; after the document's title otherwise.")
@click.option(
    "--table", "tables", multiple=True, metavar="NAME", help="A table to sync; again for more. All otherwise."
)
@click.option(
    "--force", is_flag=True, help="Write into a folder that is not empty: files of the same names are replaced."
)
def scaffold(place: str, out: Path, schema: str | None, tables: tuple[str, ...], force: bool) -> None:
    """Make a Connector SDK project out of an API document: it runs, tests itself, and says what is missing."""
    if out.is_dir() and any(out.iterdir()) and not force:
        raise click.ClickException(f"{out} is not empty: name another folder, or add --force")
    analysis = analysed(place, _on_step)
    try:
        project = made(
            analysis,
            schema=schema or schema_name(analysis.title, 1).removesuffix("_1"),
            wanted=frozenset(tables) or None,
            docs_url=place if is_address(place) else "",
        )
    except Unsuitable as refused:
        raise click.ClickException(f"{refused.sentence}.") from refused
    try:
        project.write(out)
    except OSError as fault:
        raise click.ClickException(f"{out} cannot be written: {fault.strerror}. Name another folder") from fault
    _tell(project, out)


def _on_step(step: str) -> None:
    if sys.stderr.isatty():
        click.echo(step, err=True)


def _tell(project: Project, out: Path) -> None:
    click.echo(f"Made {len(project.files)} files in {out}, to be deployed as {project.name}.")
    click.echo("Next:")
    click.echo(f"  read {out / 'README.md'}: what it syncs, and what is missing")
    click.echo(f"  request-tracker trial {out}")
    click.echo(f"  fill in {out / 'configuration.json'}, then deploy it as the README says")
