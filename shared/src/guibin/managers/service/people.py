"""Who is a manager, and who serves a customer."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.managers import repository
from guibin.managers.capacity.repository import hard_maximum
from guibin.managers.errors import ManagerExists
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import Served
from guibin.organisation.models import Staff
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Scope


async def manager_of(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Served | None:
    """Return who serves a customer today."""
    return await repository.primary_manager(session, scope, customer_id=customer_id, day=clock.today())


async def add_manager(
    session: AsyncSession, scope: Scope, *, actor: Actor, staff_id: UUID, grade: Grade, capacity: int | None
) -> Manager:
    """Make a member of staff a manager of the own branch; without a capacity it is what the grade says.

    Raises:
        NotFound: no such member of staff in the branches of the scope.
        ManagerExists: is one already.
    """
    staff = await session.get(Staff, staff_id)
    if staff is None or not await _stands_within(session, scope, staff):
        raise NotFound
    manager = Manager(
        id=new_id(),
        staff_id=staff_id,
        branch_id=staff.branch_id,
        grade=grade,
        capacity=await hard_maximum(session, grade) if capacity is None else capacity,
        created_at=clock.now(),
    )
    if not await repository.insert_manager(session, manager):
        raise ManagerExists
    await audit.record(
        session,
        actor=actor,
        action="manager.create",
        object_type="manager",
        object_id=to_public("mgr", manager.id),
        facts={"grade": grade, "capacity": manager.capacity},
    )
    return manager


async def _stands_within(session: AsyncSession, scope: Scope, staff: Staff) -> bool:
    return scope.whole_bank or staff.branch_id in await subtree_ids(session, scope.branch_roots)
