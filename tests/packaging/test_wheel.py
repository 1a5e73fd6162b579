"""The wheel, installed away from the checkout, migrates an empty database and renders a page."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = """
from request_tracker import resources
from request_tracker.app import create_app
from request_tracker.settings import Settings
from request_tracker.store.session import Database
assert 'site-packages' in str(resources.TEMPLATES), resources.TEMPLATES
app = create_app(Settings(secret_key='x' * 40), Database('sqlite:///here.sqlite3'))
answer = app.test_client().get('/sign-in')
assert answer.status_code == 200 and b'Sign in' in answer.data
assert app.test_client().get('/static/css/tokens.css').status_code == 200
"""


@pytest.mark.deep
def test_the_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    plain = {**os.environ, "REQUEST_TRACKER_DATABASE_URL": "sqlite:///here.sqlite3"}
    for command in (["-m", "request_tracker", "migrate"], ["-m", "request_tracker", "seed"], ["-c", PAGE]):
        subprocess.run([str(python), *command], check=True, cwd=tmp_path, env=plain, capture_output=True)
