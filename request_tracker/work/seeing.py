"""A connection as Fivetran answers it, in the words of the actions."""

from request_tracker.actions.readings import Finding, Seen
from request_tracker.fivetran.client import Connection as Reply


def seen_of(reply: Reply) -> Seen:
    return Seen(
        connection_id=reply.id,
        setup_state=reply.setup_state,
        sync_state=reply.sync_state,
        is_historical_sync=reply.is_historical_sync,
        succeeded_at=reply.succeeded_at,
        failed_at=reply.failed_at,
        service=reply.service,
        schema=reply.schema,
        group_id=reply.group_id,
        created_at=reply.created_at,
        paused=reply.paused,
        sync_frequency=reply.sync_frequency,
        schedule_type=reply.schedule_type,
        daily_sync_time=reply.daily_sync_time,
        findings=_findings(reply),
    )


def _findings(reply: Reply) -> tuple[Finding, ...]:
    tests = [Finding(each.title, each.status, each.message) for each in reply.setup_tests]
    tasks = [Finding(each.code, "TASK", each.message) for each in reply.tasks]
    # A test that warns and a warning of the connection are both only worth knowing.
    warnings = [Finding(each.code, "NOTE", each.message) for each in reply.warnings]
    return (*tests, *tasks, *warnings)
