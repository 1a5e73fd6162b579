"""The environment that trials run in: the vendor's SDK and DuckDB, pinned, beside the application's, never in it."""

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("trial-requirements.txt")
SDK = "fivetran_connector_sdk-2.13.1.dist-info"
CORE = "fivetran_connector_sdk_core*"
MARK = "trial-requirements.sha256"
HOW_TO_GET_IT = (
    "Trial syncs need the vendor's SDK in an environment of its own: run `request-tracker trial --setup` once on this"
    " server. It downloads about 70 MB of packages."
)
_SECONDS = 900
_AGAIN = "look at the network, then run `request-tracker trial --setup` again"


class NotSetUp(RuntimeError):
    """The environment is missing or could not be made; `sentence` says what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def home(named: str = "") -> Path:
    """Where the environment lies: where REQUEST_TRACKER_TRIAL_ENV names it, else beside ours."""
    return Path(named).absolute() if named else Path(f"{sys.prefix}-trial")


def python(home: Path) -> Path:
    return home / "bin" / "python"


def is_set_up(home: Path) -> bool:
    """Whether it was made to its end, from the requirements of today."""
    mark = home / MARK
    return python(home).exists() and mark.is_file() and mark.read_text().strip() == _digest()


def set_up(home: Path, on_step: Callable[[str], None] = lambda step: None) -> None:
    """Makes the environment, or makes it anew when the requirements have changed; does nothing when it is there.

    Two at once wait for one another. Raises NotSetUp with what went wrong.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise NotSetUp(
            f"{home} cannot be made: {fault.strerror}. Name another place in REQUEST_TRACKER_TRIAL_ENV"
        ) from fault
    with _alone(home):
        if is_set_up(home):
            on_step(f"It is there already: {home}")
            return
        on_step("Making the environment")
        _create(home)
        on_step("Installing the vendor's SDK and DuckDB; this takes a minute")
        pip = (str(python(home)), "-m", "pip", "--disable-pip-version-check", "--no-input")
        _run(*pip, "install", "--quiet", "--no-deps", "--requirement", str(REQUIREMENTS))
        on_step("Checking")
        _run(*pip, "check")
        _run(str(python(home)), "-c", "import fivetran_connector_sdk, grpc, duckdb")
        _refuse_the_core(home)
        (home / MARK).write_text(_digest() + "\n")
        on_step(f"Ready: {home}")


def _create(home: Path) -> None:
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(home)
    except (OSError, subprocess.CalledProcessError) as fault:
        raise NotSetUp(
            f"No environment could be made at {home}: look at its rights and free space, and whether this Python has"
            f" venv and pip (on Debian the package python3-venv): {str(fault)[:200]}"
        ) from fault


def _refuse_the_core(home: Path) -> None:
    packages = next((home / "lib").glob("python*")) / "site-packages"
    if not (packages / SDK).is_dir() or any(packages.glob(CORE)):
        raise NotSetUp("Something else than fivetran-connector-sdk 2.13.1 was installed: look at the requirements")


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise NotSetUp(
            "It took too long: look at the network, then run `request-tracker trial --setup` again"
        ) from late
    if done.returncode:
        said = [
            line.strip() for line in (done.stderr or done.stdout).splitlines() if "ERROR" in line or "Error" in line
        ]
        why = said[-1][:300] if said else "no reason was given"
        raise NotSetUp(
            "The environment for trial syncs could not be made. pip fetches packages over the"
            f" network: {_AGAIN}. pip said: {why}"
        )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    handle = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _digest() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
