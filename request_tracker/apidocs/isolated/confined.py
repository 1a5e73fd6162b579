"""A process that may compute and nothing else: no network, no files but the program's own, no other processes.

Two walls. Where the kernel allows it, a network namespace of its own without any way out. And everywhere an audit hook
(PEP 578), which cannot be taken back: it stops whatever Python code asks for, however it came to ask.
"""

import ctypes
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_PARENT_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38
_KILL = 9
_MOST_TOLD = 20
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NEVER = (
    "socket.", "subprocess.", "ctypes.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
    "os.startfile", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown",
    "os.truncate", "os.utime", "os.kill", "os.setxattr", "os.removexattr", "os.chflags", "os.lockf", "pty.", "shutil.",
    "tempfile.", "urllib.", "http.client.", "ftplib.", "smtplib.", "telnetlib.", "poplib.", "imaplib.", "nntplib.",
    "webbrowser.", "sqlite3.", "mmap.", "signal.", "syslog.", "resource.", "pickle.find_class", "fcntl.", "gc.",
)  # fmt: skip
"""The beginnings of the audit events that nobody who reads a document has a reason to raise."""


class Refused(PermissionError):
    """Something was asked for that a confined process may not do."""


def cut_off() -> bool:
    """Leaves the network (whether it could), ends with the process that started this one, never gains a right again.

    Each where the system knows how; a container may forbid the first, which is what the audit hook is for.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    has_left = any(libc.unshare(flags) == 0 for flags in (_NEW_NET, _NEW_USER | _NEW_NET))
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(_SET_PARENT_DEATH_SIGNAL, _KILL, 0, 0, 0)  # last: what changes our rights takes it back
    return has_left


def refuse_all_but_computing() -> Callable[[], tuple[str, ...]]:
    """Sets the audit hook, for good. Returns what tells which forbidden things were asked for since (a few names)."""
    asked: list[str] = []
    readable = _own_folders()

    def judge(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(_NEVER) or (event == "open" and not _may_open(arguments, readable)):
            if len(asked) < _MOST_TOLD:
                asked.append(event)
            raise Refused(f"A confined process asked for {event}")

    sys.addaudithook(judge)
    return lambda: tuple(asked)


def _own_folders() -> tuple[str, ...]:
    """Where modules lie: the only files that may be read (some are loaded when they are first needed)."""
    paths = sysconfig.get_paths()
    package = str(Path(__file__).resolve().parents[2])
    found = {package, *(paths[each] for each in ("stdlib", "platstdlib", "purelib", "platlib"))}
    return tuple(each + os.sep for folder in found for each in {folder, os.path.realpath(folder)})


def _may_open(arguments: tuple[object, ...], readable: tuple[str, ...]) -> bool:
    path, mode, flags = arguments
    if isinstance(path, int):
        return True
    if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & _WRITES):
        return False
    name = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    return name.startswith(readable) and ".." not in name.split(os.sep)
