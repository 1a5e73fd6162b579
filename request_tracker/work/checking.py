"""What `check` looks at before a program goes live: settings, database, mail, Fivetran."""

import smtplib
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from request_tracker import settings as configuration
from request_tracker.apidocs import trial
from request_tracker.fivetran.client import FivetranError
from request_tracker.mail.deliver import Smtp, Undeliverable, transport_for
from request_tracker.settings import Settings
from request_tracker.store import knowledge, schema
from request_tracker.store.session import Database
from request_tracker.work.context import over_http


def faults(settings: Settings, migrations: Path) -> list[str]:
    """A sentence for each thing that has to be put right, with what to do."""
    return [*configuration.faults(settings), *_database(settings, migrations), *_mail(settings), *_fivetran(settings)]


def notes(settings: Settings) -> list[str]:
    """What is not needed to go live, and would be good to have."""
    return [] if trial.is_set_up(trial.home(settings.trial_env)) else [f"Note: {trial.HOW_TO_GET_IT}"]


def _database(settings: Settings, migrations: Path) -> list[str]:
    try:
        with closing(Database(settings.database_url)) as database:
            if not schema.is_current(database, migrations):
                return ["The database is not up to date: run `request-tracker migrate`"]
            with database.reading() as session:
                seeded = knowledge.version(session) > 0
    except (SQLAlchemyError, OSError) as fault:
        return [f"The database does not answer ({type(fault).__name__}): check REQUEST_TRACKER_DATABASE_URL"]
    return [] if seeded else ["Nothing is known for matching, not even shared hosts: run `request-tracker seed`"]


def _mail(settings: Settings) -> list[str]:
    transport = transport_for(settings.smtp_url, settings.mail_from)
    if not isinstance(transport, Smtp):
        return []
    try:
        transport.probe()
    except (OSError, smtplib.SMTPException, Undeliverable) as fault:
        return [f"The mail server does not answer ({type(fault).__name__}): check REQUEST_TRACKER_SMTP_URL"]
    return []


def _fivetran(settings: Settings) -> list[str]:
    try:
        with over_http(settings)() as api:
            api.account()
    except FivetranError as fault:
        return [f"Fivetran: {fault.sentence}"]
    return []
