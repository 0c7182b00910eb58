import ast
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOOR = ROOT / "shared" / "src" / "guibin" / "security"


def importers_of(module: str) -> set[Path]:
    sources = [*ROOT.glob("shared/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("tools/src/**/*.py")]
    return {path for path in sources if module in path.read_text("utf-8") and module in imported_packages(path)}


def imported_packages(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_only_the_security_package_imports_jose() -> None:
    importers = importers_of("jose")
    assert importers
    assert {path.parent for path in importers} == {DOOR}


def test_the_installed_jose_is_at_least_the_first_one_without_its_known_fixed_holes() -> None:
    assert tuple(int(part) for part in version("python-jose").split(".")) >= (3, 5, 0)
