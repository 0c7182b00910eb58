"""Opportunities in a copy of a customer's data; an erasure takes words, amounts and kinds of needs, and ends them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.opportunities.models import Opportunity
from guibin.care.personal_data import CareSection
from guibin.privacy.subject import ErasureStep, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    CareSection(
        "opportunities",
        Opportunity,
        (
            *("source", "product_code", "need", "amount_fen", "due_on", "state", "result", "reason", "won_fen"),
            *("sleeps_until", "proved_on", "opened_on", "created_at", "ended_at"),
        ),
        ("note_enc",),
        "created_at",
    ),
)

_EMPTY: Final = text(
    "UPDATE opportunity SET note_enc = NULL, amount_fen = NULL, won_fen = NULL,"
    " need = CASE WHEN need IS NULL THEN NULL ELSE 'other' END,"
    " reason = CASE state WHEN 'refused' THEN 'erased' END,"
    " result = CASE state WHEN 'open' THEN 'erased' ELSE result END,"
    " state = CASE state WHEN 'open' THEN 'lapsed' ELSE state END,"
    " ended_at = coalesce(ended_at, :at) WHERE customer_id = :customer_id RETURNING id"
)


class OpportunityStep:
    """Leaves which products were opened and ended when, for the bank's own figures."""

    tables = frozenset({"opportunity"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty the rows."""
        found = await session.execute(_EMPTY, {"customer_id": customer_id, "at": at})
        return {"opportunity": len(found.all())}


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (OpportunityStep(),)
