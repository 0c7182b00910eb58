"""Contract prices: dated, one after the other without a gap, each approved by a second person."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.money import format_cny
from guibin.rights.repository import catalogue
from guibin.security.actors import Actor, Domain, Grant
from guibin.suppliers.models import SupplierPrice
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements import repository
from guibin.suppliers.settlements.errors import PriceLeavesGap, PriceOverlaps, PriceSettled
from guibin.suppliers.settlements.models import SettlementState
from guibin.suppliers.settlements.rules import PriceSpan, SpanFault, month_after, span_fault


class NewPrice(BaseModel):
    """What a unit of a right costs from a day on, until before another; None has no end. Fen, tax included.

    `fulfil_hours`: within so many hours it is delivered, where that is agreed.
    """

    supplier_id: UUID
    right_id: UUID
    valid_from: date
    valid_to: date | None = None
    price_fen: int
    fulfil_hours: int | None = None


async def submit_price(session: AsyncSession, *, actor: Actor, new: NewPrice) -> Approval:
    """Submit a contract price; approval puts it in force, and ends the one before where that is open.

    Raises:
        NotFound: there is no such supplier or right.
        PriceOverlaps, PriceLeavesGap: the days have a price already, or there are days without one before it.
        PriceSettled: its month is settled.
    """
    request = await _examine(session, new)
    return await approvals.submit(
        session,
        actor=actor,
        kind=PriceHandler.kind,
        domain=PriceHandler.domain,
        subject=to_public("sup", new.supplier_id),
        payload=request.payload,
        preview=request.preview,
    )


async def _examine(session: AsyncSession, new: NewPrice) -> Amended:
    supplier = await get_supplier(session, new.supplier_id)
    right = await catalogue.get_right(session, right_id=new.right_id)
    prices = [price for price, _ in await repository.list_prices(session, right_id=new.right_id)]
    _check_days(prices, new)
    settled = await repository.last_month(session, supplier_id=supplier.id, state=SettlementState.CONFIRMED)
    if settled is not None and new.valid_from < month_after(settled):
        raise PriceSettled(month=f"{month_after(settled):%Y-%m}")
    own = [price for price in prices if price.supplier_id == supplier.id]
    return Amended(
        payload=new.model_dump(mode="json"),
        preview={
            "supplier": supplier.code,
            "right": right.item.code,
            "valid_from": new.valid_from.isoformat(),
            "valid_to": new.valid_to.isoformat() if new.valid_to else None,
            "before": format_cny(own[-1].price_fen) if own else None,
            "price": format_cny(new.price_fen),
            "fulfil_hours": new.fulfil_hours,
        },
    )


def _check_days(prices: Sequence[SupplierPrice], new: NewPrice) -> None:
    span = PriceSpan(new.valid_from, new.valid_to)
    own = [price for price in prices if price.supplier_id == new.supplier_id]
    fault = span_fault([PriceSpan(price.valid_from, price.valid_to) for price in own], span)
    if fault is SpanFault.GAP:
        raise PriceLeavesGap(valid_to=own[-1].valid_to)
    if fault is SpanFault.OVERLAP:
        raise PriceOverlaps(valid_from=own[-1].valid_from)
    for price in prices:
        begins_before_its_end = price.valid_to is None or new.valid_from < price.valid_to
        ends_after_its_start = new.valid_to is None or price.valid_from < new.valid_to
        if price.supplier_id != new.supplier_id and begins_before_its_end and ends_after_its_start:
            raise PriceOverlaps(valid_from=price.valid_from)


class PriceHandler(ApprovalHandler):
    """Puts an approved contract price in force."""

    kind = "supplier.price"
    domain = Domain.RIGHTS
    title = Label("供应商合同价", "Contract price of a supplier")
    labels = MappingProxyType(
        {
            "supplier": Label("供应商", "Supplier"),
            "right": Label("权益", "Right"),
            "valid_from": Label("起始日", "From this day on"),
            "valid_to": Label("截止日（不含）", "Until before this day"),
            "before": Label("上一合同价（元）", "Price before, CNY"),
            "price": Label("含税单价（元）", "Price of a unit with tax, CNY"),
            "fulfil_hours": Label("约定履约时限（小时）", "Hours within which it is delivered"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Put the price in force; refuses what the submission refuses, as things stand now."""
        new = NewPrice.model_validate(payload)
        await _examine(session, new)
        price = SupplierPrice(**new.model_dump(), set_by=context.maker_id, set_at=clock.now())
        if not await repository.add_price(session, price):
            raise PriceOverlaps(valid_from=new.valid_from)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, Any],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine the same price again as things stand now."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _examine(session, NewPrice.model_validate(payload))


PRICE_HANDLER: Final = PriceHandler()
