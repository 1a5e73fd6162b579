"""Job kind → what is done about it. Each effect may run twice and says how that does no harm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from request_tracker.mail.deliver import transport_for
from request_tracker.store import timeline
from request_tracker.work import post, reindexing, report_mail, scoring, starters
from request_tracker.work.context import Context


@dataclass(frozen=True)
class Call:
    """A claimed job, as an effect sees it."""

    job_id: int
    kind: str
    args: Mapping[str, Any]
    event_id: int | None


Effect = Callable[[Context, Call], None]


def unless_undone(effect: Effect) -> Effect:
    """The effect, carried out only while the event that caused it still stands."""

    def guarded(context: Context, call: Call) -> None:
        if call.event_id is not None:
            with context.database.reading() as session:
                if not timeline.stands(session, call.event_id):
                    return
        effect(context, call)

    return guarded


def notify(context: Context, call: Call) -> None:
    """Write the letters of a notice. Twice: each letter has a key of its own."""
    with context.database.transaction() as session:
        post.notify(session, dict(call.args), call.event_id, context.act(), context.settings)


def deliver(context: Context, call: Call) -> None:
    """Send one letter. Twice: a sent letter is left alone."""
    transport = transport_for(context.settings.smtp_url, context.settings.mail_from)
    post.deliver(context.database, call.args["letter_id"], context.now(), transport)


def mail_report(context: Context, call: Call) -> None:
    """Write the weekly report to one person. Twice: the letter has a key of its own."""
    with context.database.transaction() as session:
        report_mail.mail_report(session, dict(call.args), context.act(), context.settings)


EFFECTS: dict[str, Effect] = {
    kind: unless_undone(effect)
    for kind, effect in {
        "notify": notify,
        "deliver": deliver,
        "mail_report": mail_report,
        "provision": lambda context, call: starters.provision(context, call.args["case_id"]),
        "take_in": lambda context, call: starters.take_in(context, call.args["connection_id"]),
        "first_sync": lambda context, call: starters.start_sync(context, call.args["case_id"]),
        "start_sync": lambda context, call: starters.start_sync(context, call.args["case_id"]),
        "remove_starter": lambda context, call: starters.remove(context, call.args["case_id"]),
        "score": lambda context, call: scoring.score(context, call.args),
        "reindex": lambda context, call: reindexing.reindex(context, call.args),
        "reindex_all": lambda context, call: reindexing.reindex_all(context, call.args),
        "delete_starter": lambda context, call: starters.delete(context, call.args["row_id"]),
    }.items()
}
