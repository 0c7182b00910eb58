"""What import contracts cannot say: who may import jose and fastapi, what rules and settings may touch."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "shared/src/guibin"
PRODUCT = [LIBRARY, ROOT / "services/customer-api/src", ROOT / "services/bank-api/src", ROOT / "tools/src"]

INPUT_AND_OUTPUT = {"sqlalchemy", "sqlmodel", "asyncpg", "httpx", "fastapi", "os", "pathlib", "socket", "subprocess"}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def product_files() -> list[Path]:
    return [path for folder in PRODUCT for path in sorted(folder.rglob("*.py"))]


def test_only_security_imports_jose() -> None:
    users = [path for path in product_files() if any(name.split(".")[0] == "jose" for name in imported(path))]
    assert users
    assert all(LIBRARY / "security" in path.parents for path in users)


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("rules.py")), ids=lambda path: path.parent.name)
def test_rules_touch_no_session_no_clock_and_no_world(path: Path) -> None:
    names = set(imported(path))
    assert not {name for name in names if name.split(".")[0] in INPUT_AND_OUTPUT}
    assert not {name for name in names if name.endswith((".clock", ".repository", ".service"))}


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


CLOCKS = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.datetime.now"}
ALLOWED_CLOCKS = {"core/clock.py"}


def test_time_comes_from_the_clock_and_ids_from_ids() -> None:
    for path in sorted(LIBRARY.rglob("*.py")):
        name = str(path.relative_to(LIBRARY))
        found = set(calls(path))
        assert name in ALLOWED_CLOCKS or not found & CLOCKS, name
        assert name == "core/ids.py" or not found & {"uuid4", "uuid.uuid4", "uuid7", "uuid.uuid1"}, name


def test_services_and_repositories_never_commit() -> None:
    for path in sorted(LIBRARY.rglob("*.py")):
        name = path.relative_to(LIBRARY)
        if name.parts[0] in {"core", "web", "runs", "feeds"}:
            continue
        assert not {call for call in calls(path) if call.endswith("session.commit")}, name


def test_only_settings_read_the_environment() -> None:
    for folder in PRODUCT[:3]:
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text("utf-8")
            assert "os.environ" not in text or path.name in {"settings.py", "serving.py"}, path
