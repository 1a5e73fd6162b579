"""Carrying out a configuration file: checked as a whole, planned without writing, then done item by item, resumable."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from request_tracker.actions import clone, config_check, intents, provision, table_choices, timetable, wished
from request_tracker.actions import provision_many as settling
from request_tracker.actions.config_check import Resolved
from request_tracker.actions.placing import There
from request_tracker.actions.table_choices import Chosen
from request_tracker.actions.unfit import Unfit
from request_tracker.fivetran.client import Fivetran, FivetranError, Throttled, Unreachable
from request_tracker.rules.config_file import ConfigFile
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.process import Refused as Forbidden
from request_tracker.rules.sending import Sent, Step
from request_tracker.rules.terms import USABLE_STARTER
from request_tracker.rules.wishes import Fault, Wish, differences
from request_tracker.store import cases, connections, provision_runs, schema_choices
from request_tracker.store.cases import Case
from request_tracker.store.provision_runs import ProvisionItem
from request_tracker.work import making, wishing
from request_tracker.work.context import Context, Later
from request_tracker.work.seeing import seen_of

TRIES = 16
LONGEST_WAIT = 180.0
"""What has to wait longer is left to the next run of the file."""
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Line:
    """A line of the plan: what would be done about a wish, and what more there is to say."""

    name: str
    what: str
    words: str = ""


@dataclass(frozen=True)
class Done:
    """How it went with one item."""

    name: str
    state: str
    sentence: str


def check(context: Context, config: ConfigFile, by: Viewer) -> tuple[tuple[Resolved, ...], tuple[Fault, ...]]:
    """The file held against Fivetran's groups and what is known here. Writes nothing. Raises FivetranError."""
    with context.fivetran() as api:
        groups = [There(each.id, each.name, each.created_at) for each in api.groups()]
    with context.database.reading() as session:
        return config_check.check(session, config, groups, replace(context.act(), who=by))


def planned(context: Context, resolved: Collection[Resolved]) -> Iterator[Line]:
    """What a run would do, looked up one by one; nothing is written, neither here nor there. Raises FivetranError."""
    with context.fivetran() as api:
        for each in resolved:
            yield _planned_case(context, each) if each.wish.case else _planned(context, api, each)


def begin(context: Context, config: ConfigFile, resolved: Collection[Resolved], title: str, by: Viewer) -> int:
    """The run of this file, ready to go on."""
    with context.database.transaction() as session:
        return wished.begin(session, resolved, config.digest, title, replace(context.act(), who=by)).id


def carry_out(context: Context, run_id: int, by: Viewer, sleep: Sleep) -> Iterator[Done]:
    """Do what is left of the run, each item told when it is over. What waits comes again after the others.

    Stopped in the middle it may be called again at any time: nothing is made twice.
    """
    with context.database.reading() as session:
        left = [(each.id, 0.0) for each in provision_runs.items(session, run_id, *provision_runs.OPEN)]
    for attempt in range(1, TRIES + 1):
        again = []
        for item_id, pause in left:
            if pause:
                sleep(pause)
            try:
                yield _tried(context, item_id, by, is_last=attempt == TRIES)
            except Later as later:
                again.append((item_id, later.seconds))
        left = _shifted(again)


def end(context: Context, run_id: int, *, is_stopped: bool = False) -> tuple[Sequence[ProvisionItem], bool]:
    """Close the run, or leave it open for the next time. Answers its items, and whether all is done."""
    with context.database.transaction() as session:
        run = wished.end(session, run_id, context.act(), is_stopped=is_stopped)
        return provision_runs.items(session, run_id), run.state == "done"


