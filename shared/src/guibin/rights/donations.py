"""A right that is a donation: what the bank gives a good cause for a unit, and until when it can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from guibin.core.errors import Category, Refusal
from guibin.core.money import parse_cny


@dataclass(frozen=True, slots=True)
class Cause:
    """For whom and for what a unit is, and what the bank gives for it in money."""

    organisation_zh: str
    organisation_en: str
    project_zh: str
    project_en: str
    unit_value_fen: int


def cause_of(document: Mapping[str, Any] | None) -> Cause | None:
    """Read for what a right donates from its terms; None when it is no donation."""
    if document is None:
        return None
    texts = {name: document[name] for name in ("organisation_zh", "organisation_en", "project_zh", "project_en")}
    return Cause(**texts, unit_value_fen=parse_cny(document["unit_value"]) or 0)


def is_handed_over(donated_on: date, today: date) -> bool:
    """Tell whether a donation goes to its organisation: with the month in which it was made."""
    return (donated_on.year, donated_on.month) < (today.year, today.month)


class DonorNotAsked(Refusal):
    """Whether the donor is named is said for a right that is no donation."""

    category = Category.CONFLICT
    code = "donor_not_asked"
    zh = "该权益不是捐赠，无需选择是否署名"
    en = "The right is no donation: nobody is named"


class DonationHandedOver(Refusal):
    """The month of the donation is over: it belongs to its organisation. Facts: month."""

    category = Category.CONFLICT
    code = "donation_handed_over"
    zh = "捐赠所在月份已结束，款项归属公益机构，不能退还"
    en = "The month of the donation is over: it belongs to its organisation and is not given back"
