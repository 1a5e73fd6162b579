"""A trial sync: a starter project run once by the vendor's SDK, in a limited process, its rows kept in a local file."""

import contextlib
import json
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from request_tracker.apidocs.trials.trial_child import Child
from request_tracker.apidocs.trials.trial_env import HOW_TO_GET_IT, NotSetUp, home, is_set_up, set_up
from request_tracker.apidocs.trials.trial_wire import Cleaner

__all__ = [
    "HOW_TO_GET_IT",
    "SCRATCH",
    "Counts",
    "Limits",
    "NotSetUp",
    "Ran",
    "TriedTable",
    "home",
    "is_set_up",
    "missing_values",
    "run",
    "set_up",
]

SCRATCH = "request_tracker_trial_scratch_"
"""How the folders begin that a run works in; one is left behind only where this process is killed."""
PLACEHOLDER = re.compile(r"<[A-Za-z0-9_]{1,80}>")
_LONGEST_LINE = 64 * 1024 * 1024
_LOG_KEPT = 20_000
_BEAT = 0.5
_STOPPED = "It was stopped. The next run goes on from where the one before it had ended."


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds. `rows`: a trial reads no more than so many records, all tables together."""

    wall_seconds: int = 300
    cpu_seconds: int = 240
    memory: int = 4 * 1024**3
    file_size: int = 256 * 1024**2
    files: int = 256
    rows: int = 100_000
    tables: int = 1_000
    sample_rows: int = 20
    cell_length: int = 200


@dataclass(frozen=True)
class Counts:
    upserts: int = 0
    updates: int = 0
    deletes: int = 0
    truncates: int = 0
    checkpoints: int = 0


@dataclass(frozen=True)
class TriedTable:
    """`rows`: how many the file holds after the sync; `columns`: name and type; the counts are of this sync."""

    name: str
    rows: int
    columns: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()
    upserts: int = 0
    updates: int = 0
    deletes: int = 0
    truncates: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ran:
    """`state`: done, failed or stopped; `sentence` says how it ended and what to do. `sample`: table → a few rows, all
    cells as text. `project_state`: what the project handed over at its last checkpoint, None when it never did."""

    state: str
    sentence: str
    counts: Counts = Counts()
    tables: tuple[TriedTable, ...] = ()
    sample: Mapping[str, list[dict[str, str | None]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    project_state: Mapping[str, Any] | None = None
    seconds: float = 0.0
    peak_mb: float = 0.0
    log: str = field(default="", repr=False)


def run(
    project: Path,
    *,
    home: Path,
    configuration: Mapping[str, str] | None,
    state: Mapping[str, Any] | None = None,
    database: Path,
    on_step: Callable[[str], None] = lambda step: None,
    on_count: Callable[[Mapping[str, int]], None] = lambda counts: None,
    is_stopped: Callable[[], bool] = lambda: False,
    limits: Limits = Limits(),
    this_machine: bool = False,
) -> Ran:
    """One sync of the project in the folder; its rows go into the DuckDB file `database`, on top of what it holds.

    `configuration` None: against the project's own example server; else against the source it names, at public
    addresses alone (and on this machine with `this_machine`). `is_stopped` is asked about twice a second. Never raises
    for what a project does; a process that dies is a failed run with a sentence.
    """
    if not is_set_up(home):
        return Ran("failed", HOW_TO_GET_IT)
    started = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH)).resolve()
    order = {
        "project": str(project.resolve()),
        "scratch": str(scratch),
        "database": str(database.resolve()),
        "origin": "examples" if configuration is None else "source",
        "configuration": _given(project, configuration),
        "state": dict(state) if state else None,
        "this_machine": this_machine,
        "limits": asdict(limits),
    }
    try:
        with Child(home, scratch, order) as child:
            return _followed(child, order, limits, started, on_step, on_count, is_stopped)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def missing_values(project: Path, configuration: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of configuration.json whose placeholder nobody has replaced yet."""
    return tuple(key for key, value in _given(project, configuration).items() if PLACEHOLDER.fullmatch(value))


