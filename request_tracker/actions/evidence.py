"""Evidence is recorded by a person or observed by the system, and voided with a reason."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import clock, hold, record
from request_tracker.actions.clock import Cause
from request_tracker.actions.rooted import must_be_led, must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.evidence import EVIDENCE, MINUTES, ON_PRIMARY, EvidenceKind
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.submission import ADDRESS, web_address
from request_tracker.rules.terms import HoldReason, Role
from request_tracker.store import clocks, connections, evidence, requests, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.timeline import Entry

FIRST_SYNC = ("starter_ready", "access_granted")
ENDS_WAIT = {
    "access_granted": HoldReason.REQUESTER_ACCESS,
    "service_demonstrated": HoldReason.REQUESTER_RESCHEDULE,
}
"""Facts that are what a case waited for: access, by card or otherwise; the meeting, held after all."""
SPOKEN = ("minutes_confirmed", "requester_verified")
NO = ("no", "false", "n", "off", "0")


@dataclass(frozen=True)
class Fact:
    """What somebody says is so. `value`: yes, or one of the key's own values (access: production, sandbox)."""

    key: str
    value: str = "yes"
    note: str = ""
    link: str = ""


def put(session: Session, case: Case, fact: Fact, act: Act, *, tell: bool = True) -> Entry:
    """A person records a fact. Raises Unfit or NotAllowed. `tell`: whether the minutes go out if they are complete."""
    must_be_root(case)
    if case.outcome is not None:
        raise Unfit("key", f"This case has ended ({case.outcome.replace('_', ' ')}): nothing more is recorded on it")
    kind = _checked(fact)
    _may_record(session, case, kind, act)
    if kind.key in ON_PRIMARY:
        must_be_led(case)
    if not fact.note.strip():
        _needs_no_note(kind, act)
    entry = _write(session, case, fact, act, source="person")
    if tell and fact.key in MINUTES and set(MINUTES) <= set(evidence.standing(session, case.id)):
        record.notify(session, "minutes", case, act, entry)
    return entry


def _needs_no_note(kind: EvidenceKind, act: Act) -> None:
    if kind.observed:
        raise Unfit("note", f"{kind.label} is usually observed by the system: give the reason why you record it")
    if kind.key in SPOKEN and act.who.is_staff:
        raise Unfit("note", f"{kind.label} is for the requester to say: give the reason why you record it")


def observe(session: Session, case: Case, fact: Fact, act: Act) -> Entry | None:
    """The system has seen it. Idempotent: a fact that stands already is left as it is, and so is an ended case."""
    if case.outcome is not None or fact.key in evidence.standing(session, case.id):
        return None
    return _write(session, case, fact, act, source="observation")


def void(session: Session, case: Case, key: str, act: Act, *, reason: str) -> Entry:
    """Take a fact back. Raises Unfit or NotAllowed."""
    must_be_root(case)
    row = evidence.standing(session, case.id).get(key)
    if row is None:
        raise Unfit("key", f"There is no standing evidence {key[:60]!r} on this case")
    if not reason.strip():
        raise Unfit("reason", "Give the reason why this no longer stands")
    if act.who.role not in EVIDENCE[key].by - {Role.REQUESTER}:
        raise NotAllowed(f"Only {_names(EVIDENCE[key])} may take this back")
    return _void(session, case, row, act, reason)


def void_for_primary(session: Session, case: Case, act: Act, *, reason: str) -> None:
    """What hung on a primary who left no longer stands."""
    for key, row in evidence.standing(session, case.id).items():
        if key in ON_PRIMARY:
            _void(session, case, row, act, reason)


def lose(session: Session, case: Case, key: str, act: Act, *, reason: str) -> Entry | None:
    """The system sees that a fact no longer holds."""
    row = evidence.standing(session, case.id).get(key)
    return None if row is None else _void(session, case, row, act, reason)


def sync_started(session: Session, case: Case, act: Act) -> Entry:
    """The initial sync runs: the promise of a first sync is kept or broken now."""
    entry = record.entry(session, case, act, "sync.started", audience="public")
    clock.stop(session, case, "first_sync", Cause(act, entry.id))
    return entry


