"""Indexes the weekly report counts by: verdicts by week, what was recorded since and late, how cases changed."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

WIDER = (
    ("ix_clock_stopped", "clock", ["stopped_at", "verdict", "name"]),
    ("ix_clock_event_recorded", "clock_event", ["recorded_at", "clock_id"]),
    ("ix_timeline_at", "timeline", ["at", "kind", "case_id"]),
)
PARTIAL = (
    ("ix_clock_breached", "clock", ["breached_at", "name"], "breached_at IS NOT NULL"),
    ("ix_clock_unkept", "clock", ["stopped_at"], "calendar_id IS NULL"),
    ("ix_clock_event_late", "clock_event", ["recorded_at", "clock_id"], "effective_at < recorded_at"),
)


def upgrade() -> None:
    for name, table, columns in WIDER:
        op.drop_index(name, table)
        op.create_index(name, table, columns)
    for name, table, columns, where in PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
