"""A trial run on its way: begun, alive, taken in, given up, forgotten; each function a short transaction of its own."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.actions import record, trials
from request_tracker.actions.starter_project import starter_of
from request_tracker.apidocs.scaffold import Project
from request_tracker.apidocs.starter.scaffold_tables import called, closed
from request_tracker.apidocs.trial import Counts, Ran, TriedTable
from request_tracker.rules.people import Act
from request_tracker.rules.strangers import plain
from request_tracker.store import cases, jobs
from request_tracker.store import trials as rows
from request_tracker.store.cases import Case
from request_tracker.store.trials import EXAMPLES, SOURCE, UNDER_WAY, TrialRun

MOST_AT_ONCE = 2
"""So many trials the workers run at a time: letters and syncs must not wait behind them."""
FRESH = timedelta(seconds=30)
SILENT = timedelta(minutes=2)
LOST = timedelta(minutes=15)
BIGGEST_DATABASE = 20 * 1024 * 1024
BIGGEST_SAMPLE, BIGGEST_STATE = 2_000_000, 4_000_000
MOST_TABLES, MOST_COLUMNS, LONGEST_NAME = 1_000, 300, 120
NEWER = "A newer document was read meanwhile: start the trial again"
DIED = "Its process ended without a word, or the machine was switched off: start it again"
NEVER = "Nobody began it: ask an admin to look at the worker, then start it again"
TOO_BIG = (
    f"The rows took more than {BIGGEST_DATABASE // 1024**2} MB and were not kept: there is no file to download, and the"
    " next run goes on from the state alone"
)
NO_STATE = "The state was too big to be kept: the next run starts over"


@dataclass(frozen=True)
class Task:
    """`chosen`: what the project calls the tables that are wanted → whether its examples hold rows of them."""

    project: Project
    chosen: Mapping[str, bool]
    state: Mapping[str, Any] | None = None
    database: bytes | None = None


@dataclass(frozen=True)
class Ended:
    """What came of a run. `database`: the rows as a DuckDB file, None where there is none or it is too big."""

    ran: Ran
    database: bytes | None = field(default=None, repr=False)
    is_too_big: bool = False


def task(session: Session, run_id: int, act: Act) -> Task | str | None:
    """What has to be run, or a sentence why it cannot be; None where it is over. Pure computing, nothing is written."""
    row = session.get_one(TrialRun, run_id)
    if row.state not in UNDER_WAY:
        return None
    starter = starter_of(session, session.get_one(Case, row.case_id), act)
    if starter is None or starter.project is None:
        return starter.reason if starter else trials.NO_DOCUMENT
    if starter.proposal.document_id != row.document_id:
        return NEWER
    names = called(closed(starter.proposal.analysis.tables, starter.kept))
    examples = json.loads(starter.project.files.get("tests/examples.json", "{}"))
    former = session.get(TrialRun, row.former_id) if row.former_id else None
    state = json.loads(former.project_state) if former and former.project_state else None
    return Task(
        project=starter.project,
        chosen={names[each]: names[each] in examples for each in starter.kept if each in names},
        state=state,
        database=former.database if former and state is not None else None,
    )


def begin(session: Session, run_id: int, origin: str, act: Act) -> bool | None:
    """True: it is ours now. None: it is over, or against something else than `origin`. False: another one is at it, or
    too many are: look again later."""
    row = rows.locked(session, run_id)
    if row.state not in UNDER_WAY or row.origin != origin:
        return None
    if row.state == "running" and row.beat_at is not None and row.beat_at > act.now - FRESH:
        return False
    if row.origin == EXAMPLES and row.state == "waiting" and rows.running(session, EXAMPLES) >= MOST_AT_ONCE:
        return False
    row.state, row.step, row.beat_at = "running", "Making the starter project", act.now
    row.started_at = row.started_at or act.now
    return True


def beat(session: Session, run_id: int, step: str, counts: Mapping[str, int], act: Act) -> bool:
    """It lives, and this is how far it is. False where it was stopped, or given up."""
    row = session.get_one(TrialRun, run_id)
    if row.state != "running":
        return False
    row.beat_at, row.step = act.now, plain(step, 200) or row.step
    for name in Counts.__dataclass_fields__:
        setattr(row, name, counts.get(name, getattr(row, name)))
    return True


def taken_in(session: Session, run_id: int, ended: Ended, chosen: Mapping[str, bool], act: Act) -> bool:
    """Keep what came of it. False where it was stopped meanwhile, or given up."""
    case, row = _both(session, run_id)
    if row.state != "running":
        return False
    ran = ended.ran
    for name in Counts.__dataclass_fields__:
        setattr(row, name, getattr(ran.counts, name))
    row.tables = [*_tables(ran.tables, chosen), *_missing(ran.tables, chosen)]
    row.warnings = [plain(each, 500) for each in ran.warnings[:50]]
    row.over(ran.state if ran.state in ("done", "stopped") else "failed", plain(ran.sentence, 1_000), act.now)
    if ran.tables:
        _keep(session, row, ended)
    record.entry(session, case, act, "trial.over", data=trials.told(row), audience="staff")
    return True


def failed(session: Session, run_id: int, sentence: str, act: Act) -> bool:
    """It cannot be run, or broke off: `sentence` says why and what to do."""
    case, row = _both(session, run_id)
    if row.state not in UNDER_WAY:
        return False
    row.over("failed", plain(sentence, 1_000), act.now)
    record.entry(session, case, act, "trial.over", data=trials.told(row), audience="staff")
    return True


def overdue(session: Session, act: Act) -> int:
    """Runs whose heart stopped, and those that nobody will begin any more, are over. Answers how many."""
    found = dict.fromkeys(rows.silent(session, act.now - SILENT), DIED)
    for row in rows.waiting(session, act.now - SILENT):
        if row.origin == SOURCE:
            found[row.id] = DIED
        elif row.created_at < act.now - LOST and not _is_queued(session, row.id):
            found[row.id] = NEVER
    return sum(failed(session, run_id, sentence, act) for run_id, sentence in found.items())


def forget(session: Session, act: Act) -> int:
    """What was read by runs that ended long enough ago is deleted. Answers how many. Twice: it is gone already."""
    due = rows.to_forget(session, act.now - act.program.keep_samples_for)
    return sum(trials.emptied(session, *_both(session, run_id), act) for run_id in due)


def _is_queued(session: Session, run_id: int) -> bool:
    return jobs.state_of(session, trials.key_of(run_id)) in ("ready", "running")


def _both(session: Session, run_id: int) -> tuple[Case, TrialRun]:
    """The case and the run, locked in this order."""
    (case,) = cases.locked(session, session.get_one(TrialRun, run_id).case_id)
    return case, rows.locked(session, run_id)


def _keep(session: Session, row: TrialRun, ended: Ended) -> None:
    """A sync that failed before its first checkpoint leaves nothing to go on from, and what stood as it was."""
    row.sample = _sample(ended.ran.sample)
    if ended.ran.state != "done" and ended.ran.project_state is None:
        return
    state = json.dumps(ended.ran.project_state) if ended.ran.project_state is not None else None
    is_huge = state is not None and len(state) > BIGGEST_STATE
    row.database, row.project_state = ended.database, None if is_huge else state
    row.warnings = [*row.warnings, *([TOO_BIG] if ended.is_too_big else []), *([NO_STATE] if is_huge else [])]
    rows.keep_newest(session, row)


def _sample(found: Mapping[str, list[dict[str, str | None]]]) -> str:
    """As JSON, table by table, as long as there is room: the first tables keep their rows."""
    kept, room = {}, BIGGEST_SAMPLE
    for table, lines in found.items():
        few = [{plain(name, LONGEST_NAME): _cell(value) for name, value in line.items()} for line in lines]
        size = len(json.dumps(few))
        while few and size > room:
            few, size = few[: len(few) // 2], len(json.dumps(few[: len(few) // 2]))
        kept[plain(table, LONGEST_NAME)] = few
        room -= size
    return json.dumps(kept)


def _cell(value: str | None) -> str | None:
    return None if value is None else plain(value, 200)


def _tables(found: Iterable[TriedTable], chosen: Mapping[str, bool]) -> list[dict[str, Any]]:
    return [
        {
            "name": plain(each.name, LONGEST_NAME), "rows": each.rows, "columns": _columns(each),
            "key": [plain(name, LONGEST_NAME) for name in each.key], "upserts": each.upserts, "updates": each.updates,
            "deletes": each.deletes, "truncates": each.truncates, "is_chosen": each.name in chosen,
            "has_example": chosen.get(each.name, False), "warnings": [plain(said, 300) for said in each.warnings[:20]],
        }
        for each in list(found)[:MOST_TABLES]
    ]  # fmt: skip


def _columns(table: TriedTable) -> list[list[str]]:
    return [[plain(name, LONGEST_NAME), plain(kind, 60)] for name, kind in table.columns[:MOST_COLUMNS]]


def _missing(found: Iterable[TriedTable], chosen: Mapping[str, bool]) -> list[dict[str, Any]]:
    """Tables that were chosen and that the project did not so much as name. None where nothing came at all."""
    seen = {each.name for each in found}
    names = sorted(chosen.keys() - seen) if seen else []
    nothing = {"rows": 0, "columns": [], "key": [], "upserts": 0, "updates": 0, "deletes": 0, "truncates": 0}
    return [
        {"name": plain(name, LONGEST_NAME), **nothing, "is_chosen": True, "has_example": chosen[name], "warnings": []}
        for name in names[:MOST_TABLES]
    ]
