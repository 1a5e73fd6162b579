"""Where templates, migrations and seed data lie: inside an installed package, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _place(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


TEMPLATES = _place("templates")
MIGRATIONS = _place("migrations")
SEED_DATA = _place("seed_data")
STATIC = _PACKAGE / "web" / "static"
