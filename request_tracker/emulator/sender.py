"""The background thread: lives only while something is to be done, and ends by itself."""

import threading
from collections.abc import Callable

_LONGEST_NAP = 0.25


class Sender:
    """Runs `work` until it says that nothing is left. `work()` does what is due and returns the seconds until
    the next thing is, or None when nothing is pending."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.work: Callable[[], float | None] = lambda: None

    def wake(self) -> None:
        """Something is pending: look at it now."""
        with self._guard:
            self._bell.set()
            if not self._closed and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="emulator-sender", daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self._bell.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._bell.clear()
            wait_for = self.work()
            if wait_for is None:
                if self._may_end():
                    return
                continue
            # Napping is bounded because the clock may be one that a test moves.
            self._bell.wait(min(max(wait_for, 0.01), _LONGEST_NAP))

    def _may_end(self) -> bool:
        with self._guard:
            if self._bell.is_set():
                return False
            self._thread = None
            return True
