"""Who signs a handover for which side."""

import pytest

from guibin.handovers.rules import Side, side_of


@pytest.mark.parametrize(
    ("is_giver", "is_taker", "leads", "gone", "side"),
    [
        (True, False, False, False, Side.GIVER),
        (False, True, False, False, Side.TAKER),
        (False, True, True, True, Side.TAKER),
        (False, False, True, True, Side.GIVER),
        (False, False, True, False, None),
        (False, False, False, True, None),
    ],
)
def test_both_sign_and_the_branch_signs_only_for_who_is_gone(
    is_giver: bool, is_taker: bool, leads: bool, gone: bool, side: Side | None
) -> None:
    assert side_of(is_giver=is_giver, is_taker=is_taker, leads=leads, giver_is_gone=gone) is side
