"""Looks at one unmasked value of one customer: counted by day, and told to the trail by the caller."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.errors import NothingToReveal
from guibin.customers.models import Customer, RevealDay
from guibin.customers.personal import FIELDS, unseal
from guibin.security.ciphers import KeyRing

MEAN_DAYS: Final = 30
UNUSUAL_TIMES: Final = 3
_LEAST_UNUSUAL: Final = 6

_COUNT: Final = text(
    "INSERT INTO reveal_day (staff_id, day, revealed) VALUES (:staff_id, :day, 1)"
    " ON CONFLICT (staff_id, day) DO UPDATE SET revealed = reveal_day.revealed + 1"
    " WHERE reveal_day.revealed < :most RETURNING revealed"
)


class RevealField(StrEnum):
    """The personal values that can be shown whole, one at a time."""

    NAME = "name"
    CERTIFICATE_NO = "certificate_no"
    PHONE = "phone"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"
    EMPLOYER = "employer"


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of one member of staff on one day, the present one among them."""

    today: int
    is_unusual: bool


async def count_look(session: AsyncSession, *, staff_id: UUID, day: date, most: int | None) -> Looks | None:
    """Count one look; None when the day's looks are used up. `most` None means without bound.

    A day is unusual from the look on that is above three times the mean of the days with looks among the last thirty,
    and never before the sixth.
    """
    counted = await session.execute(_COUNT, {"staff_id": staff_id, "day": day, "most": most or 2**31 - 1})
    today = counted.scalar_one_or_none()
    if most == 0 or today is None:
        return None
    mean = await _mean_before(session, staff_id=staff_id, day=day)
    return Looks(today, is_unusual=mean is not None and today >= max(_LEAST_UNUSUAL, UNUSUAL_TIMES * mean + 1))


async def _mean_before(session: AsyncSession, *, staff_id: UUID, day: date) -> float | None:
    query = select(func.avg(RevealDay.revealed)).where(
        RevealDay.staff_id == staff_id, col(RevealDay.day) < day, col(RevealDay.day) >= day - timedelta(days=MEAN_DAYS)
    )
    mean = (await session.exec(query)).one()
    return None if mean is None else float(mean)


def reveal(keys: KeyRing, customer: Customer, field: RevealField) -> str:
    """Return one personal value of a customer in clear.

    Raises:
        NothingToReveal: there is none.
    """
    columns = ("id", "data_key", *(f"{name}_enc" for name in FIELDS))
    value = unseal(keys, "customer", {column: getattr(customer, column) for column in columns})[field]
    if value is None:
        raise NothingToReveal
    return value
