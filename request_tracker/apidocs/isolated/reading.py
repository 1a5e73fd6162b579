"""The child process that reads one document: `python -I -B -m request_tracker.apidocs.isolated.reading <limits>`.

On standard input a line of JSON (`{"name": …}`) and then the document; on standard output a line of JSON for each step
(`{"step": …}`), and last `{"analysis": …}` or `{"error": …}`, with what it took (`peak_mb`) and what was asked for in
vain (`refused`). It is held to its limits and cut off from everything else before it reads the first byte.
"""

import gc
import json
import re
import sys
import traceback
from collections.abc import Callable

import msgspec

from request_tracker.apidocs import load, measure
from request_tracker.apidocs.isolated import confined
from request_tracker.apidocs.isolated.limits import Limits, hold_to
from request_tracker.apidocs.isolated.written import written
from request_tracker.apidocs.loading import refusals

_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")
_LONGEST_STEP = 200


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    peak = _peak_mb()
    confined.cut_off()
    hold_to(limits)
    refused = confined.refuse_all_but_computing()
    said = _outcome()
    _say({**said, "peak_mb": peak(), "refused": refused()})


def _outcome() -> dict[str, object]:
    """The analysis as JSON that is already written, or a sentence. Nothing a document does ends in a traceback."""
    try:
        header = json.loads(sys.stdin.buffer.readline())
        return {"analysis": msgspec.Raw(_analysed(sys.stdin.buffer.read(), name=header["name"]))}
    except load.Unreadable as fault:
        return {"error": fault.sentence}
    except MemoryError:
        return {"error": refusals.TOO_MUCH_MEMORY}
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as fault:
        return {"error": refusals.BROKEN, "fault": _place(fault)}


def _place(fault: Exception) -> str:
    """Where our own code went wrong: the error's name, file and line, never its message (the document speaks in it)."""
    last = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{type(fault).__name__} in {last.filename.rpartition('/')[2]}, line {last.lineno}"


def _analysed(body: bytes, *, name: str) -> bytes:
    _step("Reading the document")
    loaded = load.load(body, name=name)
    gc.disable()  # This process ends with the document; looking for cycles takes a third of a big one's time.
    _step("Measuring")
    return written(measure.analyse(loaded, on_step=_step))


def _step(sentence: str) -> None:
    _say({"step": sentence[:_LONGEST_STEP]})


def _say(line: dict[str, object]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def _peak_mb() -> Callable[[], float]:
    """What tells the most memory this process held. What the kernel counts for a child includes its parent's."""
    status = open("/proc/self/status", "rb", buffering=0)  # noqa: SIM115  # read at the end, when nothing may be opened

    def peak() -> float:
        status.seek(0)
        found = _PEAK.search(status.read(8000))
        return int(found[1]) / 1024 if found else 0.0

    return peak


if __name__ == "__main__":
    main()
