"""Trial syncs of a case's starter project: started, stopped, and what they read deleted, by people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.starter_project import Starter, starter_of
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.apidocs import trial
from request_tracker.public import is_public
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.submission import web_address
from request_tracker.rules.terms import Role
from request_tracker.store import jobs, trials
from request_tracker.store.cases import Case
from request_tracker.store.trials import EXAMPLES, SOURCE, UNDER_WAY, TrialRun

MAY_TRY = (Role.SPECIALIST, Role.ENGINEER, Role.LEAD)
MOST_SOURCES = 3
"""So many trials against real sources run at a time: each is a process beside those of the pages."""
NO_DOCUMENT = "No API document of this case was read: add one first, the project is made from it"
BUSY = "A trial of this case waits or runs already: wait until it ends, or stop it"
STOPPED = "It was stopped. The next one goes on from where the one before it had ended"
OPEN = frozenset({"base_url", "recent_days_first"})
"""Keys that hold nothing secret: they are typed in the open."""
LONGEST, MOST_TYPED = 8_000, 60_000


@dataclass(frozen=True)
class Typed:
    """A run against the real source and what signs in to it: for its process alone, never to be kept or shown."""

    run: TrialRun
    configuration: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Typed(run={self.run.id})"


def start(session: Session, case: Case, act: Act, *, home: Path, reset: bool = False) -> TrialRun:
    """Have the project tried against the document's examples. Raises NotAllowed, Refused, Unfit."""
    starter = _ready(session, case, act, home)
    run = _begun(session, case, starter, act, EXAMPLES, reset)
    jobs.put(session, "try_project", {"run_id": run.id}, now=act.now, unique_key=key_of(run.id))
    return run


def start_source(
    session: Session,
    case: Case,
    values: Mapping[str, str],
    act: Act,
    *,
    home: Path,
    reset: bool = False,
    this_machine: bool = False,
) -> Typed:
    """Take what was typed for one run against the real source; whoever calls hands it to a process of its own.

    Raises NotAllowed, Refused, Unfit. The row that is written holds nothing of `values`.
    """
    starter = _ready(session, case, act, home)
    configuration = checked(starter, values, this_machine=this_machine)
    if trials.how_many_under_way(session, SOURCE) >= MOST_SOURCES:
        raise Unfit("trial", f"{MOST_SOURCES} trials against real sources run now: wait until one has ended")
    return Typed(_begun(session, case, starter, act, SOURCE, reset), configuration)


def stop(session: Session, case: Case, run_id: int, act: Act) -> bool:
    """Stop what waits or runs: its process ends within seconds. False where it is over. Raises NoSuchTrial."""
    _may(act)
    row = trials.locked(session, trials.of_number(session, case.id, run_id).id)
    if row.state not in UNDER_WAY:
        return False
    row.over("stopped", STOPPED, act.now)
    record.entry(session, case, act, "trial.over", data=told(row), audience="staff")
    return True


def forget(session: Session, case: Case, run_id: int, act: Act) -> bool:
    """Delete what a run read, now. False where there is nothing to delete. Raises NoSuchTrial."""
    _may(act)
    row = trials.locked(session, trials.of_number(session, case.id, run_id).id)
    return emptied(session, case, row, act)


def emptied(session: Session, case: Case, row: TrialRun, act: Act) -> bool:
    """The sample, the rows and the state are gone; counts, columns and warnings stay as proof of the run."""
    if row.state in UNDER_WAY or row.forgotten_at is not None:
        return False
    row.sample, row.database, row.project_state, row.forgotten_at = None, None, None, act.now
    record.entry(session, case, act, "trial.forgotten", data={"run": row.id}, audience="staff")
    return True


def told(row: TrialRun) -> dict[str, object]:
    """What the timeline keeps of a run's end: numbers alone."""
    return {
        "run": row.id, "done": row.state == "done", "stopped": row.state == "stopped", "rows": row.upserts,
        "tables": len(row.tables), "real": row.origin == SOURCE,
    }  # fmt: skip


def checked(starter: Starter, values: Mapping[str, str], *, this_machine: bool = False) -> dict[str, str]:
    """What was typed for the project's configuration, by its keys; what nobody asked for is left out. Raises Unfit.

    No message holds a word of what was typed.
    """
    found = {}
    for name, held in starter.configuration.items():
        value = values.get(name, "").strip()
        short_enough(name, value, most=LONGEST)
        if value:
            found[name] = value
        elif trial.PLACEHOLDER.fullmatch(held) and name not in starter.optional:
            raise Unfit(name, f"Type a value for {name}: the project cannot sign in or read without it")
    _must_be_callable(found.get("base_url") or starter.configuration.get("base_url", ""), this_machine)
    if len(json.dumps(found)) > MOST_TYPED:
        raise Unfit("trial", "That is more than a configuration holds: shorten the longest values")
    return found


def key_of(run_id: int) -> str:
    return f"try_project:{run_id}"


def _must_be_callable(url: str, this_machine: bool) -> None:
    """Names are judged when they are called; here only what can never be called."""
    host = urlsplit(url).hostname or "" if web_address(url) else ""
    if not host:
        raise Unfit("base_url", "Enter the address of the API: it starts with https://, without a name or password")
    if this_machine and host in ("localhost", "127.0.0.1", "::1"):
        return
    if not url.startswith("https://"):
        raise Unfit("base_url", "Use an address that starts with https://: others could read the key on its way")
    if host == "localhost" or _is_inside(host):
        raise Unfit("base_url", "Use an address that the internet can reach: a trial calls no other")


def _is_inside(host: str) -> bool:
    is_number = ":" in host or host.replace(".", "").isdigit()
    return is_number and not is_public(host)


def _ready(session: Session, case: Case, act: Act, home: Path) -> Starter:
    _may(act)
    must_be_root(case)
    if case.outcome is not None:
        raise Unfit("trial", "This case has ended: nothing is tried any more")
    if not trial.is_set_up(home):
        raise Unfit("trial", trial.HOW_TO_GET_IT)
    if trials.under_way(session, case.id) is not None:
        raise Unfit("trial", BUSY)
    starter = starter_of(session, case, act)
    if starter is None:
        raise Unfit("trial", NO_DOCUMENT)
    if starter.project is None:
        raise Unfit("trial", starter.reason)
    return starter


def _begun(session: Session, case: Case, starter: Starter, act: Act, origin: str, reset: bool) -> TrialRun:
    document_id = starter.proposal.document_id
    former = None if reset else trials.goes_on_from(session, case.id, document_id, origin)
    row = TrialRun(
        case_id=case.id, account_id=case.account_id, document_id=document_id, origin=origin, by_id=act.who.id,
        former_id=former.id if former else None, step="Waits for its turn", created_at=act.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    data = {"run": row.id, "real": origin == SOURCE, "reset": reset}
    record.entry(session, case, act, "trial", data=data, audience="staff")
    return row


def _may(act: Act) -> None:
    if act.who.role not in MAY_TRY:
        raise NotAllowed("Only a specialist, an engineer or a lead may try the project")
