"""Reads a document in a child process that may compute and nothing else. Whatever it does to that one is an outcome.

Works from any thread of any process: the child takes its limits on itself (no code runs between fork and exec), begins
a session of its own and is killed with all of it.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec

from request_tracker.apidocs.isolated.limits import USUAL, Limits
from request_tracker.apidocs.loading import bounds, refusals
from request_tracker.rules.vendor_api import Analysis

OnStep = Callable[[str], None]
_PROGRAM = ("-m", "request_tracker.apidocs.isolated.reading")
_PIECE = 65536
_MB = 2**20
_SENTENCES = {
    -signal.SIGXCPU: refusals.TOO_LONG,
    -signal.SIGKILL: refusals.STOPPED,
    -signal.SIGTERM: refusals.STOPPED,
    -signal.SIGSEGV: refusals.TOO_MUCH_MEMORY,
    -signal.SIGABRT: refusals.TOO_MUCH_MEMORY,
    -signal.SIGBUS: refusals.TOO_MUCH_MEMORY,
}
"""What the end of a child that said nothing means: libraries in C crash where memory ends. Else it is our fault."""


@dataclass(frozen=True)
class Reading:
    """What came of it: the analysis, or a sentence saying what to do. `seconds` by the clock, `peak_mb` of memory;
    `refused`: forbidden things that were asked for in vain; `fault`: where our code went wrong (for a log)."""

    analysis: Analysis | None
    sentence: str
    seconds: float
    peak_mb: float
    refused: tuple[str, ...] = ()
    fault: str = ""


class _TooMuch(Exception):
    """The child says more than it may."""


class _Line(msgspec.Struct):
    """One line of what the child says."""

    step: str = ""
    analysis: Analysis | None = None
    error: str = ""
    peak_mb: float = 0.0
    refused: tuple[str, ...] = ()
    fault: str = ""


def read_apart(body: bytes, *, name: str = "", on_step: OnStep | None = None, limits: Limits = USUAL) -> Reading:
    """Reads and measures one document. `name`: its file name, or the address it was fetched from.

    Never raises for what the document is. What `on_step` raises (somebody pressed stop) ends the child and is raised.
    """
    begun = time.monotonic()
    if len(body) > bounds.MOST_BYTES:
        return Reading(None, refusals.TOO_LARGE, 0.0, 0.0)
    with TemporaryFile() as given:
        given.write(json.dumps({"name": name[:2000]}).encode() + b"\n" + body)
        given.seek(0)
        return _watched(given, begun, on_step or _ignore, limits)


def _watched(given: IO[bytes], begun: float, on_step: OnStep, limits: Limits) -> Reading:
    child = _start(given, limits)
    try:
        last, sentence = _heard(child, begun + limits.wall_seconds, on_step, limits)
    finally:
        peak_mb, code = _ended(child)
    seconds = time.monotonic() - begun
    if last is None or not (last.analysis or last.error):
        usual = refusals.NOT_STARTED if last is None else refusals.BROKEN
        return Reading(None, sentence or _SENTENCES.get(code, usual), seconds, peak_mb)
    return Reading(last.analysis, last.error, seconds, last.peak_mb, last.refused, last.fault)


def _start(given: IO[bytes], limits: Limits) -> subprocess.Popen[bytes]:
    """Without our environment, our files and our folder; `-I` leaves out what a user has put in Python's way."""
    return subprocess.Popen(
        [sys.executable, "-I", "-B", "-X", "utf8", *_PROGRAM, json.dumps(asdict(limits))],
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        start_new_session=True,
    )


def _heard(child: subprocess.Popen[bytes], until: float, on_step: OnStep, limits: Limits) -> tuple[_Line | None, str]:
    """The last line the child said, and a sentence where it had to be interrupted."""
    last: _Line | None = None
    try:
        for line in _lines(child.stdout, until, limits.answer_mb * _MB):
            last = msgspec.json.decode(line, type=_Line)
            if last.step:
                on_step(last.step)
    except TimeoutError:
        return None, refusals.TOO_LONG
    except _TooMuch:
        return None, refusals.TOO_WIDE
    except msgspec.MsgspecError:
        return None, refusals.BROKEN
    return last, ""


def _lines(pipe: Any, until: float, most: int) -> Iterator[bytes]:
    """Whole lines as they come. Raises TimeoutError at `until` (monotonic clock), _TooMuch after `most` bytes."""
    held = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while True:
            if not ready.select(until - time.monotonic()):
                raise TimeoutError
            piece = os.read(pipe.fileno(), _PIECE)
            most -= len(piece)
            if most < 0:
                raise _TooMuch
            held += piece
            *whole, rest = held.split(b"\n") if b"\n" in piece else [held]
            yield from (bytes(each) for each in whole)
            held = bytearray(rest)
            if not piece:
                return


def _ended(child: subprocess.Popen[bytes]) -> tuple[float, int]:
    """Kills what is left of the child's session and takes it in: its peak (at most; in MB), and how it ended."""
    assert child.stdout is not None
    child.stdout.close()
    _kill(child.pid)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_maxrss / 1024, child.returncode


def _kill(pid: int) -> None:
    """What has ended by itself keeps the code it ended with."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _ignore(_: str) -> None:
    """Nobody wants to know."""
