"""What every command needs: the settings of the environment, the database, the present."""

import os
from datetime import UTC, datetime

import click

from request_tracker import resources
from request_tracker import settings as configuration
from request_tracker.settings import Settings, Unsafe
from request_tracker.store import schema
from request_tracker.store.session import Database


def safe(settings: Settings) -> Settings:
    try:
        return configuration.safe(settings)
    except Unsafe as unsafe:
        raise click.ClickException("It is not safe to start:\n" + "\n".join(unsafe.faults)) from unsafe


def settings() -> Settings:
    try:
        return configuration.read(os.environ)
    except Unsafe as unsafe:
        raise click.ClickException("\n".join(unsafe.faults)) from unsafe


def current(settings: Settings) -> Database:
    """The database, or a clear word that it must be migrated first."""
    database = Database(settings.database_url)
    if not schema.is_current(database, resources.MIGRATIONS):
        raise click.ClickException("The database is not up to date: run `request-tracker migrate`")
    return database


def now() -> datetime:
    return datetime.now(UTC)
