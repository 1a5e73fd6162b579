"""A starter project is tried: made anew in a folder of its own, run once in a limited process, its rows taken in."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from request_tracker.actions import trial_steps as steps
from request_tracker.actions.trial_steps import BIGGEST_DATABASE, Ended, Task
from request_tracker.apidocs import trial
from request_tracker.apidocs.trial import SCRATCH, Ran
from request_tracker.store.trials import EXAMPLES, SOURCE
from request_tracker.work.context import Context, Later

log = logging.getLogger(__name__)
PACE = 1.0
"""Seconds between two heartbeats."""
TURN = 10.0
"""Seconds until a run that has to wait looks again."""
FOLDER = "request_tracker_trial_run_"
STALE = timedelta(hours=1)
"""Far longer than a trial may take: a folder as old as this belongs to a process that was killed."""
TROUBLE = "Something went wrong here, and the log of this program says what: start the trial again"


def try_project(context: Context, run_id: int) -> None:
    """Try a case's project against the document's examples. Twice: what is over is left alone; what a dead worker
    left is begun anew once its heart has stopped, from the same state."""
    if not _tried(context, run_id, None):
        raise Later("Another trial is under way", seconds=TURN)


def try_source(context: Context, run_id: int, configuration: Mapping[str, str]) -> None:
    """Try it against the real source, with what was typed for this run: in this process, and nowhere else."""
    _tried(context, run_id, configuration)


def look_after(context: Context) -> None:
    """Runs that died are over; what was read long enough ago is deleted, and so is what a killed process left."""
    _sweep(context)
    with context.database.transaction() as session:
        steps.overdue(session, context.act())
    with context.database.transaction() as session:
        steps.forget(session, context.act())


def _sweep(context: Context) -> None:
    before = (context.now() - STALE).timestamp()
    left = (each for name in (FOLDER, SCRATCH) for each in Path(tempfile.gettempdir()).glob(f"{name}*"))
    for folder in left:
        with suppress(OSError):
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)


def _tried(context: Context, run_id: int, configuration: Mapping[str, str] | None) -> bool:
    """False where it has to wait for its turn."""
    with context.database.transaction() as session:
        is_ours = steps.begin(session, run_id, EXAMPLES if configuration is None else SOURCE, context.act())
    if is_ours:
        with _Told(context, run_id):
            _try(context, run_id, configuration)
    return is_ours is not False


def _try(context: Context, run_id: int, configuration: Mapping[str, str] | None) -> None:
    with context.database.reading() as session:
        task = steps.task(session, run_id, context.act())
    if isinstance(task, str):
        with context.database.transaction() as session:
            steps.failed(session, run_id, task, context.act())
    elif task is not None:
        ended = _run(context, run_id, task, configuration)
        with context.database.transaction() as session:
            steps.taken_in(session, run_id, ended, task.chosen, context.act())


def _run(context: Context, run_id: int, task: Task, configuration: Mapping[str, str] | None) -> Ended:
    pulse = _Pulse(context, run_id)
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        project, rows = Path(folder, "project"), Path(folder, "rows.duckdb")
        task.project.write(project)
        if task.database is not None:
            rows.write_bytes(task.database)
        ran = context.try_project(
            project,
            home=trial.home(context.settings.trial_env),
            configuration=configuration,
            state=task.state,
            database=rows,
            on_step=pulse.step,
            on_count=pulse.count,
            is_stopped=pulse.is_stopped,
            this_machine=context.settings.may_call_this_machine,
        )
        return _ended(ran, rows)


def _ended(ran: Ran, rows: Path) -> Ended:
    size = rows.stat().st_size if ran.tables and rows.exists() else 0
    if size > BIGGEST_DATABASE:
        return Ended(ran, None, True)
    return Ended(ran, rows.read_bytes() if size else None)


@dataclass
class _Pulse:
    """Writes down, about once a second, that the run lives and how far it is; hears that somebody stopped it."""

    context: Context
    run_id: int
    words: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    last: float = 0.0
    stopped: bool = False

    def step(self, words: str) -> None:
        self.words = words

    def count(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self.words = f"Reading: {counts.get('tables', 0)} of {counts.get('of', 0)} tables"

    def is_stopped(self, clock: Callable[[], float] = time.monotonic) -> bool:
        if not self.stopped and clock() - self.last >= PACE:
            self.last = clock()
            with self.context.database.transaction() as session:
                self.stopped = not steps.beat(session, self.run_id, self.words, self.counts, self.context.act())
        return self.stopped


@dataclass
class _Told:
    """What goes wrong here ends the run with a word for those who watch, and its kind in the log: nothing typed."""

    context: Context
    run_id: int

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, fault: BaseException | None, trace: TracebackType | None) -> bool:
        if not isinstance(fault, Exception):
            return False
        log.warning("trial run %s broke off: %s in %s", self.run_id, type(fault).__name__, _place(trace))
        with self.context.database.transaction() as session:
            steps.failed(session, self.run_id, TROUBLE, self.context.act())
        return True


def _place(trace: TracebackType | None) -> str:
    """`file, line`: where it broke, without what was said there."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}" if trace else "an unknown place"
