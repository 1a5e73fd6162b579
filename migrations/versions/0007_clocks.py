"""Calendars, clocks and their events."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("at_risk_at", UtcDateTime(), nullable=True),
        sa.Column("urgent_at", UtcDateTime(), nullable=True),
        sa.Column("target_s", sa.Double(), nullable=False),
        sa.Column("elapsed_s", sa.Double(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("breached_at", UtcDateTime(), nullable=True),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("notice_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(breached_at IS NOT NULL) = (verdict IS NOT NULL AND verdict = 'breached')",
            name=op.f("ck_clock_breached_has_time"),
        ),
        sa.CheckConstraint("due_at IS NULL OR state = 'running'", name=op.f("ck_clock_due_while_running")),
        sa.CheckConstraint(
            "name IN ('review', 'build', 'first_sync', 'starter_ready', 'consult_offer')",
            name=op.f("ck_clock_name_known"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'running', 'paused', 'stopped', 'cancelled', 'void')",
            name=op.f("ck_clock_state_known"),
        ),
        sa.CheckConstraint(
            "stopped_at IS NULL OR state IN ('stopped', 'cancelled')", name=op.f("ck_clock_stopped_has_state")
        ),
        sa.CheckConstraint("verdict IN ('met', 'breached')", name=op.f("ck_clock_verdict_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_clock_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_clock_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_index(
        "ix_clock_due",
        "clock",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_clock_notice",
        "clock",
        ["notice_at"],
        unique=False,
        sqlite_where=sa.text("notice_at IS NOT NULL"),
        postgresql_where=sa.text("notice_at IS NOT NULL"),
    )
    op.create_index("ix_clock_stopped", "clock", ["stopped_at"], unique=False)
    op.create_index("uq_clock_cycle", "clock", ["case_id", "name", "cycle"], unique=True)
    op.create_table(
        "clock_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voids_id", sa.Integer(), nullable=True),
        sa.Column("target_s", sa.Double(), nullable=True),
        sa.Column("calendar_id", sa.Integer(), nullable=True),
        sa.Column("caused_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(kind = 'void') = (voids_id IS NOT NULL)", name=op.f("ck_clock_event_void_names_event")),
        sa.CheckConstraint(
            "kind <> 'start' OR (target_s IS NOT NULL AND calendar_id IS NOT NULL)",
            name=op.f("ck_clock_event_start_is_complete"),
        ),
        sa.CheckConstraint(
            "kind IN ('start', 'pause', 'resume', 'stop', 'cancel', 'void', 'retarget', 'recalendar')",
            name=op.f("ck_clock_event_kind_known"),
        ),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"], name=op.f("fk_clock_event_calendar_id")),
        sa.ForeignKeyConstraint(["caused_by_id"], ["timeline.id"], name=op.f("fk_clock_event_caused_by_id")),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_clock_event_clock_id")),
        sa.ForeignKeyConstraint(["voids_id"], ["clock_event.id"], name=op.f("fk_clock_event_voids_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_event")),
    )
    op.create_index("ix_clock_event_caused_by", "clock_event", ["caused_by_id"], unique=False)
    op.create_index("ix_clock_event_clock", "clock_event", ["clock_id", "id"], unique=False)
    op.create_index("ix_clock_event_recorded", "clock_event", ["recorded_at"], unique=False)
