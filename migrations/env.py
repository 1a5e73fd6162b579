"""Runs the numbered migrations on the connection handed in by request_tracker.store.schema."""

from alembic import context

from request_tracker.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
