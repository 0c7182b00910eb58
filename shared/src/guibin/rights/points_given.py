"""A right that is points of another kind: for the customer, or for somebody who shows a code for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from guibin.core.errors import Category, Refusal


class GivenTo(StrEnum):
    """Who receives the points: the customer who pays, or another one who shows a receiving code."""

    CUSTOMER = "customer"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PointsGiven:
    """What each unit of a right gives: so many points of a kind, and to whom."""

    wallet: str
    points: int
    to: GivenTo


def points_given_of(document: Mapping[str, Any] | None) -> PointsGiven | None:
    """Read what a right gives from its terms; None when that is no points."""
    if document is None:
        return None
    return PointsGiven(document["wallet"], document["points"], GivenTo(document["to"]))


class ReceivingCodeRequired(Refusal):
    """The right gives points to somebody else, whose code is missing."""

    category = Category.CONFLICT
    code = "receiving_code_required"
    zh = "该权益将积分送给他人，请提供对方出示的收积分码"
    en = "The right gives points to somebody else: show the code that the receiver shows"


class ReceivingCodeNotAsked(Refusal):
    """A code of a receiver was sent for a right that gives nobody else points."""

    category = Category.CONFLICT
    code = "receiving_code_not_asked"
    zh = "该权益不需要收积分码"
    en = "The right gives nobody else points"


class PointsNotPaid(Refusal):
    """Points are given for points alone: not for a quota, nor out of a package."""

    category = Category.CONFLICT
    code = "points_not_paid"
    zh = "此类权益须以积分兑换，不能使用免费次数或权益包"
    en = "Points are given for points, not for a quota or out of a package"


class GivenPointsSpent(Refusal):
    """What the redemption gave was spent, has expired or paid a debt, so it is not given back. Facts: given, left."""

    category = Category.CONFLICT
    code = "given_points_spent"
    zh = "所得积分已使用、过期或抵扣欠额，不能退还"
    en = "The points that it gave were spent, have expired or paid a debt: it cannot be given back"
