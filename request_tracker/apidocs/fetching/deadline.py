"""One moment by which all of a conversation is over, however slowly the other side drips."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

_CONNECTED = "connection.connect_tcp.complete"


class Deadline:
    """Counts from its making. `watch` is a trace of httpx's: it learns of each connection, and the end shuts them all.

    Time-outs of the client bound one pause; a server that sends a byte a second never pauses.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._lines: list[socket.socket] = []
        self._guard = threading.Lock()
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        with self._guard:
            for line in self._lines:
                line.close()
            self._lines.clear()

    def left(self) -> float:
        """Seconds that remain. Raises TimeoutError when there are none."""
        self.check()
        return max(0.01, self._until - time.monotonic())

    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def check(self) -> None:
        if self.is_over():
            raise TimeoutError

    def watch(self, event: str, told: dict[str, Any]) -> None:
        if event == _CONNECTED:
            with self._guard:
                self._lines.append(told["return_value"].get_extra_info("socket").dup())

    def _shut(self) -> None:
        """A second handle on the same line: shutting it ends the reading in the other thread, with or without TLS."""
        with self._guard:
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
