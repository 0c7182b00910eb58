"""What is kept of the care of a customer: shown in a copy with its words; an erasure takes words and kinds of needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import CareTask, Complaint, Need, Promise, Touch
from guibin.care.words import words_of
from guibin.privacy.subject import ErasureStep, Rows, Section
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class CareSection:
    """The rows of one table, the oldest first: plain columns, and the words opened."""

    name: str
    model: type[SQLModel]
    plain: tuple[str, ...]
    sealed: tuple[str, ...]
    order: str

    @property
    def tables(self) -> frozenset[str]:
        """The table that it shows."""
        return frozenset({str(self.model.__tablename__)})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the customer's rows."""
        model: Any = self.model
        table = str(model.__tablename__)
        words = await words_of(session, keys, [customer_id])
        query = select(model).where(col(model.customer_id) == customer_id)
        rows = (await session.exec(query.order_by(col(getattr(model, self.order)), col(model.id)))).all()
        return [
            {name: getattr(row, name) for name in self.plain}
            | {
                column.removesuffix("_enc"): words.open(
                    getattr(row, column), table, column, customer_id=customer_id, row_id=row.id
                )
                for column in self.sealed
            }
            for row in rows
        ]


SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    CareSection(
        "touches",
        Touch,
        ("kind", "channel", "direction", "purpose", "result", "product_code", "at", "minutes"),
        ("note_enc",),
        "at",
    ),
    CareSection(
        "care_tasks",
        CareTask,
        ("kind", "purpose", "origin", "occasion", "due_on", "state", "reason", "created_at", "ended_at"),
        ("note_enc",),
        "created_at",
    ),
    CareSection(
        "needs",
        Need,
        ("category", "state", "due_on", "reason", "created_at", "ended_at"),
        ("text_enc",),
        "created_at",
    ),
    CareSection(
        "promises",
        Promise,
        ("due_on", "state", "reason", "created_at", "ended_at"),
        ("text_enc",),
        "created_at",
    ),
    CareSection(
        "complaints",
        Complaint,
        (
            *("category", "severity", "channel", "state", "answer_due_on", "resolve_due_on", "answered_at"),
            *("resolved_at", "closed_at", "compensation", "satisfied", "created_at"),
        ),
        ("text_enc", "resolution_enc"),
        "created_at",
    ),
)

_EMPTIED: Final = {
    "touch": "UPDATE touch SET note_enc = NULL WHERE customer_id = :customer_id RETURNING id",
    "care_task": (
        "UPDATE care_task SET note_enc = NULL, state = CASE state WHEN 'open' THEN 'lapsed' ELSE state END,"
        " ended_at = coalesce(ended_at, :at) WHERE customer_id = :customer_id RETURNING id"
    ),
    "need": (
        "UPDATE need SET text_enc = NULL, category = 'other', reason = NULL,"
        " state = CASE WHEN state IN ('open', 'proposed') THEN 'lapsed' ELSE state END,"
        " ended_at = coalesce(ended_at, :at) WHERE customer_id = :customer_id RETURNING id"
    ),
    "promise": (
        "UPDATE promise SET text_enc = NULL, reason = CASE state WHEN 'kept' THEN NULL ELSE 'erased' END,"
        " state = CASE state WHEN 'open' THEN 'released' ELSE state END,"
        " ended_at = coalesce(ended_at, :at) WHERE customer_id = :customer_id RETURNING id"
    ),
    "complaint": (
        "UPDATE complaint SET text_enc = NULL, resolution_enc = NULL, state = 'closed',"
        " answered_at = coalesce(answered_at, :at), resolved_at = coalesce(resolved_at, :at),"
        " closed_at = coalesce(closed_at, :at) WHERE customer_id = :customer_id RETURNING id"
    ),
}


class CareStep:
    """Empties the words, ends what is open, and leaves who was in touch when, for the managers' own figures."""

    tables = frozenset(_EMPTIED)

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty the rows of all five tables."""
        counts = {}
        for table, statement in _EMPTIED.items():
            bound = {"customer_id": customer_id} | ({"at": at} if ":at" in statement else {})
            counts[table] = len((await session.execute(text(statement), bound)).all())
        return counts


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (CareStep(),)