def _followed(
    child: Child,
    order: Mapping[str, Any],
    limits: Limits,
    started: float,
    on_step: Callable[[str], None],
    on_count: Callable[[Mapping[str, int]], None],
    is_stopped: Callable[[], bool],
) -> Ran:
    said, log, asked_at, result = bytearray(), b"", started, None
    for source, read in child.heard():
        now = time.monotonic()
        if source == "err":
            log = (log + read)[-_LOG_KEPT:]
        elif source == "out":
            said += read
            result = _heard(said, on_step, on_count) or result
        if now - started > limits.wall_seconds or len(said) > _LONGEST_LINE:
            return _broken("failed", _too_long(limits), order, log, now - started)
        if now - asked_at > _BEAT:
            asked_at = now
            if is_stopped():
                return _broken("stopped", _STOPPED, order, log, now - started)
    seconds = time.monotonic() - started
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return _ran(result or {}, order, log, seconds)
    return _broken("failed", _died(child.process.wait()), order, log, seconds)


def _heard(
    said: bytearray, on_step: Callable[[str], None], on_count: Callable[[Mapping[str, int]], None]
) -> Mapping[str, Any] | None:
    """Takes the whole lines out of what was said; the result, once it is there."""
    if b"\n" not in said:
        return None
    *lines, rest = bytes(said).split(b"\n")
    said[:] = rest
    result = None
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            told = json.loads(line)
            result = told.get("result", result)
            if "step" in told:
                on_step(str(told["step"]))
            if "counts" in told:
                on_count(told["counts"])
    return result


def _ran(result: Mapping[str, Any], order: Mapping[str, Any], log: bytes, seconds: float) -> Ran:
    tables = tuple(
        TriedTable(
            **{
                **each,
                "columns": tuple((name, kind) for name, kind in each["columns"]),
                "key": tuple(each["key"]),
                "warnings": tuple(each["warnings"]),
            }
        )
        for each in result["tables"]
    )
    names = Counts.__dataclass_fields__
    return Ran(
        state=result["state"],
        sentence=result["sentence"],
        counts=Counts(**{name: count for name, count in result["counts"].items() if name in names}),
        tables=tables,
        sample=result["sample"],
        warnings=tuple(result["warnings"]),
        project_state=result["project_state"],
        seconds=seconds,
        peak_mb=result["peak_mb"],
        log=_safe_log(log, order),
    )


def _broken(state: str, sentence: str, order: Mapping[str, Any], log: bytes, seconds: float) -> Ran:
    """A run without a last word: what it wrote may be half of it, so the state stays what it was."""
    return Ran(state, sentence, project_state=order["state"], seconds=seconds, log=_safe_log(log, order))


def _too_long(limits: Limits) -> str:
    return f"The trial took longer than {limits.wall_seconds} seconds and was ended: choose fewer tables and try again."


def _died(code: int) -> str:
    if -code in (signal.SIGXCPU, signal.SIGKILL, signal.SIGABRT):
        return "The trial used more computing time or memory than it may, and was ended: choose fewer tables."
    return f"The trial's process ended without a word (exit {code}): look at the project's own tests first."


def _given(project: Path, configuration: Mapping[str, str] | None) -> dict[str, str]:
    """What the project's configuration.json holds, and on top of it what was given for this run."""
    path = project / "configuration.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (ValueError, OSError):
        held = {}
    kept = {str(key): str(value) for key, value in held.items()} if isinstance(held, dict) else {}
    return {**kept, **(configuration or {})}


def _safe_log(log: bytes, order: Mapping[str, Any]) -> str:
    """What the project printed, without what was given to it."""
    text = log.decode("utf-8", "replace")
    if len(log) >= _LOG_KEPT:
        # Where it was cut, half of a secret may stand.
        text = text.partition("\n")[2]
    values = [value for name, value in order["configuration"].items() if name != "base_url"]
    return "".join(each for each in Cleaner(values, shortest=4)(text) if each.isprintable() or each == "\n")
