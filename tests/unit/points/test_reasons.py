"""What staff typed in one language is read in both."""

import pytest

from guibin.points import reasons
from guibin.points.reasons import AdjustmentReason


@pytest.mark.parametrize(
    ("code", "typed", "zh", "en"),
    [
        (AdjustmentReason.OTHER, "工单补录", "工单补录", "Points adjusted (in Chinese: 工单补录)"),
        (AdjustmentReason.OTHER, "By ticket", "积分调整（英文原文：By ticket）", "By ticket"),
        (AdjustmentReason.COMPLAINT, "柜台等候", "投诉处理：柜台等候", "After a complaint (in Chinese: 柜台等候)"),
        (AdjustmentReason.COMPLAINT, "Queue", "投诉处理（英文原文：Queue）", "After a complaint: Queue"),
    ],
)
def test_an_adjustment_says_its_reason_and_quotes_what_was_typed(
    code: AdjustmentReason, typed: str, zh: str, en: str
) -> None:
    assert reasons.adjusted(code, typed) == (zh, en)


def test_every_reason_of_the_list_has_its_own_text_in_both_languages() -> None:
    assert set(reasons.ADJUSTED) == set(AdjustmentReason)
    assert len(set(reasons.ADJUSTED.values())) == len(AdjustmentReason)
