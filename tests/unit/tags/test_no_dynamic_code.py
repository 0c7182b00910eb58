"""No rule ever becomes code or SQL text: nothing in the package builds any from values (T-RULE-1)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import guibin.tags

FILES = sorted(Path(guibin.tags.__file__).parent.rglob("*.py"))
FORBIDDEN = {"eval", "exec", "compile", "__import__", "getattr_static", "literal_column", "format_map"}
CONSTANT_ONLY = {"text", "re.compile"}


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))


def test_the_package_is_looked_at() -> None:
    assert {"predicates.py", "reader.py", "matching.py", "preview.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_evaluated_and_no_sql_text_is_built(path: Path) -> None:
    for call in calls(path):
        name = ast.unparse(call.func)
        assert name not in FORBIDDEN, name
        assert not name.endswith(".format"), ast.unparse(call)
        if name in CONSTANT_ONLY:
            assert all(isinstance(argument, ast.Constant) for argument in call.args), ast.unparse(call)
