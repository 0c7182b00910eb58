"""How a customer stands to others: shown in a copy of the customer's data, removed by an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.privacy.repository.erasures import forget
from guibin.privacy.subject import ErasureStep, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    # Of the other side nothing: who it is, is the other's.
    QuerySection(
        "links",
        frozenset({"customer_link"}),
        "SELECT kind, customer_id = :customer_id AS is_holder, valid_from, valid_to FROM customer_link"
        " WHERE :customer_id IN (customer_id, other_id) ORDER BY valid_from, id",
    ),
)


class LinksStep:
    """Removes the customer's links and ends those that others have to the customer."""

    tables = frozenset({"customer_link"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Delete the customer's own rows; what others are to the customer ends today."""
        await session.execute(
            text(
                "UPDATE customer_link SET valid_to = greatest(valid_from, CAST(:day AS date))"
                " WHERE other_id = :customer_id AND (valid_to IS NULL OR valid_to > :day)"
            ),
            {"customer_id": customer_id, "day": at.date()},
        )
        return {"customer_link": await forget(session, customer_id=customer_id, table="customer_link")}


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (LinksStep(),)
