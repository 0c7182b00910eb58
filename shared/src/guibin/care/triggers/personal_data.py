"""How a customer keeps the birthday: shown in a copy, forgotten by an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.triggers.models import BirthdayCalendar, CarePreference
from guibin.privacy.subject import ErasureStep, Rows, Section
from guibin.security.ciphers import KeyRing


class PreferenceSection:
    """The calendar of the birthday."""

    name = "care_preference"
    tables = frozenset({"care_preference"})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the row, where there is one."""
        row = await session.get(CarePreference, customer_id)
        return [] if row is None else [{"birthday": row.birthday}]


class PreferenceStep:
    """Takes the preference back to what everybody has."""

    tables = frozenset({"care_preference"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Forget which calendar it was."""
        row = CarePreference
        statement = update(row).where(col(row.customer_id) == customer_id).values(birthday=BirthdayCalendar.SOLAR)
        found = await session.execute(statement.returning(col(row.customer_id)))
        return {"care_preference": len(found.all())}


SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (PreferenceSection(),)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (PreferenceStep(),)
