"""The schema: every table's module gathered, and the numbered migrations that make it."""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from request_tracker.store.base import Base
from request_tracker.store.session import Database

TABLES = (
    "people", "cases", "requests", "timeline", "merges", "evidence", "assessments", "holds", "clocks", "documents",
    "drafts", "connections", "webhook_events", "jobs", "letters", "tokens", "passwords", "catalogue", "dismissals",
    "aliases", "pairs", "policies", "heirs", "clock_changes", "refolds", "holidays", "preferences", "bounces",
    "reports", "forecasts", "quota", "groups", "outages", "strays", "schema_choices", "table_reviews", "sync_runs",
    "hooks", "provision_runs", "role_checks", "api_documents", "chosen_tables", "trials",
    "saved_views", "bulk_runs", "presences", "reply_templates", "absences", "meetings", "board", "audit_entries",
    "chain_checks", "search_docs",
)  # fmt: skip
for _name in TABLES:
    import_module(f"request_tracker.store.{_name}")
metadata = Base.metadata


def migrate(database: Database, folder: Path) -> None:
    """Bring the database up to the newest migration; safe to run twice."""
    with database.engine.connect() as connection:
        command.upgrade(_config(folder, connection), "head")
        connection.commit()


def is_current(database: Database, folder: Path) -> bool:
    """Whether every migration of the folder has been applied."""
    with database.engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_revision()
    return applied == ScriptDirectory.from_config(_config(folder)).get_current_head()


def _config(folder: Path, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
