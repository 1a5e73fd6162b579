"""Real API documents, from their bytes to rows: assessed, made into a project, its own tests run, then a trial sync.

The documents lie in a folder named by REQUEST_TRACKER_OPENAPI_DATA. As a program it prints a table of all of them:
python -m tests.apidocs.test_documents_run FOLDER
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from request_tracker.apidocs import trial
from request_tracker.apidocs.apart import read_apart
from request_tracker.apidocs.scaffold import Unsuitable, scaffold
from request_tracker.apidocs.trial import Limits

DATA = os.environ.get("REQUEST_TRACKER_OPENAPI_DATA", "")
KINDS = (".json", ".yaml", ".yml", ".graphql", ".html")
LEAST = 10
"""So many of the documents must come through."""

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(not DATA, reason="name a folder of API documents in REQUEST_TRACKER_OPENAPI_DATA"),
    pytest.mark.skipif(
        not trial.is_set_up(trial.home()) and not os.environ.get("REQUIRE_ALL"),
        reason="the environment of trials is not there: run `request-tracker trial --setup`",
    ),
]


@dataclass(frozen=True)
class Told:
    """What became of one document. `bare`: tables with an example to which no row came."""

    name: str
    sentence: str = ""
    tables: int = 0
    with_example: int = 0
    with_rows: int = 0
    rows: int = 0
    bare: tuple[str, ...] = ()
    own_tests: str = ""
    again: int = -1
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def is_whole(self) -> bool:
        return self.tables > 0 and self.own_tests == "pass" and not self.bare and self.sentence == "done"


def came_through(document: Path, folder: Path, limits: Limits) -> Told:
    told = Told(document.name)
    reading = read_apart(document.read_bytes(), name=document.name)
    if reading.analysis is None:
        return replace(told, sentence=reading.sentence)
    try:
        project = scaffold(reading.analysis, schema="trial", service=reading.analysis.title)
    except Unsuitable as refused:
        return replace(told, sentence=f"refused: {refused.sentence}")
    project.write(folder)
    told = replace(told, own_tests=own_tests(folder))
    given = {"home": trial.home(), "configuration": None, "database": folder.parent / f"{folder.name}.duckdb"}
    ran = trial.run(folder, limits=limits, **given)  # type: ignore[arg-type]
    held = {name for name, rows in json.loads((folder / "tests" / "examples.json").read_text()).items() if rows}
    arrived = {each.name for each in ran.tables if each.rows}
    again = trial.run(folder, limits=limits, state=ran.project_state, **given)  # type: ignore[arg-type]
    return replace(
        told,
        sentence="done" if ran.state == "done" else ran.sentence,
        tables=len(ran.tables),
        with_example=len(held),
        with_rows=len(arrived),
        rows=sum(each.rows for each in ran.tables),
        bare=tuple(sorted(held - arrived)),
        again=again.counts.upserts if again.state == "done" else -1,
        seconds=ran.seconds,
        peak_mb=ran.peak_mb,
    )


def own_tests(folder: Path) -> str:
    """Whether the project's own tests pass, with the SDK there."""
    command = [str(trial.home() / "bin" / "python"), "-B", "-m", "unittest", "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    return "pass" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["fail"])[-1]


def documents(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.suffix in KINDS and each.name != "truth.json")


def test_real_documents_come_through_to_rows(tmp_path: Path) -> None:
    found = [came_through(each, tmp_path / f"p{at}", Limits()) for at, each in enumerate(documents(Path(DATA)))]
    whole = [each.name for each in found if each.is_whole]
    assert len(whole) >= min(LEAST, len(found)), found


def main() -> None:
    sys.stdout.write(
        "| document | tables | with example | with rows | rows | second sync | own tests | s | MB | end |\n"
    )
    sys.stdout.write("|---|---|---|---|---|---|---|---|---|---|\n")
    only = sys.argv[2:]
    for document in documents(Path(sys.argv[1])):
        if only and not any(each in document.name for each in only):
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            told = came_through(document, Path(folder) / "p", Limits())
        cells = (
            *(told.name, told.tables, told.with_example, told.with_rows, told.rows, told.again, told.own_tests),
            *(f"{told.seconds:.1f} of {time.monotonic() - started:.1f}", f"{told.peak_mb:.0f}"),
            told.sentence + (f" bare: {', '.join(told.bare[:5])} ({len(told.bare)})" if told.bare else ""),
        )
        sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
