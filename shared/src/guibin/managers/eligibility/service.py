"""Commands on eligibility: what managers can and may, what customers ask for, who must not serve whom."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.managers import repository
from guibin.managers.capacity.errors import CapacityInvalid
from guibin.managers.eligibility.models import ManagerConflict, ManagerLicence, ServiceNeed
from guibin.managers.joint import service as joint
from guibin.managers.models import Grade, Manager
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Scope
from guibin.tiers.errors import PeriodInvalid


@dataclass(frozen=True)
class Profile:
    """What is said of a manager; a limit that is None is the grade's."""

    grade: Grade
    capacity: int
    soft_capacity: int | None
    hard_minutes: int | None
    soft_minutes: int | None
    serves_subtree: bool
    languages: Sequence[str]
    skills: Sequence[str]


async def require_within(session: AsyncSession, scope: Scope, manager: Manager) -> None:
    """Hold a manager to the branches of a scope.

    Raises:
        NotFound: the manager stands elsewhere.
    """
    if not scope.whole_bank and manager.branch_id not in await subtree_ids(session, scope.branch_roots):
        raise NotFound


async def edit_manager(session: AsyncSession, manager: Manager, *, actor: Actor, profile: Profile) -> Manager:
    """Replace what is said of a locked manager; who is served already stays.

    Raises:
        CapacityInvalid: a soft maximum is above the hard one.
    """
    if profile.soft_capacity is not None and profile.soft_capacity > profile.capacity:
        raise CapacityInvalid
    if profile.soft_minutes is not None and profile.soft_minutes > (profile.hard_minutes or profile.soft_minutes):
        raise CapacityInvalid
    before = _document(manager)
    for name, value in asdict(profile).items():
        setattr(manager, name, value)
    manager.languages, manager.skills = sorted(set(profile.languages)), sorted(set(profile.skills))
    manager.revision += 1
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="manager.edit",
        object_type="manager",
        object_id=to_public("mgr", manager.id),
        before=before,
        after=_document(manager),
        facts={"revision": manager.revision},
    )
    return manager


def _document(manager: Manager) -> dict[str, object]:
    return {name: getattr(manager, name) for name in Profile.__dataclass_fields__}


async def put_licence(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    manager_id: UUID,
    licence: str,
    valid_from: date,
    valid_to: date,
) -> None:
    """Give a manager a licence for a period, or another period for one that there is; one that ends today is gone.

    Raises:
        NotFound: no such manager in the branches of the scope.
        PeriodInvalid: it ends before it begins.
    """
    person = await repository.get_person(session, manager_id)
    await require_within(session, scope, person.manager)
    if valid_to <= valid_from:
        raise PeriodInvalid
    found = await session.get(ManagerLicence, (manager_id, licence))
    before = None if found is None else {"valid_from": found.valid_from, "valid_to": found.valid_to}
    row = ManagerLicence(manager_id=manager_id, licence=licence, valid_from=valid_from, valid_to=valid_to)
    await session.merge(row)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="manager.licence",
        object_type="manager",
        object_id=to_public("mgr", manager_id),
        before=None if before is None else {name: day.isoformat() for name, day in before.items()},
        after={"valid_from": valid_from.isoformat(), "valid_to": valid_to.isoformat()},
        facts={"licence": licence},
    )


@dataclass(frozen=True)
class Needs:
    """What a customer asks of a manager, and whom the customer would like."""

    language: str | None
    skills: Sequence[str]
    wished_manager_id: UUID | None
    introducer_id: UUID | None


async def put_needs(
    session: AsyncSession, scope: Scope, customer: Customer, *, actor: Actor, found: ServiceNeed | None, needs: Needs
) -> ServiceNeed:
    """Set what a customer in scope asks for, `found` being the locked row that there is.

    Raises:
        NotFound: a manager who is named is none.
    """
    for manager_id in (needs.wished_manager_id, needs.introducer_id):
        if manager_id is not None:
            await repository.get_person(session, manager_id)
    row = found or ServiceNeed(customer_id=customer.id, revision=0, updated_at=clock.now())
    row.language, row.skills = needs.language, sorted(set(needs.skills))
    row.wished_manager_id, row.introducer_id = needs.wished_manager_id, needs.introducer_id
    row.revision += 1
    row.updated_at = clock.now()
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="customer.service_needs",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        scope=scope,
        facts={"revision": row.revision},
    )
    return row


async def set_conflict(
    session: AsyncSession,
    scope: Scope,
    customer: Customer,
    *,
    actor: Actor,
    manager_id: UUID,
    reason: str,
    stands: bool,
) -> None:
    """Declare that a manager must not serve a customer in scope, or withdraw it; who serves the customer now stays.

    Who only accompanies the customer does so no longer.

    Raises:
        NotFound: there is no such manager, or nothing to withdraw.
    """
    await repository.get_person(session, manager_id)
    row = await session.get(ManagerConflict, (customer.id, manager_id), with_for_update=True)
    if row is None:
        if not stands:
            raise NotFound
        row = ManagerConflict(
            customer_id=customer.id, manager_id=manager_id, reason=reason, declared_by=actor.id, declared_at=clock.now()
        )
    row.withdrawn_at = None if stands else clock.now()
    if stands:
        row.reason, row.declared_by, row.declared_at = reason, actor.id, clock.now()
    session.add(row)
    await session.flush()
    if stands:
        await joint.uphold(session, customer_ids=[customer.id])
    await audit.record(
        session,
        actor=actor,
        action="customer.manager_conflict" if stands else "customer.manager_conflict_withdrawn",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        scope=scope,
        reason=reason,
        facts={"manager_id": to_public("mgr", manager_id)},
    )
