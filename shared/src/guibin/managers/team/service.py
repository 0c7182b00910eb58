"""The team around a customer: who serves beside the primary manager, and who does not any more."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.managers import repository
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.models import Coverage, CoverageRole
from guibin.managers.stability import gradual
from guibin.managers.team.rules import Member, unfit
from guibin.security.actors import Actor, Scope

BY_STAFF: Final = "staff"


async def join(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    manager_id: UUID,
    role: CoverageRole,
    reason: str,
) -> UUID:
    """Let somebody serve a customer beside the primary manager from today on; returns who the customer is now.

    Raises:
        NotFound: the customer is out of scope.
        AssigneeInvalid: no active manager, of another branch, the primary manager, or in this role already.
    """
    customer = await _locked(session, scope, customer_id)
    found = await repository.list_managers(session, limit=1, manager_id=manager_id)
    today = clock.today()
    team = await repository.team_on(session, Scope(customer_id=customer.id), customer_id=customer.id, day=today)
    member = Member(
        manager_id,
        role,
        is_active=any(one.manager.active and one.staff.active for one in found),
        is_of_branch=any(one.manager.branch_id == customer.branch_id for one in found),
    )
    reason_against = unfit(member, {(one.manager.id, CoverageRole(one.coverage.role)) for one in team})
    if reason_against is not None:
        raise AssigneeInvalid(reason=reason_against)
    await repository.begin_coverage(
        session, {customer.id: manager_id}, {customer.id: today}, source=BY_STAFF, reason=reason, role=role
    )
    await _record(session, actor, scope, customer, "coverage.join", manager_id, role, reason)
    return customer.id


async def leave(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    manager_id: UUID,
    role: CoverageRole,
    reason: str,
) -> UUID:
    """Let somebody serve a customer in a role no longer; sight of the customer ends at once. Again changes nothing.

    Raises:
        NotFound: the customer is out of scope.
        AssigneeInvalid: the manager has never had this role.
    """
    customer = await _locked(session, scope, customer_id)
    history = await repository.list_coverage(session, Scope(customer_id=customer.id), customer_id=customer.id)
    had = [one for one in history if (one.manager_id, one.role) == (manager_id, role)]
    if not had:
        raise AssigneeInvalid(reason="no_role")
    standing = [one for one in had if one.valid_to is None]
    if standing:
        await _end(session, standing[0], reason)
        await _record(session, actor, scope, customer, "coverage.leave", manager_id, role, reason)
    return customer.id


async def _end(session: AsyncSession, standing: Coverage, reason: str) -> None:
    day = max(clock.today(), standing.valid_from)
    if standing.role == CoverageRole.SECOND:
        await gradual.cancel_of(session, standing, on_day=day)
    await repository.end_coverage(session, {standing.customer_id: day}, [standing], reason)


async def _locked(session: AsyncSession, scope: Scope, customer_id: UUID) -> Customer:
    customer = await get_customer(session, scope, customer_id=customer_id)
    await lock_customers(session, [customer.id])
    return customer


async def _record(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    customer: Customer,
    action: str,
    manager_id: UUID,
    role: CoverageRole,
    reason: str,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=reason,
        scope=scope,
        facts={"manager_id": to_public("mgr", manager_id), "role": role},
    )
