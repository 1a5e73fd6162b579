"""Reading apart: whatever a document makes the child do, the parent gets an outcome in time, and nothing else."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from request_tracker.apidocs import apart
from request_tracker.apidocs.apart import Reading, read_apart
from request_tracker.apidocs.isolated.limits import Limits
from request_tracker.apidocs.loading import refusals

BODY = b'{"openapi": "3.0.3", "paths": {}}'
PROGRAM = """
import sys, types
from request_tracker import apidocs
from request_tracker.rules.vendor_api import Analysis, Note
measure = types.ModuleType("request_tracker.apidocs.measure")
sys.modules[measure.__name__] = apidocs.measure = measure
def analyse(loaded, on_step):
{does}
    return Analysis(kind=loaded.kind)
measure.analyse = analyse
from request_tracker.apidocs.isolated import reading
reading.main()
"""


@pytest.fixture
def reading_that(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """Reads a small document in a child whose measuring does something else, given as Python."""

    def read(does: str, on_step: apart.OnStep | None = None, **limits: float) -> Reading:
        program = tmp_path / "child.py"
        program.write_text(PROGRAM.replace("{does}", "\n".join("    " + line for line in does.splitlines())))
        monkeypatch.setattr(apart, "_PROGRAM", (str(program),))
        return read_apart(BODY, name="x.json", on_step=on_step, limits=Limits(**limits))  # type: ignore[arg-type]

    return read


ENDS = [
    ("pass", {}, ""),
    ("import time; time.sleep(60)", {"wall_seconds": 0.6}, refusals.TOO_LONG),
    ("b = []\nwhile True: b.append(bytes(10_000_000))", {"memory_mb": 120}, refusals.TOO_MUCH_MEMORY),
    ("while True: on_step('x' * 500)", {"answer_mb": 1}, refusals.TOO_WIDE),
    ("import signal; signal.raise_signal(9)", {}, refusals.STOPPED),
    pytest.param("import signal; signal.raise_signal(11)", {}, refusals.TOO_MUCH_MEMORY, marks=pytest.mark.deep),
    pytest.param("import os; os._exit(0)", {}, refusals.BROKEN, marks=pytest.mark.deep),
    ("import os; os.write(1, b'{nonsense\\n')", {}, refusals.BROKEN),
    ("raise KeyError('what the document says')", {}, refusals.BROKEN),
    pytest.param("raise KeyboardInterrupt", {}, refusals.BROKEN, marks=pytest.mark.deep),
    pytest.param("while True: pass", {"cpu_seconds": 1}, refusals.TOO_LONG, marks=pytest.mark.deep),
]  # fmt: skip


@pytest.mark.parametrize(("does", "limits", "told"), ENDS)
def test_however_the_child_ends_there_is_an_outcome(reading_that, does, limits, told) -> None:  # type: ignore[no-untyped-def]
    before = psutil.Process().children(recursive=True)
    found = reading_that(does, **limits)
    assert found.sentence == told
    assert (found.analysis is not None) is (told == "")
    assert 0 < found.peak_mb < 600
    assert found.seconds < 10
    assert "what the document says" not in repr(found)
    assert psutil.Process().children(recursive=True) == before


FORBIDDEN = """
import os, socket, subprocess, sys, threading
line = socket.socket
said = {}
def attempt(name, act):
    try: act(); said[name] = "done"
    except PermissionError: said[name] = "refused"
    except BaseException as fault: said[name] = type(fault).__name__
