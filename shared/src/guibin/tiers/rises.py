"""Who rose by assets that were parked for the last days of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.freshness import FigureDay
from guibin.customers.repository import visible
from guibin.holdings.figures import select_figures
from guibin.holdings.freshness import figure_days
from guibin.holdings.months import Month
from guibin.security.actors import Scope
from guibin.tiers.models import TierCause, TierHistory

_RISES: Final = (TierCause.FIRST, TierCause.UP)


@dataclass(frozen=True, slots=True)
class Rise:
    """A customer who rose, to which tier and when, and the last three days of the month against its average."""

    customer_id: UUID
    tier: str
    effective_on: date
    spike_percent: int
    figure_day: FigureDay


async def list_parked_rises(
    session: AsyncSession, scope: Scope, *, month: Month, least_percent: int, limit: int, after: UUID | None
) -> Sequence[Rise]:
    """Return the customers in scope who rose on the figures of a month that ended far above its average.

    `least_percent` is the mean of the month's last three days in per cent of its daily average: 100 is even. In the
    order of the customers' ids, from `after` on.
    """
    history = TierHistory
    rose = (
        select(col(history.customer_id), col(history.tier_code), col(history.effective_on))
        .where(col(history.cause).in_(_RISES), col(history.metric_month) == month.first)
        .where(col(history.tier_code).is_not(None), visible(scope, col(history.customer_id)))
        .cte("rose")
    )
    figures = select_figures(month.last, among=select(rose.c.customer_id)).subquery("figures")
    query = (
        select(
            rose.c.customer_id, rose.c.tier_code, rose.c.effective_on, figures.c.spike_percent, figures.c.stale_lines
        )
        .join(figures, figures.c.customer_id == rose.c.customer_id)
        .where(figures.c.spike_percent >= least_percent)
        .order_by(rose.c.customer_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(rose.c.customer_id > after)
    rows = (await session.execute(query)).all()
    days = await figure_days(session, [(month.last, row.stale_lines) for row in rows])
    return [
        Rise(row.customer_id, row.tier_code, row.effective_on, row.spike_percent, day)
        for row, day in zip(rows, days, strict=True)
    ]
