"""What a trial's process may not do: use more than its share, start others, write elsewhere, call where it may not.

Loaded by its path in the child: the standard library alone. The audit hook is a wall against mistakes and against what
a document smuggles in, not against a program written to break out: the project is reviewed code of ours, or the
person's own.
"""

import os
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

_CALLS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
    "ctypes.dlopen",
)
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.utime",
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PORTS = (80, 443)


class NotAllowed(RuntimeError):
    """No OSError on purpose: a client that tries again after network faults must not try this again."""


@dataclass
class Walls:
    """`ports`: of this machine that may be called (the example server's). `is_open`: public addresses too, and with
    `this_machine` every port of this machine. `folder`: the only place to write to."""

    folder: Path
    is_public: Callable[[str], bool]
    is_open: bool = False
    this_machine: bool = False
    ports: tuple[int, ...] = ()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook: raises NotAllowed, or lets the event pass."""
        if event in _CALLS:
            self._judge_call(arguments[1])
        elif event == "socket.bind":
            self._judge_bind(arguments[1])
        elif event in _LOOK_UPS:
            self._judge_look_up(arguments[0])
        elif event == "open":
            self._judge_open(arguments[0], arguments[2])
        elif event in _CHANGES:
            self._judge_change(arguments)
        elif event in _PROCESSES:
            raise NotAllowed("A project in a trial starts no other program")

    def _judge_call(self, address: Any) -> None:
        # A Unix socket is addressed by a path, and answers within the process itself go to no address.
        if address is None:
            return
        if not isinstance(address, tuple):
            raise NotAllowed("A project in a trial speaks to no program of this machine")
        host, port = str(address[0]), int(address[1])
        if _is_loopback(host):
            if port in self.ports or (self.is_open and self.this_machine):
                return
        elif self.is_open and port in _PORTS and self.is_public(host):
            return
        where = "public addresses on port 80 or 443" if self.is_open else "its example server"
        raise NotAllowed(f"The project called {host[:100]} on port {port}: in this trial it may call {where} alone")

    def _judge_bind(self, address: Any) -> None:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise NotAllowed("A project in a trial listens on this machine alone")

    def _judge_look_up(self, host: Any) -> None:
        name = _text(host[0] if isinstance(host, tuple) else host)
        if not self.is_open and name not in ("", "localhost") and not _is_loopback(name):
            raise NotAllowed(f"The project looked up {name[:100]}: in this trial it may call its example server alone")

    def _judge_open(self, path: Any, flags: Any) -> None:
        if not isinstance(path, int) and isinstance(flags, int) and flags & _WRITES:
            self._judge_place(path)

    def _judge_change(self, paths: tuple[Any, ...]) -> None:
        for path in paths[:2]:
            if isinstance(path, (str, bytes, os.PathLike)):
                self._judge_place(path)

    def _judge_place(self, path: Any) -> None:
        place = os.path.realpath(_text(path))
        if place != os.devnull and not Path(place).is_relative_to(self.folder):
            raise NotAllowed("A project in a trial writes no file but in its scratch folder")


def limit(*, seconds: int, memory: int, file_size: int, files: int) -> None:
    """Sizes in bytes. Set by the process for itself, before it reads anything: its parent has threads."""
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def reserved() -> tuple[socket.socket, int]:
    """A port of this machine that nobody else is given as long as the socket lives; gRPC can share it."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _text(value: Any) -> str:
    return "" if value is None else os.fsdecode(value)
