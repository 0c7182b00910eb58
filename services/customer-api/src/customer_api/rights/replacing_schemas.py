"""How a redemption stands to others: what it replaces, and what replaces it or can."""

from datetime import datetime

from pydantic import Field

from guibin.core.ids import RedemptionId, RightId
from guibin.rights.service import Alternative, Replacing
from guibin.web import OutModel


class AlternativeOut(OutModel):
    """A right that I can have instead, with all units that came back."""

    right_id: RightId
    code: str = Field(examples=["tea_gift_box"])
    name: str = Field(examples=["茶礼盒"])
    points: int = Field(description="What it takes in all; `expected_points` of the call that takes it")
    quota_used: int = Field(description="Units of it that my quota pays")
    wallet: str = Field(description="The kind of points that it takes", examples=["reward"])

    @classmethod
    def of(cls, one: Alternative, language: str) -> "AlternativeOut":
        """Describe an alternative."""
        item = one.right.item
        return cls(
            right_id=item.id,
            code=item.code,
            name=item.name_en if language == "en" else item.name_zh,
            points=one.points,
            quota_used=one.quota_used,
            wallet=one.wallet,
        )


class ReplacingOut(OutModel):
    """How a redemption stands to others: what it replaces, what replaced it, what can."""

    replaces: RedemptionId | None = Field(description="The redemption that failed and that this one replaced")
    replaced_by: RedemptionId | None = Field(description="The redemption that I took in place of this one")
    replaceable_until: datetime | None = Field(
        description="It could not be delivered: before this instant I can take one of `alternatives`"
    )
    units: int | None = Field(description="How many came back and can be replaced")
    alternatives: list[AlternativeOut] = Field(
        description="What I can have instead now, by `POST /v1/redemptions/{id}/substitute`"
    )

    @classmethod
    def of(cls, seen: Replacing | None, language: str) -> "ReplacingOut | None":
        """Describe it; None of a redemption that stands alone."""
        if seen is None or (seen.replaces is None and seen.failed is None):
            return None
        failed = seen.failed
        is_open = failed is not None and failed.replaced_by is None
        return cls(
            replaces=None if seen.replaces is None else seen.replaces.redemption_id,
            replaced_by=None if failed is None else failed.replaced_by,
            replaceable_until=failed.open_until if failed is not None and is_open else None,
            units=failed.units if failed is not None and is_open else None,
            alternatives=[AlternativeOut.of(one, language) for one in seen.alternatives],
        )
