"""The SQL of donations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Integer, cast, func
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.customers.repository import visible
from guibin.rights.life import COUNTED
from guibin.rights.models import Redemption, RedemptionDonation, RightsItem
from guibin.security.actors import Scope

_ROW = RedemptionDonation
_UNITS = col(Redemption.quantity) - col(Redemption.quantity_refunded)
_POINTS = col(Redemption.points_charged) - col(Redemption.points_refunded)


@dataclass(frozen=True, slots=True)
class CauseTotal:
    """What customers donated for a cause in a month, less what was given back."""

    right_id: UUID
    right_code: str
    organisation_zh: str
    organisation_en: str
    project_zh: str
    project_en: str
    donations: int
    units: int
    points: int
    value_fen: int


async def insert_donation(session: AsyncSession, donation: RedemptionDonation) -> None:
    """Add a donation."""
    session.add(donation)
    await session.flush()


async def find_donation(session: AsyncSession, redemption: Redemption) -> RedemptionDonation | None:
    """Return what a redemption that is in the caller's hands donated."""
    query = select(_ROW).where(_ROW.customer_id == redemption.customer_id, _ROW.redemption_id == redemption.id)
    return (await session.exec(query)).first()


async def totals_of(session: AsyncSession, scope: Scope, *, first: date, until: date) -> Sequence[CauseTotal]:
    """Return by cause what customers in scope donated from a day until before another, the most valued first."""
    texts = [col(_ROW.organisation_zh), col(_ROW.organisation_en), col(_ROW.project_zh), col(_ROW.project_en)]
    value = cast(func.sum(_UNITS * col(_ROW.unit_value_fen)), BigInteger)
    query = (
        sql_select(
            col(RightsItem.id),
            col(RightsItem.code),
            *texts,
            func.count(type_=Integer),
            func.sum(_UNITS, type_=Integer),
            cast(func.sum(_POINTS), BigInteger),
            value,
        )
        .join(
            Redemption,
            (col(Redemption.customer_id) == col(_ROW.customer_id)) & (col(Redemption.id) == col(_ROW.redemption_id)),
        )
        .join(RightsItem, col(RightsItem.id) == col(Redemption.right_id))
        .where(
            visible(scope, col(_ROW.customer_id)),
            col(_ROW.donated_at) >= start_of_day(first),
            col(_ROW.donated_at) < start_of_day(until),
            col(Redemption.state).in_(COUNTED),
        )
        .group_by(col(RightsItem.id), col(RightsItem.code), *texts)
        .order_by(value.desc(), col(RightsItem.code))
    )
    return [CauseTotal(*row) for row in (await session.execute(query)).all()]
