"""Documents written to do harm: each ends in an analysis or a clear sentence, in bounds, and nothing else happens.

Addresses that lead inside, by redirection, rebinding or odd spelling, and packed bombs by address: see `test_fetch`.
"""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from apidocs import hostile

from request_tracker.apidocs.apart import Reading, read_apart
from request_tracker.apidocs.isolated.limits import Limits
from request_tracker.apidocs.loading import refusals

QUICK = {"fan_out", "wrong_types", "injected_names", "alias bomb"}
SAFE = re.compile(r"[a-z][a-z0-9_]{0,62}")


def rows(cases: dict[str, object]) -> list[object]:
    """A few each time; the others, a child process each, in the deep sweep."""
    return [pytest.param(case, id=case, marks=() if case in QUICK else pytest.mark.deep) for case in cases]


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Listens on this machine; nobody must call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder we stand in: nothing may be made in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield tmp_path
    assert [each.name for each in tmp_path.iterdir() if each.name != "pipe"] == []


def held(found: Reading) -> Reading:
    assert found.seconds < 10
    assert found.peak_mb < 600
    assert found.refused == (), "nothing forbidden was even asked for"
    assert found.fault == ""
    return found


@pytest.mark.parametrize("case", rows(hostile.REFUSED))  # type: ignore[arg-type]
def test_what_only_harms_is_refused_in_words(case: str, yard: Path) -> None:
    make, told = hostile.REFUSED[case]
    found = held(read_apart(make(), name=hostile.PATH))
    assert found.analysis is None
    assert re.search(told, found.sentence)
    assert "send" in found.sentence.lower() or "unpack" in found.sentence or "write" in found.sentence


@pytest.mark.parametrize("case", rows(hostile.READ))  # type: ignore[arg-type]
def test_what_is_only_strange_is_measured(case: str, yard: Path) -> None:
    found = held(read_apart(hostile.READ[case](), name=hostile.PATH))
    assert found.sentence == ""
    assert found.analysis is not None
    kept = msgspec.json.encode(found.analysis)
    assert len(kept) < 32_000_000
    assert not re.search(rb"[\x00-\x08\x0b-\x1f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\\u00[01][0-9a-f]", kept)
    names = [table.name for table in found.analysis.tables]
    names += [column.name for table in found.analysis.tables for column in table.columns]
    assert [name for name in names if not SAFE.fullmatch(name)] == []


@pytest.mark.deep
@pytest.mark.parametrize("case", hostile.COSTLY)
def test_what_costs_too_much_is_given_up_in_words(case: str, yard: Path) -> None:
    found = read_apart(hostile.COSTLY[case](), limits=Limits(cpu_seconds=4, wall_seconds=30))
    assert found.peak_mb < 600
    assert found.refused == ()
    assert (found.analysis is not None and found.sentence == "") or found.sentence in (
        refusals.TOO_LONG,
        refusals.TOO_WIDE,
    )


def test_what_points_outside_is_counted_and_never_followed(yard: Path, server: socket.socket) -> None:
    pipe = yard / "pipe"
    os.mkfifo(pipe)  # whoever opened it would wait for ever, and be told off for it
    address = f"127.0.0.1:{server.getsockname()[1]}"
    found = held(read_apart(hostile.outside_references(address, str(pipe)), name=f"http://{address}/openapi.json"))
    assert found.analysis is not None
    assert found.analysis.figures.external_refs == 6, "each address once"


@pytest.mark.deep
def test_the_types_of_a_language_are_data(yard: Path) -> None:
    found = held(read_apart(hostile.language_tags(str(yard))))
    assert found.analysis is not None
    assert any("plain data" in each.sentence for each in found.analysis.warnings)
