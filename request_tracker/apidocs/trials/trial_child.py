"""The process of a trial: nothing in its environment, a session of its own, gone with all it started."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self

from request_tracker.apidocs.trials.trial_env import python

DRIVER = Path(__file__).with_name("trial_driver.py")
_BEAT = 0.5


class Child:
    """Started on entering, with the order (credentials included) over stdin; dead on leaving, whatever happened."""

    def __init__(self, home: Path, scratch: Path, order: Mapping[str, Any]) -> None:
        self._command = [str(python(home)), "-I", "-B", str(DRIVER)]
        self._scratch = scratch
        self._order = json.dumps(order).encode() + b"\n"

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            cwd=self._scratch,
            env=_environment(self._scratch),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with contextlib.suppress(BrokenPipeError):
            _pipe(self.process.stdin).write(self._order)
            _pipe(self.process.stdin).flush()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                _pipe(pipe).close()
        self.process.wait()

    def heard(self) -> Iterator[tuple[str, bytes]]:
        """What it writes, as ("out" or "err", bytes), and ("", b"") about twice a second; ends when it has."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(_pipe(self.process.stdout), selectors.EVENT_READ, "out")
            waiting.register(_pipe(self.process.stderr), selectors.EVENT_READ, "err")
            while waiting.get_map():
                for ready, _ in waiting.select(_BEAT):
                    read = os.read(ready.fd, 65_536)
                    if not read:
                        waiting.unregister(ready.fileobj)
                    yield str(ready.data), read
                yield "", b""


def _environment(scratch: Path) -> dict[str, str]:
    kept = {"HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8"}
    return {**kept, "DO_NOT_TRACK": "1", "GRPC_VERBOSITY": "NONE", "NO_PROXY": "*"}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("The process was started without pipes")
    return pipe
