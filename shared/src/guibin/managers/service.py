"""Assignment in the nightly run and by hand, and who serves whom."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer
from guibin.managers import repository, rules
from guibin.managers.errors import AssigneeInvalid, ManagerExists
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import Served
from guibin.organisation.models import Staff
from guibin.security.actors import Actor, Scope
from guibin.tiers.repository import current_tier

TIER_CHANGED = "tier_changed"
BY_RUN, BY_STAFF = "run", "staff"


async def assign(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Give everybody of a managed tier a manager from the next day on, or a place in the queue with the reason.

    A customer whose present manager may not serve the new tier is handed over when somebody permitted has room, and
    stays otherwise: nobody is left alone. A second run of the same day changes nothing.
    """
    from_day = day + timedelta(days=1)
    needy = await repository.needy_customers(session, day=from_day)
    plan = rules.assign(
        [one.waiting for one in needy], await repository.seats(session), await repository.matrix(session)
    )
    ended = [one.coverage for one in needy if one.coverage and one.waiting.customer_id in plan.placed]
    await repository.end_coverage(session, ended, on_day=from_day, reason=TIER_CHANGED)
    await repository.begin_coverage(session, plan.placed, from_day=from_day, source=BY_RUN, reason="matrix")
    alone = [one.waiting for one in needy if one.coverage is None and one.waiting.customer_id in plan.unplaced]
    changed, resolved = await _queue(session, alone, plan, from_day)
    return {
        "assigned": len(plan.placed) - len(ended),
        "handed_over": len(ended),
        "queued": changed,
        "resolved": resolved,
        "waiting": len(alone),
    }


async def _queue(
    session: AsyncSession, alone: list[rules.Waiting], plan: rules.Plan, from_day: date
) -> tuple[int, int]:
    queued = await repository.open_unassigned(session)
    changed = [
        one
        for one in alone
        if (before := queued.get(one.customer_id)) is None
        or (before.reason, before.tier_code) != (plan.unplaced[one.customer_id], one.tier_code)
    ]
    await repository.put_unassigned(session, changed, plan.unplaced, since=from_day)
    resolved = set(queued) - {one.customer_id for one in alone}
    if resolved:
        await repository.resolve_unassigned(session, resolved, on_day=from_day)
    return len(changed), len(resolved)


async def manager_of(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Served | None:
    """Return who serves a customer today."""
    return await repository.primary_manager(session, scope, customer_id=customer_id, day=clock.today())


async def assign_by_hand(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, manager_id: UUID, reason: str
) -> Served:
    """Let a manager serve a customer from today on; the present manager again changes nothing.

    Raises:
        NotFound: the customer is out of scope.
        AssigneeInvalid: the manager cannot serve this customer.
        VersionConflict: somebody else assigned at the same moment.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    present = await manager_of(session, scope, customer_id=customer.id)
    if present is not None and present.manager.id == manager_id:
        return present
    await _check_assignee(session, scope, customer, manager_id)
    today = clock.today()
    if present is not None:
        locked = await repository.lock_coverage(session, present.coverage)
        if locked.valid_to is not None:
            raise VersionConflict
        await repository.end_coverage(session, [locked], on_day=today, reason=reason)
    try:
        await repository.begin_coverage(
            session, {customer.id: manager_id}, from_day=today, source=BY_STAFF, reason=reason
        )
    except IntegrityError:  # the exclusion constraint: somebody else was first
        raise VersionConflict from None
    await repository.resolve_unassigned(session, [customer.id], on_day=today)
    await audit.record(
        session,
        actor=actor,
        action="coverage.assign",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=reason,
        scope=scope,
        facts={"manager_id": to_public("mgr", manager_id)},
    )
    served = await manager_of(session, scope, customer_id=customer.id)
    if served is None:
        raise NotFound
    return served


async def _check_assignee(session: AsyncSession, scope: Scope, customer: Customer, manager_id: UUID) -> None:
    seat = next((one for one in await repository.seats(session) if one.manager_id == manager_id), None)
    if seat is None:
        raise AssigneeInvalid(reason="inactive")
    if seat.branch_id != customer.branch_id:
        raise AssigneeInvalid(reason="other_branch")
    tier = await current_tier(session, scope, customer_id=customer.id, day=clock.today())
    if tier and tier.managed and (seat.grade, tier.code) not in await repository.matrix(session):
        raise AssigneeInvalid(reason="grade")
    if not seat.has_room:
        raise AssigneeInvalid(reason="no_capacity")


async def add_manager(session: AsyncSession, *, actor: Actor, staff_id: UUID, grade: Grade, capacity: int) -> Manager:
    """Make a member of staff a manager of the own branch.

    Raises:
        NotFound: no such member of staff.
        ManagerExists: is one already.
    """
    staff = await session.get(Staff, staff_id)
    if staff is None:
        raise NotFound
    if await repository.manager_of_staff(session, staff_id) is not None:
        raise ManagerExists
    manager = Manager(
        id=new_id(),
        staff_id=staff_id,
        branch_id=staff.branch_id,
        grade=grade,
        capacity=capacity,
        created_at=clock.now(),
    )
    session.add(manager)
    await audit.record(
        session,
        actor=actor,
        action="manager.create",
        object_type="manager",
        object_id=to_public("mgr", manager.id),
        facts={"grade": grade, "capacity": capacity},
    )
    return manager
