"""Assignment in the nightly run and by hand, and who serves whom."""

from collections.abc import Iterable
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
from guibin.managers.models import Coverage, Grade, Manager
from guibin.managers.repository import Served
from guibin.organisation.models import Staff
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Scope
from guibin.tiers.repository import current_tier

TIER_CHANGED, MANAGER_LEFT, CUSTOMER_GONE = "tier_changed", "manager_left", "customer_gone"
BY_RUN, BY_STAFF = "run", "staff"
EXCLUSION_VIOLATED = "23P01"


async def assign(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Give everybody of a managed tier a manager from the next day on, or a place in the queue with the reason.

    A customer whose present manager may not serve the new tier, or has left, is handed over when somebody permitted has
    room, and stays otherwise: nobody is left alone. A second run of the same day changes nothing.
    """
    from_day = day + timedelta(days=1)
    await repository.lock_managers(session)
    gone = await repository.coverage_of_the_gone(session)
    await repository.end_coverage(session, _first_days(gone, from_day), gone, CUSTOMER_GONE)
    needy = await repository.needy_customers(session, day=from_day)
    plan = rules.assign(
        [one.waiting for one in needy], await repository.seats(session), await repository.matrix(session)
    )
    moved = [one for one in needy if one.coverage and one.waiting.customer_id in plan.placed]
    days = dict.fromkeys(plan.placed, from_day) | _first_days([one.coverage for one in moved], from_day)
    for reason, is_served in ((TIER_CHANGED, True), (MANAGER_LEFT, False)):
        ended = [one.coverage for one in moved if one.coverage and one.is_served is is_served]
        await repository.end_coverage(session, days, ended, reason)
    await repository.begin_coverage(session, plan.placed, days, source=BY_RUN, reason="matrix")
    alone = [one.waiting for one in needy if not one.is_served and one.waiting.customer_id in plan.unplaced]
    changed, resolved = await _queue(session, alone, plan, from_day)
    return {
        "assigned": len(plan.placed) - len(moved),
        "handed_over": len(moved),
        "ended": len(gone),
        "queued": changed,
        "resolved": resolved,
        "waiting": len(alone),
    }


def _first_days(ended: Iterable[Coverage | None], from_day: date) -> dict[UUID, date]:
    """Return on which day each coverage ends: the night of an older day cannot end one before it began."""
    return {one.customer_id: max(from_day, one.valid_from) for one in ended if one}


async def _queue(
    session: AsyncSession, alone: list[rules.Waiting], plan: rules.Plan, from_day: date
) -> tuple[int, int]:
    queued = await repository.open_unassigned(session)
    changed = [
        one
        for one in alone
        if (before := queued.get(one.customer_id)) is None
        or (before.reason, before.tier_code, before.branch_id)
        != (plan.unplaced[one.customer_id], one.tier_code, one.branch_id)
    ]
    await repository.put_unassigned(session, changed, plan.unplaced, since=from_day)
    resolved = set(queued) - {one.customer_id for one in alone}
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
    present = await _hold_still(session, customer, manager_id)
    before = {"manager_id": present.manager_id} if present else None
    if present is None or present.manager_id != manager_id:
        await _check_assignee(session, scope, customer, manager_id)
        await _replace(session, present, customer_id=customer.id, manager_id=manager_id, reason=reason)
        await audit.record(
            session,
            actor=actor,
            action="coverage.assign",
            object_type="customer",
            object_id=to_public("cus", customer.id),
            owner_id=customer.id,
            reason=reason,
            scope=scope,
            before=before,
            after={"manager_id": manager_id},
            facts={"manager_id": to_public("mgr", manager_id)},
        )
    served = await manager_of(session, Scope(customer_id=customer.id), customer_id=customer.id)
    if served is None:
        raise NotFound
    return served


async def _hold_still(session: AsyncSession, customer: Customer, manager_id: UUID) -> Coverage | None:
    """Lock the manager and the customer, in the nightly run's order, and return the coverage that is open.

    Raises:
        VersionConflict: it changed while this call waited for the locks.
    """
    seen = await repository.open_coverage(session, customer_id=customer.id)
    seen_id = seen.id if seen else None
    await repository.lock_managers(session, manager_id)
    await repository.lock_customer(session, customer.id)
    present = await repository.open_coverage(session, customer_id=customer.id)
    if (present.id if present else None) != seen_id:
        raise VersionConflict
    return present


async def _replace(
    session: AsyncSession, present: Coverage | None, *, customer_id: UUID, manager_id: UUID, reason: str
) -> None:
    """End the present coverage and begin another one today.

    Raises:
        VersionConflict: somebody else began one meanwhile.
    """
    today = clock.today()
    if present is not None:
        days = {customer_id: max(today, present.valid_from)}
        await repository.end_coverage(session, days, [present], reason)
    try:
        await repository.begin_coverage(
            session, {customer_id: manager_id}, {customer_id: today}, source=BY_STAFF, reason=reason
        )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == EXCLUSION_VIOLATED:
            raise VersionConflict from None
        raise
    await repository.resolve_unassigned(session, [customer_id], on_day=today)


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


async def add_manager(
    session: AsyncSession, scope: Scope, *, actor: Actor, staff_id: UUID, grade: Grade, capacity: int
) -> Manager:
    """Make a member of staff a manager of the own branch.

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
        capacity=capacity,
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
        facts={"grade": grade, "capacity": capacity},
    )
    return manager


async def _stands_within(session: AsyncSession, scope: Scope, staff: Staff) -> bool:
    return scope.whole_bank or staff.branch_id in await subtree_ids(session, scope.branch_roots)
