"""The background threads: live only while something is to be done, and end by themselves."""

import threading
from collections.abc import Callable

_LONGEST_NAP = 0.25
_LANES = 8


class Sender:
    """Runs `work` until it says that nothing is left. `work()` does what is due and returns the seconds until
    the next thing is, or None when nothing is pending. What may take long goes to a lane: a thread of its own."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        self._lanes: dict[str, threading.Thread] = {}
        self._closed = False
        self.work: Callable[[], float | None] = lambda: None

    @property
    def closed(self) -> bool:
        return self._closed

    def wake(self) -> None:
        """Something is pending: look at it now."""
        with self._guard:
            self._bell.set()
            if not self._closed and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="emulator-sender", daemon=True)
                self._thread.start()

    def beside(self, lane: str, task: Callable[[], None]) -> None:
        """Run the task in this lane, unless one runs there already or all lanes are taken; the end of any task
        wakes the sender, so that it can ask again."""
        with self._guard:
            if self._closed or lane in self._lanes or len(self._lanes) >= _LANES:
                return
            thread = threading.Thread(target=self._go, args=(lane, task), name=f"emulator-lane-{lane}", daemon=True)
            self._lanes[lane] = thread
            thread.start()

    def is_busy(self, lane: str) -> bool:
        """Would a task for this lane have to wait for another one's end?"""
        with self._guard:
            return lane in self._lanes or len(self._lanes) >= _LANES

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self._bell.set()
            threads = [*self._lanes.values(), *([self._thread] if self._thread else [])]
        for thread in threads:
            thread.join()

    def _go(self, lane: str, task: Callable[[], None]) -> None:
        try:
            task()
        finally:
            with self._guard:
                del self._lanes[lane]
            self.wake()

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