def _shifted(again: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The pauses before each, given that the earlier ones are waited for first."""
    found, waited = [], 0.0
    for item_id, seconds in sorted(again, key=lambda each: each[1]):
        found.append((item_id, max(0.0, seconds - waited)))
        waited = max(waited, seconds)
    return found


def _tried(context: Context, item_id: int, by: Viewer, *, is_last: bool) -> Done:
    """One try. Raises Later where it has to come again."""
    with context.database.reading() as session:
        item = session.get_one(ProvisionItem, item_id)
    connection_id: str | None = None
    try:
        state, sentence, connection_id = _carried_out(context, item, by)
    except Later as later:
        if not is_last and later.seconds <= LONGEST_WAIT:
            _record(context, item, "unknown", str(later))
            raise
        state, sentence = "failed", str(later)
    except (Throttled, Unreachable) as gone:
        if not is_last:
            _record(context, item, "unknown", gone.sentence)
            raise Later(gone.sentence, seconds=getattr(gone, "retry_after", 10.0)) from gone
        state, sentence = "failed", gone.sentence
    except FivetranError as fault:
        state, sentence = "failed", fault.sentence
    except (wishing.Collision, Unfit, NotAllowed, Forbidden) as no:
        state, sentence = "failed", str(no)
    _record(context, item, state, sentence, connection_id)
    return Done(item.name, state, sentence)


def _carried_out(context: Context, item: ProvisionItem, by: Viewer) -> tuple[str, str, str | None]:
    if item.case_id is None:
        with context.fivetran() as api:
            made, told = wishing.make(context, api, item.id)
        return "done", told, made
    with context.database.transaction() as session:
        _prepare(session, session.get_one(Case, item.case_id), wished.wish_of(item), replace(context.act(), who=by))
        wished.record(session, item.id, "running", "", context.act())
    making.provision(context, item.case_id)
    with context.database.transaction() as session:
        state = settling.settle(session, item.id, context.act())
        said = session.get_one(ProvisionItem, item.id)
        sentence, connection_id = said.sentence, said.connection_id
    if state in ("running", "unknown"):
        raise Later("It is being made", seconds=5)
    return state, sentence, connection_id


def _prepare(session: Session, case: Case, wish: Wish, act: Act) -> None:
    """What the file says of a case is kept on the case, as if the person had chosen it there."""
    failed = intents.failed(session, case) if connections.live(session, case.id) is None else None
    if failed is not None:
        provision.anew(session, case, act)
    provision.plan(session, case.id, act)
    if wish.like:
        clone.clone(session, cases.by_number(session, wish.like), case, act, replace=True)
    row = connections.live(session, case.id)
    if wish.says_schedule and row is not None:
        frequency = wish.sync_frequency or row.sync_frequency
        type_ = wish.schedule_type or row.schedule_type
        daily = wish.daily_sync_time if wish.sync_frequency else row.daily_sync_time
        timetable.choose(session, case, frequency, type_, daily, act)
    if wish.says_tables:
        table_choices.choose(session, case, Chosen(wish.choices, wish.handling or None), act)


def _planned_case(context: Context, each: Resolved) -> Line:
    wish = each.wish
    if each.standing in USABLE_STARTER:
        with context.database.reading() as session:
            row = connections.live(session, each.case_id or 0)
            chosen = set(schema_choices.choices_of(session, each.case_id or 0))
        now = (
            {name: getattr(row, name) for name in ("sync_frequency", "schedule_type", "daily_sync_time")} if row else {}
        )
        changes = sorted(differences(replace(wish, paused=None), now))
        if not set(wish.choices) <= chosen or (row and wish.handling not in ("", row.change_handling)):
            changes.append("tables")
        said = [*changes, *([f"the setup of {wish.like}"] * bool(wish.like))]
        return Line(wish.name, "differs" if said else "exists", ", ".join(said))
    return Line(wish.name, "make", f"its starter connector ({each.standing or 'not planned yet'})")


def _planned(context: Context, api: Fivetran, each: Resolved) -> Line:
    wish = each.wish
    label = f"{wish.service} as {wish.schema}"
    if each.group_id is None:
        return Line(wish.name, "make", f"{label}, and the group {wish.group}")
    there = making.named(api, each.group_id, wish.schema)
    with context.database.reading() as session:
        others = provision_runs.of_place(session, each.group_id, wish.schema)
        found = [seen_of(one) for one in there]
        decision = wished.decide(session, wish, Sent(context.now()), others, found, context.now())
    if decision.step is Step.SEND:
        return Line(wish.name, "make", f"{label} in {each.group_id}")
    if decision.step is Step.RENAME:
        return Line(wish.name, "collision", wished.COLLISION)
    if decision.step is Step.WAIT or decision.thing is None:
        return Line(wish.name, "unknown", "a request may still be on its way")
    reply = next(one for one in there if one.id == decision.thing.id)
    changes = [f"{name} {value}" for name, value in sorted(differences(wish, wishing.fields_of(reply)).items())]
    tables = wishing.bring_tables(api, wish, reply, may_write=False)
    changed = bool(changes) or "would be" in tables
    return Line(wish.name, "differs" if changed else "exists", "; ".join(filter(None, (*changes, tables))) or reply.id)


def _record(context: Context, item: ProvisionItem, state: str, sentence: str, connection_id: str | None = None) -> None:
    with context.database.transaction() as session:
        wished.record(session, item.id, state, sentence, context.act(), connection_id)
