"""What customers read about what staff did by hand: in Chinese and in English, what was typed as it was typed."""

import re
from enum import StrEnum
from typing import Final

from guibin.points.models import EntryKind

Texts = tuple[str, str]
"""Chinese and English."""

_CHINESE: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


class AdjustmentReason(StrEnum):
    """Why points are adjusted by hand: the closed list."""

    SYSTEM_FAULT = "system_fault"
    MISSING_POINTS = "missing_points"
    POSTED_TWICE = "posted_twice"
    WRONG_AMOUNT = "wrong_amount"
    COMPLAINT = "complaint"
    GOODWILL = "goodwill"
    CAMPAIGN = "campaign"
    RULES_BROKEN = "rules_broken"
    OTHER = "other"


ADJUSTED: Final[dict[AdjustmentReason, Texts]] = {
    AdjustmentReason.SYSTEM_FAULT: ("系统故障更正", "System fault corrected"),
    AdjustmentReason.MISSING_POINTS: ("补录漏计积分", "Missing points added"),
    AdjustmentReason.POSTED_TWICE: ("重复入账更正", "Posted twice, corrected"),
    AdjustmentReason.WRONG_AMOUNT: ("积分数量更正", "Number of points corrected"),
    AdjustmentReason.COMPLAINT: ("投诉处理", "After a complaint"),
    AdjustmentReason.GOODWILL: ("客户关怀", "Goodwill"),
    AdjustmentReason.CAMPAIGN: ("活动奖励", "Campaign"),
    AdjustmentReason.RULES_BROKEN: ("违反活动规则", "Against the rules of the programme"),
    AdjustmentReason.OTHER: ("积分调整", "Points adjusted"),
}
TAKEN_BACK: Final[Texts] = ("积分冲回", "Points taken back")
RETURNED: Final[Texts] = ("交易退回，收回所得积分", "Points taken back: what earned them was returned")
RELEASED: Final[Texts] = ("待生效积分提前生效", "Pending points can be spent early")
CANCELLED: Final[Texts] = ("待生效积分取消", "Pending points cancelled")
ENDED_EARLY: Final[Texts] = ("积分提前到期", "Points ended early")
RESTORED: Final[Texts] = ("恢复已到期积分", "Expired points given back")
SET_ASIDE: Final[Texts] = ("积分预占", "Points set aside")
BY_FILE: Final[dict[EntryKind, Texts]] = {
    EntryKind.OPENING: ("期初积分", "Opening balance"),
    EntryKind.ADJUST_CREDIT: ("批量发放", "Points granted"),
    EntryKind.ADJUST_DEBIT: ("批量扣减", "Points taken away"),
}


def texts_of(meaning: Texts, typed: str) -> Texts:
    """Return both texts of an entry whose reason was typed in one language.

    In that language it stands as it was typed; the other says what the entry means, and quotes it with its language.
    """
    zh, en = meaning
    if _CHINESE.search(typed):
        return typed, f"{en} (in Chinese: {typed})"
    return f"{zh}（英文原文：{typed}）", typed


def adjusted(reason: AdjustmentReason, typed: str) -> Texts:
    """Return both texts of an adjustment: a reason of the list stands before what was typed."""
    zh, en = texts_of(ADJUSTED[reason], typed)
    if reason is AdjustmentReason.OTHER:
        return zh, en
    own_zh, own_en = ADJUSTED[reason]
    return (f"{own_zh}：{typed}", en) if zh == typed else (zh, f"{own_en}: {typed}")
