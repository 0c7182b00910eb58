"""Who handed a customer over to whom: shown in a copy with the notes; an erasure empties the notes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.personal_data import CareSection
from guibin.handovers.models import Handover
from guibin.privacy.subject import ErasureStep, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    CareSection(
        "handovers",
        Handover,
        ("on_day", "due_on", "joint_until", "state", "reason", "confirmed_at", "created_at"),
        ("notes_enc",),
        "created_at",
    ),
    QuerySection(
        "handover_items",
        frozenset({"handover_item"}),
        "SELECT handover_id, kind, subject_id, due_on, state FROM handover_item WHERE customer_id = :customer_id"
        " ORDER BY handover_id, kind, subject_id",
    ),
)


class HandoverStep:
    """Empties the notes; who handed over to whom stays, under a pseudonym."""

    tables = frozenset({"handover"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty them, and let nobody be asked to sign any more."""
        statement = text(
            "UPDATE handover SET notes_enc = NULL, state = CASE state WHEN 'open' THEN 'superseded' ELSE state END"
            " WHERE customer_id = :customer_id RETURNING id"
        )
        return {"handover": len((await session.execute(statement, {"customer_id": customer_id})).all())}


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (HandoverStep(),)
