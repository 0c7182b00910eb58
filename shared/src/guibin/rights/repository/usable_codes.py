"""The SQL of codes that a customer can use: customers' data, read by scope."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy import select as sql_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.rights.models import Redemption, RightsItem, VoucherCode
from guibin.rights.repository.slots import STANDING
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class UsableCodes:
    """A redemption whose codes are not all used."""

    redemption: Redemption
    right: RightsItem
    left: int


async def find_usable_codes(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date, limit: int
) -> list[UsableCodes]:
    """Return a customer's redemptions with codes that can be used on a day: those that end first, then the newest."""
    left = (
        sql_select(func.count())
        .where(
            col(VoucherCode.right_id) == col(Redemption.right_id),
            col(VoucherCode.redemption_id) == col(Redemption.id),
            col(VoucherCode.used_at).is_(None),
            col(VoucherCode.returned_at).is_(None),
        )
        .scalar_subquery()
    )
    query = (
        sql_select(Redemption, RightsItem, left)
        .join(RightsItem, col(RightsItem.id) == col(Redemption.right_id))
        .where(
            is_of(scope, col(Redemption.customer_id), customer_id),
            visible(scope, col(Redemption.customer_id)),
            col(Redemption.state).in_(STANDING),
            or_(col(Redemption.valid_until).is_(None), col(Redemption.valid_until) >= day),
            left > 0,
        )
        .order_by(col(Redemption.valid_until).asc().nulls_last(), col(Redemption.created_at).desc())
        .limit(limit)
    )
    return [UsableCodes(row, right, count) for row, right, count in (await session.execute(query)).all()]
