"""Job kind → what is done about it. Each effect may run twice and says how that does no harm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from request_tracker.mail.deliver import transport_for
from request_tracker.store import timeline
from request_tracker.work import (
    assessing,
    bulk,
    delivery,
    digests,
    forecasting,
    forgetting,
    grouping,
    hearing,
    hooks,
    looking,
    making,
    own_webhook,
    post,
    provision_many,
    recounting,
    reindexing,
    removing,
    report_mail,
    roles,
    samples,
    scoring,
    straying,
    syncing,
    tables,
    trying,
    verifying,
)
from request_tracker.work.context import Context


@dataclass(frozen=True)
class Call:
    """A claimed job, as an effect sees it."""

    job_id: int
    kind: str
    args: Mapping[str, Any]
    event_id: int | None
    is_last: bool = False
    """No attempt follows: what fails now is given up."""


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
    settings, letter_id = context.settings, call.args["letter_id"]
    transport = transport_for(settings.smtp_url, settings.mail_from)
    delivery.deliver(context.database, letter_id, context.now(), transport, settings=settings, is_last=call.is_last)


def digest(context: Context, call: Call) -> None:
    """Write one person's digest. Twice: it has a key of its own, and what it tells is told once."""
    with context.database.transaction() as session:
        digests.tell(session, call.args["person_id"], call.args["occasion"], context.act(), context.settings)


def mail_report(context: Context, call: Call) -> None:
    """Write the weekly report to one reader. Twice: the report is filed once, and the letter has a key of its own."""
    report_mail.file(context.database, call.args, context.settings, context.now())
    with context.database.transaction() as session:
        report_mail.mail_report(session, dict(call.args), context.act(), context.settings)


def send_sample(context: Context, call: Call) -> None:
    """Write a sample letter. Twice: its key is this job's."""
    with context.database.transaction() as session:
        samples.send_sample(session, call.job_id, call.args, context.act(), context.settings)


EFFECTS: dict[str, Effect] = {
    kind: unless_undone(effect)
    for kind, effect in {
        "notify": notify,
        "deliver": deliver,
        "digest": digest,
        "mail_report": mail_report,
        "send_sample": send_sample,
        "assess_document": lambda context, call: assessing.assess(
            context, call.args["document_id"], is_last=call.is_last
        ),
        "try_project": lambda context, call: trying.try_project(context, call.args["run_id"]),
        "provision": lambda context, call: making.provision(context, call.args["case_id"]),
        "take_in": lambda context, call: hearing.take_in(context, call.args["connection_id"], job_id=call.job_id),
        "test_webhook": lambda context, call: own_webhook.test(context),
        "mend_webhook": lambda context, call: own_webhook.ensure_webhook(context, at_once=True),
        "read_tables": lambda context, call: tables.read(
            context,
            call.args["row_id"],
            columns_of=tuple(call.args["table"]) if "table" in call.args else None,
            again=call.args.get("again", False),
        ),
        "apply_tables": lambda context, call: tables.apply(context, call.args["row_id"]),
        "apply_schedule": lambda context, call: tables.apply_schedule(context, call.args["row_id"]),
        "check_role": lambda context, call: roles.check(context, call.args["request_id"]),
        "heal_starter": lambda context, call: looking.heal(context, call.args["row_id"]),
        "probe_fivetran": lambda context, call: looking.probe(context),
        "find_strays": lambda context, call: straying.find(context, call.args, call.job_id),
        "first_sync": lambda context, call: syncing.start_sync(context, call.args["case_id"]),
        "start_sync": lambda context, call: syncing.start_sync(context, call.args["case_id"]),
        "read_history": lambda context, call: syncing.read_history(context, call.args["row_id"]),
        "remove_starter": lambda context, call: removing.remove(context, call.args["case_id"]),
        "score": lambda context, call: scoring.score(context, call.args),
        "reindex": lambda context, call: reindexing.reindex(context, call.args),
        "reindex_all": lambda context, call: reindexing.reindex_all(context, call.args),
        "recount": lambda context, call: recounting.apply_change(context, call.args),
        "catch_up": lambda context, call: recounting.catch_up(context, call.args),
        "refold": lambda context, call: recounting.look(context, call.args),
        "forecast": lambda context, call: forecasting.make(context),
        "delete_starter": lambda context, call: removing.delete(context, call.args["row_id"]),
        "delete_twin": lambda context, call: removing.delete_twin(
            context, call.args["row_id"], call.args["connection_id"]
        ),
        "forget_now": lambda context, call: forgetting.forget_now(context),
        "verify_chains": lambda context, call: verifying.stretch(context, call.args),
        "hook_post": lambda context, call: hooks.post(context, call.args["endpoint_id"]),
        "hook_ping": lambda context, call: hooks.ping(context, call.args["delivery_id"]),
        "look_groups": lambda context, call: grouping.look(context),
        "provision_run": lambda context, call: provision_many.feed(context, call.args["run_id"]),
        "provision_item": lambda context, call: provision_many.item(context, call.args["item_id"]),
        "bulk_run": lambda context, call: bulk.run(context, call.args["run_id"]),
        "bulk_undo": lambda context, call: bulk.undo(context, call.args["run_id"], call.args["by_id"]),
    }.items()
}
EFFECTS["deliver"] = deliver
"""Not guarded: it closes a letter whose event was undone, which would wait for ever otherwise."""
