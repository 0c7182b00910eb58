"""Who is credited for a customer on a day; the night credits a month that is over."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.holdings.months import last_complete_month
from guibin.managers.credit import repository
from guibin.managers.credit.monthly import write_month
from guibin.managers.credit.rules import Credit, credit_on

OPEN_DAYS: Final = 5
"""So many nights write the last month's figures anew: lines that are late come in. Then the month is closed."""


@dataclass(frozen=True)
class CreditOfDay:
    """Who is credited for a customer on a day, and the version of the split that was decided last, 0 without any."""

    credits: list[Credit]
    version: int


async def credit_of(session: AsyncSession, customer_id: UUID, day: date) -> CreditOfDay:
    """Return who is credited for a customer on a day."""
    history = await repository.services_of(session, customer_id)
    splits = await repository.splits_of(session, customer_id)
    givers = await repository.givers_of(session, customer_id)
    return CreditOfDay(credit_on(day, history, splits, givers), max((one.version for one in splits), default=0))


async def credit_month(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Credit the month that is over at the end of a day until it is closed; a night run again gives the same."""
    month = last_complete_month(day)
    if day > month.last + timedelta(days=OPEN_DAYS) and await repository.is_closed(session, month.first):
        return {"changed": 0}
    return {"changed": await write_month(session, month, after=month.last + timedelta(days=1), day=day)}
