"""Who served a customer, by the manager's business name: for a copy of the data, and for an erasure."""

from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

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

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (ManagersSection(), WISHES)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (ForgottenRows(("unassigned",)),)
