"""Each sabotage still finds its guard, and names tests that exist."""

import ast
from collections import Counter

import pytest
from sabotage.appointments import APPOINTMENTS
from sabotage.arrivals import ARRIVALS
from sabotage.assigning import ASSIGNING
from sabotage.care import CARE
from sabotage.heirs import HEIRS
from sabotage.identity import IDENTITY
from sabotage.offers import OFFERS
from sabotage.patches import SABOTAGES, Sabotage
from sabotage.reservations import RESERVATIONS
from sabotage.run import ROOT
from sabotage.suppliers import SUPPLIERS
from sabotage.tags import TAGS
from sabotage.touches import TOUCHES_AND_HANDOVERS as TOUCHES
from sabotage.uses import USES

ALL = (
    *SABOTAGES,
    *IDENTITY,
    *OFFERS,
    *APPOINTMENTS,
    *ARRIVALS,
    *ASSIGNING,
    *HEIRS,
    *RESERVATIONS,
    *SUPPLIERS,
    *TAGS,
    *USES,
    *CARE,
    *TOUCHES,
)


@pytest.mark.parametrize("one", ALL, ids=[one.id for one in ALL])
def test_a_sabotage_finds_its_guard_and_its_tests(one: Sabotage) -> None:
    assert (ROOT / one.file).read_text(encoding="utf-8").count(one.old) == 1
    assert one.old != one.new
    assert one.killed_by
    for test in one.killed_by:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not name or name in names


@pytest.mark.parametrize("one", ALL, ids=[one.id for one in ALL])
def test_a_sabotage_of_a_database_function_is_of_the_version_that_runs(one: Sabotage) -> None:
    file = ROOT / one.file
    if file.suffix == ".sql":
        assert file.stem == f"v{max(int(other.stem[1:]) for other in file.parent.glob('v*.sql'))}"


def test_no_two_sabotages_have_one_id() -> None:
    assert max(Counter(one.id for one in ALL).values()) == 1
