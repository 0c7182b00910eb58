"""The SQL of who received what counts for the income tax: gifts and prizes, by the month in which they were had."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, Subquery, and_, case, func, literal, or_, tuple_, union_all
from sqlalchemy import select as sql_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.customers.repository import visible
from guibin.gifts.models import Gift, GiftHandover, GiftHandoverState
from guibin.rights.models import Redemption, RedemptionState, RedemptionStep, RightsItem, TaxKind
from guibin.security.actors import Scope
from guibin.suppliers.models import SupplierPrice


@dataclass(frozen=True, slots=True)
class Received:
    """What a customer had by one redemption, or from a member of staff.

    `id` and `of_id` are the redemption and its right, or (`by_hand`) the handover and its gift; `value_fen` is of all
    units, None where nobody has said what one is worth.
    """

    customer_id: UUID
    by_hand: bool
    id: UUID
    of_id: UUID
    code: str
    tax_kind: str
    units: int
    points: int
    value_fen: int | None
    received_at: datetime


async def list_received(
    session: AsyncSession,
    scope: Scope,
    *,
    first: date,
    until: date,
    kinds: Collection[TaxKind],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Received]:
    """Return what customers in scope received in some days, newest first."""
    had = _had(scope, first, until, kinds)
    query = sql_select(had).order_by(had.c.at.desc(), had.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(had.c.at, had.c.id) < before)
    return [Received(*values) for values in (await session.execute(query)).all()]


async def count_received(
    session: AsyncSession, scope: Scope, *, first: date, until: date, kinds: Collection[TaxKind]
) -> int:
    """Count what customers in scope received in some days."""
    query = sql_select(func.count()).select_from(_had(scope, first, until, kinds))
    return int((await session.execute(query)).scalar_one())


def _had(scope: Scope, first: date, until: date, kinds: Collection[TaxKind]) -> Subquery:
    span = (start_of_day(first), start_of_day(until))
    each = [_redeemed(scope, span, kinds)]
    if TaxKind.GIFT in kinds:
        each.append(_handed_over(scope, span))
    return union_all(*each).subquery()


def _redeemed(scope: Scope, span: tuple[datetime, datetime], kinds: Collection[TaxKind]) -> Select[*tuple[Any, ...]]:
    """Select what was redeemed: a unit is worth its code's value, else the supplier's price on that day."""
    row, step, item, price = Redemption, RedemptionStep, RightsItem, SupplierPrice
    day = func.date(func.timezone("Asia/Shanghai", col(row.created_at)))
    units = case((col(row.state) == RedemptionState.FULFILLED, row.quantity - row.quantity_refunded), else_=0)
    return (
        sql_select(
            col(row.customer_id),
            literal(False).label("by_hand"),
            col(row.id).label("id"),
            col(row.right_id).label("of_id"),
            col(item.code).label("code"),
            col(item.tax_kind).label("tax_kind"),
            units.label("units"),
            (col(row.points_charged) - col(row.points_refunded)).label("points"),
            (units * func.coalesce(col(item.value_fen), col(price.price_fen))).label("value_fen"),
            col(step.at).label("at"),
        )
        .join(row, and_(col(row.customer_id) == col(step.customer_id), col(row.id) == col(step.redemption_id)))
        .join(item, col(item.id) == col(row.right_id))
        .outerjoin(
            price,
            and_(
                col(price.right_id) == col(row.right_id),
                col(price.valid_from) <= day,
                or_(col(price.valid_to).is_(None), col(price.valid_to) > day),
            ),
        )
        .select_from(step)
        .where(
            visible(scope, col(row.customer_id)),
            col(step.state) == RedemptionState.FULFILLED,
            col(step.at) >= span[0],
            col(step.at) < span[1],
            col(item.tax_kind).in_(kinds),
            units > 0,
        )
    )


def _handed_over(scope: Scope, span: tuple[datetime, datetime]) -> Select[*tuple[Any, ...]]:
    """Select what the bank's people handed over."""
    row = GiftHandover
    return (
        sql_select(
            col(row.customer_id),
            literal(True).label("by_hand"),
            col(row.id).label("id"),
            col(row.gift_id).label("of_id"),
            col(Gift.code).label("code"),
            literal(TaxKind.GIFT.value).label("tax_kind"),
            col(row.units).label("units"),
            literal(0, BigInteger).label("points"),
            col(row.value_fen).label("value_fen"),
            col(row.ended_at).label("at"),
        )
        .join(Gift, col(Gift.id) == col(row.gift_id))
        .where(
            visible(scope, col(row.customer_id)),
            col(row.state) == GiftHandoverState.HANDED_OVER,
            col(row.ended_at) >= span[0],
            col(row.ended_at) < span[1],
        )
    )
