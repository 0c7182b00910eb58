"""The checker of a chaos run finds what does not agree, and raises no alarm about what nobody can know."""

from pathlib import Path
from typing import Any

import pytest
from chaos.checker import check
from chaos.history import History, Operation, Outcome

from guibin.points.models import SourceKind
from support.house import House
from support.points import commit_points


def add(history: History, kind: str, outcome: Outcome, answer: dict[str, Any], **facts: Any) -> Operation:
    operation = history.invoke(kind, "bank", "cus_x", f"{kind}-{len(history.operations)}", **facts)
    operation.outcome, operation.status, operation.answer = outcome, 200, answer
    return operation


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.jsonl")


@pytest.mark.parametrize(
    ("kind", "answer", "facts", "says"),
    [
        ("redeem", {"id": "rdm_x"}, {"right": "rgt_x"}, "rdm_x was acknowledged to cus_x, there it is of None"),
        ("submit", {"approval_id": "apr_x"}, {}, "apr_x was acknowledged to cus_x, there it is of None"),
        ("approve", {}, {"approval": "apr_x", "points": 5}, "adjustment 0 (ok) has the entries []"),
        ("use", {}, {"redemption": "rdm_x"}, "0 codes of rdm_x are used, 1 uses were acknowledged, 0 unknown"),
        ("earn", {"results": [{"entry_ids": ["ent_x"]}]}, {}, "event 0 (ok) has 0 entries, told 1"),
    ],
)
async def test_what_was_acknowledged_and_is_not_there_is_found_by_its_row_and_by_its_key(
    house: House, history: History, kind: str, answer: dict[str, Any], facts: dict[str, Any], says: str
) -> None:
    add(history, kind, Outcome.OK, answer, **facts)
    found = await check(history, house.database.admin_url)
    assert found == [f"I5: {says}", f"I5: operation 0 ({kind}) was told 200, its key keeps None"]


async def test_what_was_refused_or_never_asked_and_is_there_is_found_and_what_nobody_knows_of_is_not(
    house: House, history: History
) -> None:
    customer = await house.add_customer()
    refused, unknown = (add(history, "earn", outcome, {}) for outcome in (Outcome.FAIL, Outcome.INFO))
    for source in (refused.key, unknown.key, "nobody"):
        await commit_points(house.database, customer, 5, source=f"credit_card:{source}", source_kind=SourceKind.EVENT)
    found = await check(history, house.database.admin_url)
    assert found == [
        "I5: an event that nobody sent has earned: credit_card:nobody",
        "I5: event 0 (fail) has 1 entries, told 0",
        "I5: operation 0 (earn) was told 200, its key keeps None",
    ]