def _write(session: Session, case: Case, fact: Fact, act: Act, *, source: str) -> Entry:
    for row in [found for key, found in evidence.standing(session, case.id).items() if key == fact.key]:
        _void(session, case, row, act, "recorded again")
    entry = record.entry(
        session,
        case,
        act,
        "evidence",
        data={"key": fact.key, "value": fact.value, "source": source},
        words={"note": fact.note} if fact.note else None,
        audience="account",
        account_id=act.who.account_id,
    )
    session.add(
        Evidence(
            case_id=case.id,
            account_id=act.who.account_id or case.account_id,
            request_id=case.primary_request_id,
            key=fact.key,
            value=fact.value,
            source=source,
            by_id=act.who.id if source == "person" else None,
            note=fact.note.strip(),
            link=fact.link.strip(),
            at=act.now,
            event_id=entry.id,
        )
    )
    session.flush()
    _move_clocks(session, case, fact.key, Cause(act, entry.id))
    if fact.key in ENDS_WAIT:
        hold.done(session, case, ENDS_WAIT[fact.key], fact.key, act)
    return entry


def _move_clocks(session: Session, case: Case, key: str, cause: Cause) -> None:
    if key == "starter_ready":
        clock.stop(session, case, "starter_ready", cause)
    if key in FIRST_SYNC:
        start_first_sync(session, case, cause)
    if key == "initial_sync_finished":
        clock.stop(session, case, "first_sync", cause)


def start_first_sync(session: Session, case: Case, cause: Cause) -> None:
    """The promise of a first sync begins once there is a starter and access, and is made once a connection."""
    latest = clocks.latest(session, case.id, "first_sync")
    starter = connections.live(session, case.id)
    kept = latest is not None and latest.state == "stopped" and (starter is None or _was_begun(session, starter))
    if case.outcome is None and not kept and set(FIRST_SYNC) <= standing_keys(session, case):
        clock.start(session, case, "first_sync", cause)


def _was_begun(session: Session, starter: Connection) -> bool:
    """Whether its first sync was started once: one that failed since does not make the promise a second time."""
    run = sync_runs.awaited(session, starter.id)
    return starter.sync_started_at is not None or (run is not None and run.followed != "")


def standing_keys(session: Session, case: Case) -> set[str]:
    return set(evidence.standing(session, case.id))


def _void(session: Session, case: Case, row: Evidence, act: Act, reason: str) -> Entry:
    entry = record.entry(
        session,
        case,
        act,
        "evidence.void",
        data={"key": row.key},
        words={"reason": reason},
        audience="account",
        account_id=row.account_id,
    )
    row.voided_at, row.voided_by_id, row.void_reason = act.now, act.who.id, reason.strip()
    session.flush()
    return entry


def _checked(fact: Fact) -> EvidenceKind:
    kind = EVIDENCE.get(fact.key)
    if kind is None:
        raise Unfit("key", f"There is no evidence called {fact.key[:60]!r}; known are: {', '.join(EVIDENCE)}")
    if not fact.value or fact.value.lower() in NO:
        raise Unfit("value", "Only what is so can be recorded; to take evidence back, void it with a reason")
    if kind.values and fact.value not in (*kind.values, "yes", "true", "True"):
        raise Unfit("value", f"Choose one of: {', '.join(kind.values)}")
    if len(fact.value) > 200:
        raise Unfit("value", "Shorten this to 200 characters or fewer; longer words belong in the note")
    short_enough("note", fact.note)
    short_enough("link", fact.link, most=ADDRESS)
    if fact.link and not web_address(fact.link.strip()):
        raise Unfit("link", "Enter a full web address that starts with https:// or http://")
    return kind


def _may_record(session: Session, case: Case, kind: EvidenceKind, act: Act) -> None:
    if act.who.role not in kind.by:
        raise NotAllowed(f"{kind.label}: only {_names(kind)} may record this")
    if act.who.role is not Role.REQUESTER:
        return
    primary = requests.primary_of(session, case)
    own = primary is not None and primary.person_id == act.who.id
    reviews = kind.key == "completeness_reviewed" and _takes_part(session, case, act)
    if not own and not reviews:
        raise NotAllowed(f"{kind.label}: only the primary requester of this case may record this")


def _takes_part(session: Session, case: Case, act: Act) -> bool:
    tree = requests.of_tree(session, case.root_id or case.id, live_only=True)
    return any(request.person_id == act.who.id for request in tree)


def _names(kind: EvidenceKind) -> str:
    return " or ".join(f"a {role}" if role[0] not in "aeiou" else f"an {role}" for role in sorted(kind.by))
