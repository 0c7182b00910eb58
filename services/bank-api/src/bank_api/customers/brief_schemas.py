"""What the brief before a meeting says: a customer from all sides, with what is due and what happened last."""

from datetime import datetime

from pydantic import Field

from bank_api.points.schemas import CustomerPointsOut
from bank_api.privacy.schemas import ConsentOut
from bank_api.relations.household_schemas import HouseholdOut
from bank_api.relations.link_schemas import LinkOut
from bank_api.rights.schemas import RedemptionOut
from guibin.core.lines import Line
from guibin.core.money import Cny
from guibin.holdings.models import CustomerEvent, EventType, InflowClass
from guibin.products.models import ProductClass, Side
from guibin.tags.models import CustomerFact
from guibin.web import OutModel

from .schemas import BAND, EXACT, CustomerOut
from .views import View, band_of, exact


class ClassAmountOut(OutModel):
    """What the customer owns or owes in a class of products, on the day of the figures."""

    side: Side
    product_class: ProductClass
    band: str | None = BAND
    amount: Cny | None = EXACT


class LastEventOut(OutModel):
    """Something that happened; its amount is for the primary manager alone."""

    occurred_at: datetime
    line: Line
    event_type: EventType
    inflow_class: InflowClass | None
    merchant_category: str | None
    amount: Cny | None = EXACT

    @classmethod
    def of(cls, event: CustomerEvent, view: View) -> "LastEventOut":
        """Describe an event for a view."""
        return cls(
            occurred_at=event.occurred_at,
            line=Line(event.line),
            event_type=EventType(event.event_type),
            inflow_class=InflowClass(event.inflow_class) if event.inflow_class else None,
            merchant_category=event.merchant_category,
            amount=exact(event.amount_fen, view),
        )


class BriefOut(OutModel):
    """Everything for one meeting. Parts that the caller has no grant for are null."""

    as_of: datetime = Field(description="When it was read; figures have a day of their own")
    customer: CustomerOut
    amounts: list[ClassAmountOut] | None = Field(description="By class; `customer.facts.freshness` is theirs")
    points: CustomerPointsOut | None = Field(description="With what expires when")
    open_redemptions: list[RedemptionOut] | None = Field(description="Confirmed or in fulfilment, newest first")
    last_events: list[LastEventOut] | None = Field(description="Each as its line told it")
    links: list[LinkOut] = Field(description="Persons and companies to whom the customer is linked today")
    household: HouseholdOut | None = Field(description="The primary one")
    consents: list[ConsentOut] | None


def amounts_of(facts: CustomerFact, view: View) -> list[ClassAmountOut]:
    """Describe the amounts of a customer's figures by side and class, in the order of the classes."""
    sides = ((Side.ASSET, facts.assets), (Side.LIABILITY, facts.liabilities))
    return [
        ClassAmountOut(side=side, product_class=ProductClass(name), band=band_of(fen, view), amount=exact(fen, view))
        for side, amounts in sides
        for name, fen in sorted(amounts.items())
    ]
