"""The SQL of who received what counts for the income tax: gifts and prizes, by the month in which they were had."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, case, func, or_, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.customers.repository import visible
from guibin.rights.models import Redemption, RedemptionState, RedemptionStep, RightsItem, TaxKind
from guibin.security.actors import Scope
from guibin.suppliers.models import SupplierPrice


@dataclass(frozen=True, slots=True)
class Received:
    """What a customer had of one redemption; `value_fen` of all units, None where nobody has said what one is worth."""

    customer_id: UUID
    redemption_id: UUID
    right_id: UUID
    right_code: str
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
    """Return what customers in scope received in some days, newest first.

    A unit is worth what its code is good for, else what its supplier was paid on the day of the redemption.
    """
    row, step, item, price = Redemption, RedemptionStep, RightsItem, SupplierPrice
    day = func.date(func.timezone("Asia/Shanghai", col(row.created_at)))
    units = case((col(row.state) == RedemptionState.FULFILLED, row.quantity - row.quantity_refunded), else_=0)
    query = (
        sql_select(
            col(row.customer_id),
            col(row.id),
            col(row.right_id),
            col(item.code),
            col(item.tax_kind),
            units.label("units"),
            col(row.points_charged) - col(row.points_refunded),
            units * func.coalesce(col(item.value_fen), col(price.price_fen)),
            col(step.at),
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
            col(step.at) >= start_of_day(first),
            col(step.at) < start_of_day(until),
            col(item.tax_kind).in_(kinds),
            units > 0,
        )
        .order_by(col(step.at).desc(), col(row.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(step.at), col(row.id)) < before)
    return [Received(*values) for values in (await session.execute(query)).all()]
