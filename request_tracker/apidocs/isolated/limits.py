"""How much a child process that reads a stranger's document may take, and how the system is told to hold it to that."""

import os
import resource
from dataclasses import dataclass

_MB = 2**20
_BEHIND_OTHERS = 5
"""Pages and letters go before the reading of a document, where there is too little to compute with."""


@dataclass(frozen=True)
class Limits:
    """Seconds of computing, seconds by the clock, MB of memory (address space) and of answer, files open at once."""

    cpu_seconds: int = 20
    wall_seconds: float = 40.0
    memory_mb: int = 600
    open_files: int = 32
    answer_mb: int = 32


USUAL = Limits()


def hold_to(limits: Limits) -> None:
    """Holds the process that calls this, and no other, to the limits: for good, also as root.

    No file grows (pipes still do), no process is started, nothing is left behind on a crash.
    """
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, limits.memory_mb * _MB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, 0),
    ):
        _lower(kind, most)
    os.setpriority(os.PRIO_PROCESS, 0, _BEHIND_OTHERS)
    # The first of the two ends the process with a signal of its own, so that the parent can tell why.
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    os.umask(0o777)


def _lower(kind: int, soft: int, hard: int | None = None) -> None:
    """Never above what the system already holds us to: raising is not ours to do."""
    _, ceiling = resource.getrlimit(kind)
    wanted = soft if hard is None else hard
    allowed = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
    resource.setrlimit(kind, (min(soft, allowed), allowed))
