"""The cross-hold matrix (交叉持有): what a customer has in the seven lines and what not, and counted over many."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import Field

from bank_api.tags.using import used
from guibin.core import clock
from guibin.core.freshness import FigureDay
from guibin.core.ids import BranchId, CustomerId, ManagerId
from guibin.core.lines import Line
from guibin.core.text import Code
from guibin.customers.repository import get_customer
from guibin.holdings.freshness import day_of_the_bank
from guibin.products.models import ProductClass
from guibin.security.actors import Domain, Verb
from guibin.tags.lineage.models import UseWay
from guibin.web import DataClass, FreshnessOut, OutModel, PortRouter, RateClass, StaffCall, declare, staff

from .cross_holding_queries import Counted, HeldInLine, classes_of_lines, count_lines, held_in_lines
from .queries import Filters, count_customers

router = PortRouter(prefix="/v1", tags=["customers"])

READ = staff(Verb.READ, Domain.HOLDINGS)


class LineHeldOut(OutModel):
    """One line: what the customer holds of it, and which classes it offers beside."""

    line: Line
    products: list[str] = Field(description="Codes of the products held", examples=[["PF101"]])
    classes: list[ProductClass] = Field(description="Classes held")
    missing_classes: list[ProductClass] = Field(description="Classes that the line has and the customer has not")


class CrossHoldingOut(OutModel):
    """What a customer holds in each of the seven lines."""

    customer_id: CustomerId
    freshness: FreshnessOut
    lines_held: int
    lines: list[LineHeldOut]
    missing: list[Line] = Field(description="Lines in which the customer holds nothing")

    @classmethod
    def of(
        cls,
        customer_id: CustomerId,
        held: Sequence[HeldInLine],
        offered: dict[Line, Sequence[ProductClass]],
        day: FigureDay,
    ) -> "CrossHoldingOut":
        """Lay out what is held over what there is."""
        lines = []
        for line in Line:
            own = [one for one in held if one.line is line]
            classes = sorted({one.product_class for one in own})
            lines.append(
                LineHeldOut(
                    line=line,
                    products=[one.product_code for one in own],
                    classes=classes,
                    missing_classes=[one for one in offered[line] if one not in classes],
                )
            )
        missing = [one.line for one in lines if not one.products]
        return cls(
            customer_id=customer_id,
            freshness=FreshnessOut.of(day),
            lines_held=len(lines) - len(missing),
            lines=lines,
            missing=missing,
        )


class LineCountOut(OutModel):
    """How many customers hold something in a line, and how many nothing."""

    line: Line
    customers: int
    missing: int


class DepthOut(OutModel):
    """How many customers hold something in so many lines."""

    lines: int
    customers: int


class CrossHoldingCountOut(OutModel):
    """The matrix counted over customers."""

    freshness: FreshnessOut
    customers: int = Field(description="All who are counted, with those who hold nothing")
    lines: list[LineCountOut]
    depths: list[DepthOut] = Field(description="From no line to all seven")

    @classmethod
    def of(cls, customers: int, counted: Counted, day: FigureDay) -> "CrossHoldingCountOut":
        """Describe counts."""
        by_depth = counted.by_depth | {0: customers - sum(counted.by_depth.values())}
        by_line = {line: counted.by_line.get(line, 0) for line in Line}
        return cls(
            freshness=FreshnessOut.of(day),
            customers=customers,
            lines=[
                LineCountOut(line=line, customers=count, missing=customers - count) for line, count in by_line.items()
            ],
            depths=[DepthOut(lines=lines, customers=by_depth.get(lines, 0)) for lines in range(len(Line) + 1)],
        )


@router.get("/customers/{customer_id}/cross-holding", operation_id="getCustomerCrossHolding")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_cross_holding(call: StaffCall, customer_id: CustomerId) -> CrossHoldingOut:
    """Show what a customer holds in each of the seven lines, and what is missing."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    held = await held_in_lines(call.session, call.scope, customer_id=customer.id)
    offered, day = await classes_of_lines(call.session), await day_of_the_bank(call.session, clock.last_closed_day())
    return CrossHoldingOut.of(customer.id, held, offered, day)


@router.get("/cross-holding", operation_id="countCrossHolding")
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C1)
async def count_cross_holding(
    call: StaffCall,
    branch: Annotated[BranchId | None, Query(description="Only those of this branch and all below it")] = None,
    manager: Annotated[ManagerId | None, Query(description="Only those whom this manager serves today")] = None,
    tier: Annotated[Code | None, Query(description="Only those of this tier today")] = None,
    tag: Annotated[Code | None, Query(description="Only those who have this tag today")] = None,
) -> CrossHoldingCountOut:
    """Count the customers in your scope by the lines in which they hold something, and by how many lines."""
    filters, day = Filters(tag, tier, manager, branch), clock.today()
    await used(call, UseWay.FILTERED, [tag])
    customers = await count_customers(call.session, call.scope, day=day, filters=filters)
    counted = await count_lines(call.session, call.scope, day=day, filters=filters)
    return CrossHoldingCountOut.of(customers, counted, await day_of_the_bank(call.session, clock.last_closed_day()))
