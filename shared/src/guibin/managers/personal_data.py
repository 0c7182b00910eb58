"""Who served a customer, by the manager's business name: for a copy of the data, and for an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import case, literal, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.claims.models import ClaimDispute
from guibin.managers.eligibility.models import ManagerConflict, ServiceNeed
from guibin.managers.models import Coverage, Manager
from guibin.organisation.models import Staff
from guibin.organisation.service import staff_name
from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Rows, Section
from guibin.security.ciphers import KeyRing


class ManagersSection:
    """The history of managers."""

    name = "managers"
    tables = frozenset({"coverage"})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return who served from when to when."""
        query = (
            select(Coverage, Manager, Staff)
            .join(Manager, col(Manager.id) == col(Coverage.manager_id))
            .join(Staff, col(Staff.id) == col(Manager.staff_id))
            .where(Coverage.customer_id == customer_id)
            .order_by(col(Coverage.valid_from))
        )
        return [
            {
                "manager": staff_name(keys, staff),
                "grade": manager.grade,
                "role": served.role,
                "from": served.valid_from,
                "to": served.valid_to,
            }
            for served, manager, staff in (await session.exec(query)).all()
        ]


WISHES: Final = QuerySection(
    "manager_wishes",
    frozenset({"manager_wish"}),
    "SELECT wish, reason, state, uttered_at, answered_at FROM manager_wish"
    " WHERE customer_id = :customer_id ORDER BY id",
)
"""What the customer wished of the manager, and what became of it."""


CLAIMS: Final = QuerySection(
    "manager_claims",
    frozenset({"claim"}),
    "SELECT origin, valid_from, valid_to, end_reason FROM claim WHERE customer_id = :customer_id ORDER BY id",
)
"""When some manager was the first choice for the customer, and what gave it."""


class ServiceNeedsSection:
    """What the customer asks of a manager, and whom the customer must not have."""

    name = "manager_needs"
    tables = frozenset({"service_need", "manager_conflict"})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the needs, and the conflicts that stand."""
        needs = (await session.exec(select(ServiceNeed).where(ServiceNeed.customer_id == customer_id))).all()
        conflicts = select(ManagerConflict).where(
            ManagerConflict.customer_id == customer_id, col(ManagerConflict.withdrawn_at).is_(None)
        )
        rows: Rows = [{"kind": "need", "language": one.language, "skills": one.skills, "reason": None} for one in needs]
        rows += [
            {"kind": "conflict", "language": None, "skills": [], "reason": one.reason}
            for one in (await session.exec(conflicts)).all()
        ]
        return rows


SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (ManagersSection(), WISHES, CLAIMS, ServiceNeedsSection())


class EmptiedNeeds:
    """What a customer asked of a manager goes, and why one must not serve the customer."""

    tables = frozenset({"service_need", "manager_conflict"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty the rows; that somebody must not serve the customer stays, the reason does not."""
        nothing: dict[str, object] = {
            "language": None,
            "skills": [],
            "wished_manager_id": None,
            "introducer_id": None,
            "updated_at": at,
        }
        needs = update(ServiceNeed).where(col(ServiceNeed.customer_id) == customer_id).values(nothing)
        conflicts = update(ManagerConflict).where(col(ManagerConflict.customer_id) == customer_id).values(reason="")
        counts = [len((await session.execute(one.returning(literal(1)))).all()) for one in (needs, conflicts)]
        return dict(zip(("service_need", "manager_conflict"), counts, strict=True))


class EmptiedDisputes:
    """What was said of a customer in disputes among managers goes."""

    tables = frozenset({"claim_dispute"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty the words; that there was a dispute, and who lost it, stays."""
        words = {"reason": "", "ruling": case((col(ClaimDispute.ruling).is_(None), None), else_="")}
        statement = update(ClaimDispute).where(col(ClaimDispute.customer_id) == customer_id).values(words)
        return {"claim_dispute": len((await session.execute(statement.returning(literal(1)))).all())}


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (ForgottenRows(("unassigned",)), EmptiedNeeds(), EmptiedDisputes())
