"""What imports cannot say about the house: who commits, who moves a case, who reads the clock or the environment."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "request_tracker"
MODULES = sorted(PACKAGE.rglob("*.py"))
ONLY_IN = {
    r"\.commit\(": {"store/session.py", "store/schema.py"},
    r"\.(phase|outcome) = ": {"actions/advance.py"},
    r"datetime\.now|\butcnow\(|date\.today\(|time\.time\(": {
        "cli/frame.py",
        "app.py",
        "work/worker.py",
        "emulator/app.py",
    },
    r"os\.environ|getenv": {"cli/__init__.py", "cli/frame.py"},
    r"except Exception": {"work/worker.py"},
}


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("pattern", ONLY_IN, ids=str)
def test_what_occurs_only_where_it_may(pattern: str) -> None:
    found = {name_of(module) for module in MODULES if re.search(pattern, module.read_text())}
    assert found <= ONLY_IN[pattern]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_what_it_keeps(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text())), "the first line says what this room keeps"


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 80


def test_no_package_registry_is_named() -> None:
    names = ("py" + "pi", "python" + "hosted", "npm" + "js", "deb." + "debian")
    host = re.compile("|".join(rf"{re.escape(name)}\.(org|com)" for name in names))
    root = PACKAGE.parent
    others = {".git", ".venv", ".venv-tools", ".venv-trial", "var"}
    kept = [p for p in root.rglob("*") if p.is_file() and not others & set(p.relative_to(root).parts)]
    texts = [
        p for p in kept if p.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".cfg", ""} and p.stat().st_size < 1e6
    ]
    named = [p.name for p in texts if host.search(p.read_text(errors="ignore"))]
    assert named == []
