"""Several deeds at the same moment, each in a thread of its own."""

from collections.abc import Callable
from threading import Barrier, Thread


def at_once(*deeds: Callable[[], object]) -> None:
    """Begin all deeds together and wait for them; what went wrong in a thread goes wrong here."""
    gate, faults = Barrier(len(deeds)), []

    def run(deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            deed()
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
