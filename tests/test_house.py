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


TOLD = {"flash": 0, "abort": 1, "write": 3, "_done": 0, "_compared_again": 2}
"""Functions of `web` that show a sentence to a person, and where among what they are handed it stands."""


def test_what_pages_say_stands_in_the_table_of_texts() -> None:
    """`web/texts.py` keeps the short sentences, so that they can be read, corrected and translated in one place."""
    web = {name_of(module): module.read_text() for module in MODULES if name_of(module).startswith("web/")}
    telling = {name: ast.parse(text) for name, text in web.items() if any(f"{word}(" in text for word in TOLD)}
    found = [f"{name}:{line}" for name, tree in telling.items() for line in _sentences_told(tree)]
    assert found == [], "put the sentence into web/texts.py and say(...) it"


def test_a_sentence_handed_over_is_found() -> None:
    said = ('flash("Saved.")', 'flash(f"{a}." if a else say("b"))', 'abort(404, "Gone")', 'write(n, done="Done.")')
    assert [len(_sentences_told(ast.parse(each))) for each in (*said, 'x = "No"')] == [1, 1, 1, 1, 0]
    assert _sentences_told(ast.parse('SAVED = "It is saved."\ndef f():\n    flash(SAVED)')) == [3]


def _sentences_told(tree: ast.Module) -> list[int]:
    """The lines where a literal, or a name that only stands for one, is handed to somebody who shows it."""
    kept = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    named = {name.id for node in kept for name in node.targets if isinstance(name, ast.Name)}
    calls = [
        (node, node.func.id)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    told = [given for call, name in calls if name in TOLD for given in _given(call, TOLD[name])]
    return [part.lineno for given in told for part in _choices(given) if _is_sentence(part, named)]


def _given(call: ast.Call, place: int) -> list[ast.expr]:
    return call.args[place : place + 1] + [each.value for each in call.keywords if each.arg in ("done", "message")]


def _choices(given: ast.expr) -> list[ast.expr]:
    """What may be said: both sides of an `if`, all of an `or` and of a sum."""
    if isinstance(given, ast.IfExp):
        inner = [given.body, given.orelse]
    elif isinstance(given, ast.BoolOp):
        inner = given.values
    else:
        inner = [given.left, given.right] if isinstance(given, ast.BinOp) else []
    return [part for node in inner for part in _choices(node)] or [given]


def _is_sentence(part: ast.expr, named: set[str]) -> bool:
    literal = isinstance(part, ast.Constant) and isinstance(part.value, str) and bool(part.value.strip())
    return literal or isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Name) and part.id in named)


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
