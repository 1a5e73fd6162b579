"""Which tables a case wants and which columns are personal: chosen by people, compared with what Fivetran shows."""

from datetime import timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import conditions, record
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.tables_wanted import (
    Plan,
    Shown,
    Wish,
    column_choices,
    compare,
    fitted,
)
from request_tracker.rules.terms import Role, StarterState
from request_tracker.store import connections, jobs, schema_choices
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection

MAY_CHOOSE = (Role.SPECIALIST, Role.ENGINEER, Role.LEAD)
CONNECTED = "connected"
DRIFT = ("drift", "Somebody changed the tables in Fivetran. Save the choice again to have it put back")
READABLE = (StarterState.CONNECTED, StarterState.SYNCING, StarterState.LIVE)


def must_choose(act: Act) -> None:
    if act.who.role not in MAY_CHOOSE:
        raise NotAllowed("Only a specialist, an engineer or a lead chooses what is synced")


def ask_applying(session: Session, row: Connection, act: Act, *, why: str) -> None:
    """Have the choice brought to Fivetran, once for each reason; before there is access that waits, and is said."""
    if row.setup_state != CONNECTED or row.connection_id is None:
        unreadable(session, row.id, act)
        return
    message = "What was chosen is on its way to Fivetran"
    conditions.say(session, row, "tables", act, ok=False, reason="waiting", message=message)
    jobs.put(session, "apply_tables", {"row_id": row.id}, now=act.now, unique_key=f"apply_tables:{row.id}:{why}")


def settled(session: Session, row: Connection) -> bool:
    """Whether what was chosen has reached Fivetran; true where nobody chose anything. A first sync waits for it."""
    if not schema_choices.is_decided(session, row.case_id):
        return True
    wanted, applied = row.tables_wanted_at or row.created_at, row.tables_applied_at
    return applied is not None and applied >= wanted


def ask_reading(session: Session, row: Connection, act: Act, *, why: str, wait: timedelta = timedelta(0)) -> None:
    """Queue a reading of the connection's tables, once for each reason."""
    key = f"read_tables:{row.id}:{why}"
    jobs.put(session, "read_tables", {"row_id": row.id}, now=act.now, run_at=act.now + wait, unique_key=key)


def read_again(session: Session, row: Connection, act: Act, *, table: tuple[str, str] | None = None) -> None:
    """Somebody wants to see what is there now: the source anew, or all columns of one table. Raises NotAllowed."""
    must_choose(act)
    args = {"row_id": row.id, **({"table": list(table)} if table else {"again": True})}
    jobs.put(session, "read_tables", args, now=act.now)


def unreadable(session: Session, row_id: int, act: Act) -> None:
    """Fivetran knows no tables yet: they are read from the source, and that needs access."""
    row = session.get_one(Connection, row_id)
    message = "The tables cannot be read before access is granted"
    conditions.say(session, row, "tables", act, ok=False, reason="no_access", message=message)


def seen(session: Session, row_id: int, shown: Shown, act: Act, *, stays: bool = False) -> Plan:
    """Keep what Fivetran shows and say how it stands to the choice. Idempotent. `stays`: what differs is left so."""
    _, row = connections.locked(session, row_id)
    schema_choices.keep_seen(session, row.id, shown, act.now)
    wish = schema_choices.wish_of(session, row)
    plan = compare(wish, shown)
    reason, message = DRIFT if stays and plan.body else _standing(wish, plan)
    conditions.say(session, row, "tables", act, ok=plan.is_satisfied, reason=reason, message=message)
    return plan


def drifted(session: Session, row_id: int, shown: Shown, act: Act) -> Plan:
    """As `seen`, after a look: what differs is put back, and told where it was right before."""
    case, row = connections.locked(session, row_id)
    was_right = row.tables_applied_at is not None and settled(session, row)
    stays = was_right and not act.program.heal_drift
    plan = seen(session, row_id, shown, act, stays=stays)
    if not plan.body:
        _believe(session, row, plan, act)
    if stays or not plan.body:
        return plan
    if was_right:
        record.entry(session, case, act, "tables.drifted", audience="staff")
    key = f"apply_tables:{row.id}:{act.now.isoformat()}"
    jobs.put(session, "apply_tables", {"row_id": row.id}, now=act.now, unique_key=key)
    return plan


def applied(session: Session, row_id: int, shown: Shown, act: Act, *, stamp: str) -> Plan:
    """What Fivetran shows after the change is believed; `stamp`: the choices the change was made of. Idempotent."""
    plan = seen(session, row_id, shown, act)
    row = session.get_one(Connection, row_id)
    if stamp == stamp_of(session, row):
        _believe(session, row, plan, act)
    return plan


def refused(session: Session, row_id: int, act: Act, sentence: str) -> None:
    row = session.get_one(Connection, row_id)
    message = f"{sentence} Look at the tables of this case and choose again."
    conditions.say(session, row, "tables", act, ok=False, reason="refused", message=message)


def stamp_of(session: Session, row: Connection) -> str:
    return f"{schema_choices.stamp(session, row.case_id)}.{row.change_handling}"


def _believe(session: Session, row: Connection, plan: Plan, act: Act) -> None:
    """It is as it was chosen: from now on a sync may start."""
    if not plan.is_satisfied:
        return
    if not settled(session, row):
        case = session.get_one(Case, row.case_id)
        record.entry(session, case, act, "tables.applied", data={"handling": plan.handling}, audience="account")
    row.tables_applied_at = act.now


def _standing(wish: Wish, plan: Plan) -> tuple[str, str]:
    """Reason and sentence of the condition."""
    if plan.refused:
        return "refused", f"{'; '.join(plan.refused)}. Choose other tables, or take the mark away"
    if plan.body:
        return "waiting", "What was chosen is on its way to Fivetran"
    news = f"; {len(plan.undecided)} more are in the source and stay out" if plan.undecided else ""
    gone = f"; {len(plan.gone)} of them are not in the source" if plan.gone else ""
    if not wish.is_decided:
        return "open", "Nobody chose tables yet: those there come along, new ones stay out"
    return "applied", f"Fivetran brings the chosen tables{news}{gone}"


def places_of_columns(wish: Wish, shown: Shown) -> list[tuple[str, str]]:
    """The tables of which all columns have to be read: those with a decision about one of them."""
    here = fitted(wish, shown)
    return [table.place for table in shown.tables if column_choices(here, table.place)]
