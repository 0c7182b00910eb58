"""What gives permissions is asked for by one administrator and agreed to by another, and never for the own person.

Three kinds of requests: the roles of somebody, the grants of a role, and cover for somebody who is away.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound, NothingToChange
from guibin.core.ids import StaffId, new_id, to_public
from guibin.organisation import repository
from guibin.organisation.errors import RoleUnknown, SelfGrant, StaffDisabled
from guibin.organisation.models import RoleGrant, Staff, StaffDelegation
from guibin.security.actors import Actor, DataScope, Domain, Verb

_BEFORE_AND_AFTER = MappingProxyType({"before": Label("变更前", "Before"), "after": Label("变更后", "After")})


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True)


class RoleAt(_Payload):
    """A role at a node of the organisation."""

    role: str
    branch_code: str

    def describe(self) -> str:
        """Write the pair for people."""
        return f"{self.role} @ {self.branch_code}"


class RolesOf(_Payload):
    """All roles that somebody shall have: what is not named ends."""

    staff_id: StaffId
    roles: tuple[RoleAt, ...]
    reason: str


class GrantOf(_Payload):
    """One grant of a role, without the role."""

    verb: Verb
    domain: Domain
    data: DataScope
    limit_fen: int | None = None
    per_day: int | None = None
    row_limit: int | None = None

    def describe(self) -> str:
        """Write the grant for people: verb, domain, whose data, and the limits that it has."""
        limits = {"limit_fen": self.limit_fen, "per_day": self.per_day, "row_limit": self.row_limit}
        bounds = [f"{name} {value}" for name, value in limits.items() if value is not None]
        return ", ".join([f"{self.verb} {self.domain} {self.data}", *bounds])


class GrantsOf(_Payload):
    """All grants that a role shall have: what is not named is taken away."""

    role: str
    grants: tuple[GrantOf, ...]
    reason: str


class Cover(_Payload):
    """Who stands in for whom, from when to when, at most 30 days."""

    staff_id: StaffId
    deputy_id: StaffId
    valid_from: datetime
    valid_to: datetime
    reason: str


async def submit_roles(session: AsyncSession, wanted: RolesOf, *, actor: Actor) -> Approval:
    """Ask for the roles of somebody.

    Raises:
        NotFound, StaffDisabled: no such person or branch, or nobody who works here any more.
        RoleUnknown, SelfGrant, NothingToChange: not this role, not for oneself, or so already.
    """
    staff = await _person(session, wanted.staff_id)
    await _refuse_self(session, [actor.id], [staff.id])
    before, after = await _roles_now(session, staff.id), {one.describe() for one in wanted.roles}
    await _check_roles(session, wanted)
    return await _submit(session, actor, RolesHandler, staff.no, wanted, before=before, after=after)


async def submit_grants(session: AsyncSession, wanted: GrantsOf, *, actor: Actor) -> Approval:
    """Ask for the grants of a role, which may be a new one.

    Raises:
        SelfGrant, NothingToChange: the actor has this role, or it has these grants already.
    """
    await _refuse_self(session, [actor.id], await repository.holders_of(session, wanted.role))
    before = {grant.describe() for grant in await grants_now(session, wanted.role)}
    after = {grant.describe() for grant in wanted.grants}
    return await _submit(session, actor, GrantsHandler, wanted.role, wanted, before=before, after=after)


async def submit_cover(session: AsyncSession, wanted: Cover, *, actor: Actor) -> Approval:
    """Ask that somebody stands in for another for a time.

    Raises:
        NotFound, StaffDisabled: one of the two.
        SelfGrant: the actor is the deputy, or would have a deputy for what is the actor's own.
    """
    staff, deputy = await _person(session, wanted.staff_id), await _person(session, wanted.deputy_id)
    await _refuse_self(session, [actor.id], [staff.id, deputy.id])
    after = {f"{deputy.no} for {staff.no}, {wanted.valid_from.isoformat()} to {wanted.valid_to.isoformat()}"}
    return await _submit(session, actor, CoverHandler, staff.no, wanted, before=set(), after=after)


async def grants_now(session: AsyncSession, role: str) -> list[GrantOf]:
    """Return the grants of a role that are in force."""
    rows = await repository.list_grants(session, role=role)
    return [TypeAdapter(GrantOf).validate_python(row.model_dump(include=set(GrantOf.model_fields))) for row in rows]


class RolesHandler(ApprovalHandler):
    """Gives and ends the roles of somebody."""

    kind = "staff.roles"
    domain = Domain.ORGANISATION
    title = Label("员工角色", "Roles of a member of staff")
    labels: ClassVar[Mapping[str, Label]] = _BEFORE_AND_AFTER

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let exactly these roles hold from now on.

        Raises:
            StateConflict: the person has other roles than the approver was shown.
        """
        wanted = RolesOf.model_validate(payload)
        staff = await _person(session, wanted.staff_id)
        await _refuse_self(session, [context.maker_id, context.approver.id], [staff.id])
        await _check_roles(session, wanted)
        before = await _roles_now(session, staff.id)
        _refuse_changed(before, payload)
        places = [(one.role, one.branch_code) for one in wanted.roles]
        await repository.replace_roles(session, staff.id, places, now=clock.now())
        after = await _roles_now(session, staff.id)
        await _record(session, context, self.kind, to_public("stf", staff.id), before, after, wanted.reason)