attempt("socket", lambda: socket.socket())
attempt("connect", lambda: socket.create_connection(("127.0.0.1", PORT)))
attempt("look up", lambda: socket.getaddrinfo("localhost", PORT))
attempt("udp", lambda: socket.socketpair())
attempt("start", lambda: subprocess.run(["true"]))
attempt("shell", lambda: os.system("true"))
attempt("fork", os.fork)
attempt("read", lambda: open("/etc/passwd"))
attempt("read by number", lambda: os.open("/etc/passwd", os.O_RDONLY))
attempt("read around", lambda: open(os.__file__ + "/../../../../etc/passwd"))
attempt("write", lambda: open("FOLDER/a", "w"))
attempt("write code", lambda: open(os.__file__, "a"))
attempt("write low", lambda: os.open("FOLDER/b", os.O_CREAT | os.O_WRONLY))
attempt("folder", lambda: os.mkdir("FOLDER/c"))
attempt("remove", lambda: os.remove("FOLDER/kept"))
attempt("link", lambda: os.symlink("/etc", "FOLDER/d"))
attempt("database", lambda: __import__("sqlite3").connect("FOLDER/e"))
attempt("library", lambda: __import__("ctypes").CDLL(None))
attempt("fetch", lambda: __import__("urllib.request").request.urlopen("http://127.0.0.1:PORT/"))
attempt("limits", lambda: __import__("resource").setrlimit(0, (-1, -1)))
attempt("thread", lambda: threading.Thread(target=int).start())
for name, how in said.items(): on_step(f"{name}: {how}")
on_step("surroundings: " + repr((dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid(), sys.flags.isolated)))
"""
HARMLESS = {"thread"}
"""For root no limit on processes holds; a thread of its own gains a child nothing."""


def test_a_child_that_wants_out_finds_every_door_shut(reading_that, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "kept").write_text("kept")
    steps: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        does = FORBIDDEN.replace("PORT", str(server.getsockname()[1])).replace("FOLDER", str(tmp_path))
        found = reading_that(does, steps.append)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    said = dict(step.split(": ", 1) for step in steps if ": " in step)
    surroundings = said.pop("surroundings")
    assert {name: how for name, how in said.items() if how != "refused" and name not in HARMLESS} == {}
    assert len(said) > 15
    assert sorted(each.name for each in tmp_path.iterdir()) == ["child.py", "kept"]
    assert {"socket.__new__", "socket.getaddrinfo", "os.fork", "os.remove", "open"} <= set(found.refused)
    assert surroundings.replace("'LC_CTYPE': 'C.UTF-8'", "") == repr(({}, "/", True, 1)), "Python itself may set one"


def test_the_network_is_gone_even_for_what_no_hook_sees() -> None:
    """The first wall alone: the process leaves the network of this machine, its loopback among it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        tried = (
            "import socket; from request_tracker.apidocs.isolated import confined\n"
            "if not confined.cut_off(): raise SystemExit(77)\n"
            f"print(socket.socket().connect_ex(('127.0.0.1', {server.getsockname()[1]})))"
        )
        done = subprocess.run([sys.executable, "-I", "-c", tried], capture_output=True, text=True, timeout=20)
    if done.returncode == 77:
        pytest.skip("this kernel, or the container, allows no network namespace")
    assert done.returncode == 0
    assert os.strerror(int(done.stdout)) == "Network is unreachable"


class Pressed(Exception):
    """Somebody pressed stop."""


def test_who_presses_stop_ends_the_child(reading_that) -> None:  # type: ignore[no-untyped-def]
    def stop(step: str) -> None:
        raise Pressed(step)

    before = psutil.Process().children(recursive=True)
    with pytest.raises(Pressed, match="Reading"):
        reading_that("import time; time.sleep(60)", stop)
    assert psutil.Process().children(recursive=True) == before


def test_several_threads_read_at_once_each_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [b"prose", b"%PDF-1.7", b'{"asyncapi": "2"}']
    found: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda n=number, b=body: found.update({n: read_apart(b).sentence}))
        for number, body in enumerate(bodies)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for number, told in enumerate(("plain text", "PDF", "AsyncAPI")):
        assert told in found[number]


def test_what_is_too_large_starts_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_start", None)
    assert read_apart(b" " * 20_000_001).sentence == refusals.TOO_LARGE
