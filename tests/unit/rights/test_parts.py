"""Which codes of a redemption go back with some of its units."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from guibin.core.ids import new_id
from guibin.rights.models import VoucherCode
from guibin.rights.parts import codes_of_part, untouched

THEN = datetime(2026, 11, 25, 4, tzinfo=UTC)
USED: dict[str, Any] = {"used_at": THEN}
RETURNED: dict[str, Any] = {"returned_at": THEN}
BEGUN: dict[str, Any] = {"value_fen": 100_00, "spent_fen": 1}
NEW: dict[str, Any] = {}


def held(*each: dict[str, Any]) -> list[VoucherCode]:
    """Return codes of one redemption."""
    right_id = new_id()
    return [
        VoucherCode(right_id=right_id, id=new_id(), code_hash=b"", code_enc=b"", taken_at=THEN, **columns)
        for columns in each
    ]


@pytest.mark.parametrize(
    ("codes", "units", "gone"),
    [
        ([NEW, NEW, NEW], 1, [2]),
        ([NEW, NEW, NEW], 2, [1, 2]),
        ([NEW, NEW, USED], 1, [1]),
        ([USED, NEW, NEW], 2, [1, 2]),
        ([NEW, NEW, RETURNED], 1, [1]),
        ([NEW, BEGUN, NEW], 2, [0, 2]),
    ],
)
def test_the_last_codes_that_nobody_touched_go_back(
    codes: Sequence[dict[str, Any]], units: int, gone: Sequence[int]
) -> None:
    own = held(*codes)
    assert codes_of_part(own, units) == [own[place] for place in gone]


@pytest.mark.parametrize("units", [-1, 0, 2])
def test_no_more_go_back_than_are_untouched_and_no_fewer_than_one(units: int) -> None:
    own = held(USED, NEW, BEGUN, RETURNED)
    assert untouched(own) == [own[1]]
    with pytest.raises(ValueError, match="not so many"):
        codes_of_part(own, units)


def test_a_voucher_of_which_an_amount_was_used_is_left_and_what_was_given_back_is_not() -> None:
    assert [code.is_left for code in held(NEW, BEGUN, USED, RETURNED)] == [True, True, False, False]
