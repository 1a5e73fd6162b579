"""Days off, changes of running clocks, the nightly look; what a clock counts by, in its row."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # SQLite adds a reference or a CHECK to a table that others refer to only together with its column.
    op.execute("ALTER TABLE calendar ADD COLUMN by_id INTEGER CONSTRAINT fk_calendar_by_id REFERENCES person (id)")
    op.add_column("calendar", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    version = "CONSTRAINT fk_clock_calendar_id REFERENCES calendar (id)"
    op.execute(f"ALTER TABLE clock ADD COLUMN calendar_id INTEGER {version}")
    zero = "CONSTRAINT ck_clock_zero_while_running CHECK (zero_us IS NULL OR state = 'running')"
    op.execute(f"ALTER TABLE clock ADD COLUMN zero_us BIGINT {zero}")
    op.add_column("clock", sa.Column("paused", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("policy") as policy:
        policy.drop_constraint(op.f("ck_policy_name_known"), type_="check")
        policy.create_check_constraint(op.f("ck_policy_name_known"), "name IN ('automatic_merge', 'targets')")
    op.create_table(
        "refold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refold")),
        sa.UniqueConstraint("day", name=op.f("uq_refold_day")),
    )
    op.create_table(
        "holiday",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name=op.f("ck_holiday_decided_has_time")),
        sa.CheckConstraint("state IN ('proposed', 'confirmed', 'refused')", name=op.f("ck_holiday_state_known")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_holiday_decided_by_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_holiday_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
    )
    op.create_index("ix_holiday_state", "holiday", ["state", "day"], unique=False)
    op.create_index("uq_holiday_day", "holiday", ["day", "name", "source"], unique=True)
    op.create_table(
        "clock_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=30), nullable=True),
        sa.Column("calendar_id", sa.Integer(), nullable=True),
        sa.Column("target_days", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'recalendar') = (calendar_id IS NOT NULL)", name=op.f("ck_clock_change_recalendar_has_calendar")
        ),
        sa.CheckConstraint(
            "(kind = 'retarget') = (target_days IS NOT NULL)", name=op.f("ck_clock_change_retarget_has_target")
        ),
        sa.CheckConstraint("kind IN ('retarget', 'recalendar')", name=op.f("ck_clock_change_kind_known")),
        sa.CheckConstraint(
            "name IN ('review', 'build', 'first_sync', 'starter_ready', 'consult_offer')",
            name=op.f("ck_clock_change_name_known"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_clock_change_by_id")),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendar.id"], name=op.f("fk_clock_change_calendar_id")),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_clock_change_clock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_change")),
    )
    op.create_index(
        "ix_clock_change_open",
        "clock_change",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "clock_difference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("refold_id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=20), nullable=False),
        sa.Column("cached", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("repaired", sa.Boolean(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_clock_difference_clock_id")),
        sa.ForeignKeyConstraint(["refold_id"], ["refold.id"], name=op.f("fk_clock_difference_refold_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_difference")),
    )
    op.create_index("ix_clock_difference_clock", "clock_difference", ["clock_id"], unique=False)
    op.create_index("ix_clock_difference_refold", "clock_difference", ["refold_id"], unique=False)
