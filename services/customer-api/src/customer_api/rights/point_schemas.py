"""What the customer port says of rights that are points of another kind."""

from typing import Self

from pydantic import Field

from guibin.rights.models import RedemptionPoints
from guibin.rights.points_given import GivenTo, PointsGiven
from guibin.web import OutModel


class GivesOut(OutModel):
    """Points that each unit of a right is."""

    wallet: str = Field(examples=["club"])
    points: int
    to: GivenTo = Field(description="other: to the customer whose receiving code I send with the redemption")

    @classmethod
    def of(cls, what: PointsGiven | None) -> Self | None:
        """Describe what a right gives; None when that is no points."""
        return None if what is None else cls.model_validate(what)


class GivenOut(OutModel):
    """Points that a redemption gave."""

    wallet: str
    points: int
    to: GivenTo

    @classmethod
    def of(cls, row: RedemptionPoints | None) -> Self | None:
        """Describe what a redemption gave; None when it gave no points."""
        if row is None:
            return None
        to = GivenTo.CUSTOMER if row.receiver_id == row.customer_id else GivenTo.OTHER
        return cls(wallet=row.wallet, points=row.points, to=to)