class GrantsHandler(ApprovalHandler):
    """Gives a role its grants and takes the others away."""

    kind = "role.grants"
    domain = Domain.ORGANISATION
    title = Label("角色授权", "Grants of a role")
    labels: ClassVar[Mapping[str, Label]] = _BEFORE_AND_AFTER

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let exactly these grants hold from the next request on.

        Raises:
            StateConflict: the role has other grants than the approver was shown.
        """
        wanted = GrantsOf.model_validate(payload)
        holders = await repository.holders_of(session, wanted.role)
        await _refuse_self(session, [context.maker_id, context.approver.id], holders)
        await repository.lock_grants(session, wanted.role)
        before = {grant.describe() for grant in await grants_now(session, wanted.role)}
        _refuse_changed(before, payload)
        rows = [RoleGrant(role=wanted.role, active=True, **grant.model_dump()) for grant in wanted.grants]
        await repository.replace_grants(session, wanted.role, rows)
        after = {grant.describe() for grant in await grants_now(session, wanted.role)}
        await _record(session, context, self.kind, wanted.role, before, after, wanted.reason)


class CoverHandler(ApprovalHandler):
    """Lets somebody stand in for another."""

    kind = "staff.cover"
    domain = Domain.ORGANISATION
    title = Label("代班授权", "Cover for somebody who is away")
    labels: ClassVar[Mapping[str, Label]] = _BEFORE_AND_AFTER

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Keep the cover; it begins and ends by itself."""
        wanted = Cover.model_validate(payload)
        for staff_id in (wanted.staff_id, wanted.deputy_id):
            await _person(session, staff_id)
        people = [wanted.staff_id, wanted.deputy_id]
        await _refuse_self(session, [context.maker_id, context.approver.id], people)
        cover = StaffDelegation(id=new_id(), created_by=context.maker_id, created_at=clock.now(), **dict(wanted))
        session.add(cover)
        after = {f"{to_public('stf', wanted.deputy_id)} until {wanted.valid_to.isoformat()}"}
        await _record(session, context, self.kind, to_public("stf", wanted.staff_id), set(), after, wanted.reason)


async def _person(session: AsyncSession, staff_id: UUID) -> Staff:
    staff = await repository.lock_staff(session, staff_id)
    if staff is None:
        raise NotFound
    if not staff.active:
        raise StaffDisabled
    return staff


async def _refuse_self(session: AsyncSession, deciders: Sequence[UUID], receivers: Sequence[UUID]) -> None:
    for decider in deciders:
        for receiver in receivers:
            if await repository.is_same_person(session, decider, receiver):
                raise SelfGrant


def _refuse_changed(before: set[str], payload: Mapping[str, object]) -> None:
    """Refuse what was asked for over another state: it would give back what somebody else took away since."""
    if sorted(before) != payload.get("before"):
        raise StateConflict(**{"from": "changed", "to": "changed"})


async def _check_roles(session: AsyncSession, wanted: RolesOf) -> None:
    known = await repository.list_roles(session)
    for one in wanted.roles:
        if one.role not in known:
            raise RoleUnknown(role=one.role)
        if await repository.branch_by_code(session, one.branch_code) is None:
            raise NotFound


async def _roles_now(session: AsyncSession, staff_id: UUID) -> set[str]:
    held = (await repository.roles_of(session, [staff_id])).get(staff_id, [])
    return {RoleAt(role=role, branch_code=code).describe() for role, code in held}


async def _submit(
    session: AsyncSession,
    actor: Actor,
    handler: type[ApprovalHandler],
    subject: str,
    wanted: _Payload,
    *,
    before: set[str],
    after: set[str],
) -> Approval:
    if before == after:
        raise NothingToChange
    return await approvals.submit(
        session,
        actor=actor,
        kind=handler.kind,
        domain=handler.domain,
        subject=subject,
        payload={**wanted.model_dump(mode="json"), "before": sorted(before)},
        preview={"before": sorted(before), "after": sorted(after)},
    )


async def _record(
    session: AsyncSession,
    context: ApprovalContext,
    action: str,
    object_id: str,
    before: set[str],
    after: set[str],
    reason: str,
) -> None:
    given, taken = sorted(after - before), sorted(before - after)
    await audit.record(
        session,
        actor=context.approver,
        action=action,
        object_type="role" if action == GrantsHandler.kind else "staff",
        object_id=object_id,
        on_behalf_id=context.maker_id,
        reason=reason,
        facts={"given": given, "taken": taken, "approval": to_public("apr", context.approval_id)},
    )
