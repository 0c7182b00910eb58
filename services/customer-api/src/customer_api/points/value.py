"""What my points are worth in money, and how many of them an amount takes."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Query
from pydantic import Field

from guibin.core.errors import NotFound
from guibin.core.money import Cny, between
from guibin.points.rules import MAX_POINTS
from guibin.points.service.valuing import Worth, worths
from guibin.points.valuation import ValueRounding
from guibin.web import CustomerCall, DataClass, OutModel, PortRouter, RateClass, customer, declare

router = PortRouter(prefix="/v1/me/points/value", tags=["points"])

DEAREST_FEN = 1_000_000_00


class FormulaOut(OutModel):
    """So many points count as so much money; each worth is a multiple of `step`, and the rest goes by `rounding`."""

    points: int = Field(examples=[100])
    amount: Cny = Field(examples=["1.00"])
    step: Cny = Field(examples=["0.01"])
    rounding: ValueRounding


class WorthOut(OutModel):
    """What points of one kind are worth."""

    wallet: str = Field(examples=["reward"])
    unit: str = Field(examples=["积分"])
    available: int = Field(description="What I can spend")
    points: int = Field(description="The points that are valued: those that were asked for, or all that I can spend")
    value: Cny = Field(description="What these points are worth", examples=["23.00"])
    needed: int | None = Field(description="The fewest points that are worth the amount asked for")
    formula: FormulaOut

    @classmethod
    def of(cls, worth: Worth, language: str) -> Self:
        """Describe a worth in `zh` or `en`."""
        names, formula = worth.own.wallet, worth.valuation
        return cls(
            wallet=names.code,
            unit=names.unit_en if language == "en" else names.unit_zh,
            available=worth.own.available,
            points=worth.points,
            value=worth.fen,
            needed=worth.needed,
            formula=FormulaOut(
                points=formula.points, amount=formula.fen, step=formula.step_fen, rounding=formula.rounding
            ),
        )


class ValueOut(OutModel):
    """What my points are worth, by kind; kinds without a worth are left out."""

    as_of: datetime
    wallets: list[WorthOut]


@router.get("", operation_id="getMyPointsValue")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def get_my_points_value(
    call: CustomerCall,
    points: Annotated[
        int | None, Query(ge=0, le=MAX_POINTS, description="So many points; what I can spend without it")
    ] = None,
    amount: Annotated[
        Annotated[Cny, between(0, DEAREST_FEN)] | None,
        Query(description="In CNY; `needed` says how many points it takes"),
    ] = None,
) -> ValueOut:
    """Show what my points count as in money, by the bank's formula for each kind, with its rounding.

    It is how the bank counts points, not money that is paid out.
    """
    found = await worths(call.session, call.scope, customer_id=call.actor.id, points=points, fen=amount)
    return ValueOut(as_of=found.as_of, wallets=[WorthOut.of(worth, call.language) for worth in found.wallets])
