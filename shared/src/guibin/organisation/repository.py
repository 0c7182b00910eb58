"""All SQL of the organisation."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.organisation.models import Branch, BranchClosure, RoleGrant, ServiceClient, Staff, StaffRole
from guibin.security.actors import DataScope, Domain, Grant, Verb


async def list_branches(session: AsyncSession) -> Sequence[Branch]:
    """Return the whole tree, ordered by code."""
    return (await session.exec(select(Branch).order_by(Branch.code))).all()


async def branch_by_code(session: AsyncSession, code: str) -> Branch | None:
    """Return the branch of a code."""
    return (await session.exec(select(Branch).where(Branch.code == code))).first()


async def subtree_ids(session: AsyncSession, roots: Iterable[UUID]) -> list[UUID]:
    """Return the nodes below some roots, the roots included."""
    query = select(BranchClosure.descendant_id).where(col(BranchClosure.ancestor_id).in_(list(roots))).distinct()
    return list((await session.exec(query)).all())


async def ancestor_ids(session: AsyncSession, branch_id: UUID) -> list[UUID]:
    """Return the nodes above a node, the node included."""
    query = select(BranchClosure.ancestor_id).where(BranchClosure.descendant_id == branch_id)
    return list((await session.exec(query)).all())


async def staff_by_no(session: AsyncSession, no: str) -> Staff | None:
    """Return the member of staff of a number, active or not."""
    return (await session.exec(select(Staff).where(Staff.no == no))).first()


async def service_by_name(session: AsyncSession, name: str) -> ServiceClient | None:
    """Return the service client of a name, active or not."""
    return (await session.exec(select(ServiceClient).where(ServiceClient.name == name))).first()


async def staff_by_subject(session: AsyncSession, *, issuer: str, subject: str) -> Staff | None:
    """Return the active member of staff that a token's issuer and subject name."""
    query = select(Staff).where(Staff.issuer == issuer, Staff.subject == subject, col(Staff.active).is_(True))
    return (await session.exec(query)).first()


async def service_by_subject(session: AsyncSession, *, issuer: str, subject: str) -> ServiceClient | None:
    """Return the active service client that a token's issuer and subject name."""
    query = select(ServiceClient).where(
        ServiceClient.issuer == issuer, ServiceClient.subject == subject, col(ServiceClient.active).is_(True)
    )
    return (await session.exec(query)).first()


async def roles_and_grants(session: AsyncSession, staff_id: UUID) -> tuple[frozenset[str], list[Grant]]:
    """Return a member of staff's roles and the grants that follow from them, as they stand now."""
    query = (
        select(StaffRole, RoleGrant)
        .join(RoleGrant, col(RoleGrant.role) == col(StaffRole.role), isouter=True)
        .where(StaffRole.staff_id == staff_id)
    )
    rows = (await session.exec(query)).all()
    grants = [_grant(role, grant) for role, grant in rows if grant is not None]
    return frozenset(role.role for role, _ in rows), grants


async def grants_of(session: AsyncSession, staff_id: UUID) -> Sequence[Grant]:
    """Return the grants of an active member of staff; none for one who is not active."""
    staff = await session.get(Staff, staff_id)
    if staff is None or not staff.active:
        return []
    return (await roles_and_grants(session, staff_id))[1]


def _grant(role: StaffRole, grant: RoleGrant) -> Grant:
    data = DataScope(grant.data)
    return Grant(
        verb=Verb(grant.verb),
        domain=Domain(grant.domain),
        data=data,
        branch_id=role.branch_id if data is DataScope.SUBTREE else None,
        limit_fen=grant.limit_fen,
    )
