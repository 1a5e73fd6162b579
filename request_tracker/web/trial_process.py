"""The process of one trial run against a real source: what was typed goes to it over a pipe, and nowhere else."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping

from request_tracker.settings import Settings, trial_environment


def start(settings: Settings, run_id: int, configuration: Mapping[str, str]) -> None:
    """Begin the run in a process of its own, which outlives this one. Raises OSError.

    The command names the run alone; the environment holds where the database lies, and nothing that signs in.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "request_tracker", "trial", "--for-run", str(run_id)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=trial_environment(settings),
        start_new_session=True,
    )
    threading.Thread(target=process.wait, daemon=True).start()
    if process.stdin is not None:
        with process.stdin as pipe:
            pipe.write(json.dumps(dict(configuration)).encode())
