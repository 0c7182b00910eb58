"""All SQL of the organisation."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.organisation.models import (
    BookCover,
    Branch,
    BranchClosure,
    BranchKind,
    RevokedToken,
    RoleGrant,
    ServiceClient,
    Staff,
    StaffDelegation,
    StaffRole,
)
from guibin.security.actors import DataScope, Domain, Grant, Verb
from guibin.security.tokens import VerifiedToken

LONGEST_DELEGATION: Final = timedelta(days=30)


async def list_branches(session: AsyncSession) -> Sequence[Branch]:
    """Return the whole tree, ordered by code."""
    return (await session.exec(select(Branch).order_by(Branch.code))).all()


async def get_branch(session: AsyncSession, branch_id: UUID) -> Branch:
    """Return a node of the tree.

    Raises:
        NotFound: there is none.
    """
    found = await session.get(Branch, branch_id)
    if found is None:
        raise NotFound
    return found


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


async def common_ancestor(session: AsyncSession, branch_ids: Iterable[UUID]) -> UUID:
    """Return the lowest node that stands over all of some branches: an approver must stand there or above."""
    above = [await ancestor_ids(session, branch_id) for branch_id in sorted(branch_ids)]
    common = set(above[0]).intersection(*above[1:])
    depths = {node: len(await ancestor_ids(session, node)) for node in common}
    return max(common, key=lambda node: depths[node])


async def staff_by_no(session: AsyncSession, no: str) -> Staff | None:
    """Return the member of staff of a number, active or not."""
    return (await session.exec(select(Staff).where(Staff.no == no))).first()


async def service_by_name(session: AsyncSession, name: str) -> ServiceClient | None:
    """Return the service client of a name, active or not."""
    return (await session.exec(select(ServiceClient).where(ServiceClient.name == name))).first()


@dataclass(frozen=True)
class KnownStaff:
    """An active member of staff as a token names one: the roles and grants in force now, own ones and a deputy's."""

    id: UUID
    no: str
    roles: frozenset[str]
    grants: list[Grant]


async def staff_by_token(session: AsyncSession, token: VerifiedToken, *, now: datetime) -> KnownStaff | None:
    """Return the member of staff of a token with everything that permission depends on, in one question.

    None when nobody active is known by its issuer and subject, when it was issued before the account's tokens count,
    or when it or its session is revoked.
    """
    held = _held_roles(now)
    query = (
        sa.select(
            *(col(Staff.id), col(Staff.no), held.c.role, held.c.branch_id, held.c.is_deputy, RoleGrant),
            _covered_by(now).label("stands_in_for"),
        )
        .join(held, held.c.staff_id == col(Staff.id), isouter=True)
        .join(RoleGrant, sa.and_(col(RoleGrant.role) == held.c.role, col(RoleGrant.active).is_(True)), isouter=True)
        .where(
            col(Staff.issuer) == token.issuer,
            col(Staff.subject) == token.subject,
            col(Staff.active).is_(True),
            sa.or_(col(Staff.not_before).is_(None), col(Staff.not_before) <= token.issued_at),
            _is_not_revoked(token),
        )
    )
    rows = (await session.execute(query)).all()
    if not rows:
        return None
    roles = frozenset(row.role for row in rows if row.role is not None)
    return KnownStaff(rows[0].id, rows[0].no, roles, list(_grants(rows)))


async def service_by_token(session: AsyncSession, token: VerifiedToken) -> ServiceClient | None:
    """Return the active service client of a token that is not revoked."""
    query = select(ServiceClient).where(
        ServiceClient.issuer == token.issuer,
        ServiceClient.subject == token.subject,
        col(ServiceClient.active).is_(True),
        _is_not_revoked(token),
    )
    return (await session.exec(query)).first()


async def head_office(session: AsyncSession) -> Branch | None:
    """Return the head office; None before there is one."""
    return (await session.exec(select(Branch).where(Branch.kind == BranchKind.HEAD_OFFICE))).first()


async def chain_of(session: AsyncSession, owner: str | None) -> UUID | None:
    """Return where whoever approves for a branch, given by its code, must stand: there or above it.

    What belongs to no branch, or to one that there is not, is head office's. None before there is a head office.
    """
    found = None if owner is None else await branch_by_code(session, owner)
    found = found or await head_office(session)
    return None if found is None else found.id


async def roles_and_grants(session: AsyncSession, staff_id: UUID) -> tuple[frozenset[str], list[Grant]]:
    """Return the roles of an active member of staff and the grants that follow from them, as they stand now."""
    now = clock.now()
    held = _held_roles(now)
    query = (
        sa.select(
            *(held.c.role, held.c.branch_id, held.c.is_deputy, RoleGrant), _covered_by(now).label("stands_in_for")
        )
        .join(Staff, col(Staff.id) == held.c.staff_id)
        .join(RoleGrant, sa.and_(col(RoleGrant.role) == held.c.role, col(RoleGrant.active).is_(True)), isouter=True)
        .where(held.c.staff_id == staff_id, col(Staff.active).is_(True))
    )
    rows = (await session.execute(query)).all()
    return frozenset(row.role for row in rows), list(_grants(rows))


async def grants_of(session: AsyncSession, staff_id: UUID) -> Sequence[Grant]:
    """Return the grants of an active member of staff; none for one who is not active."""
    return (await roles_and_grants(session, staff_id))[1]


async def is_same_person(session: AsyncSession, one: UUID, other: UUID) -> bool:
    """Tell whether two staff accounts count as one person where two have to agree.

    They do when they are one account, when both belong to one person, or when one of them stands, stood or will stand
    in for the other: by cover that is agreed, and over for no longer than the longest life of a delegation.
    """
    if one == other:
        return True
    first, second = aliased(Staff), aliased(Staff)
    accounts = sa.select(sa.literal(1)).where(
        col(first.id) == one, col(second.id) == other, col(first.person_ref) == col(second.person_ref)
    )
    pair = [one, other]
    cover = sa.select(sa.literal(1)).where(
        col(StaffDelegation.staff_id).in_(pair),
        col(StaffDelegation.deputy_id).in_(pair),
        col(StaffDelegation.valid_to) > clock.now() - LONGEST_DELEGATION,
    )
    return bool((await session.execute(sa.select(sa.or_(accounts.exists(), cover.exists())))).scalar_one())


def _held_roles(now: datetime) -> CTE:
    """Select who holds which role where: roles given, and roles of those for whom somebody stands in now."""
    role, branch, given = col(StaffRole.role), col(StaffRole.branch_id), col(StaffRole.ended_at).is_(None)
    own = sa.select(col(StaffRole.staff_id), role, branch, sa.literal(value=False).label("is_deputy")).where(given)
    as_deputy = (
        sa.select(col(StaffDelegation.deputy_id), role, branch, sa.literal(value=True))
        .join(StaffRole, col(StaffRole.staff_id) == col(StaffDelegation.staff_id))
        .join(Staff, col(Staff.id) == col(StaffDelegation.staff_id))
        .where(
            given,
            col(Staff.active).is_(True),
            col(StaffDelegation.valid_from) <= now,
            col(StaffDelegation.valid_to) > now,
        )
    )
    return sa.union_all(own, as_deputy).cte("held")


def _covered_by(now: datetime) -> sa.ScalarSelect[Any]:
    """Select those whose own customers a member of staff serves on the day, while they are away."""
    day = clock.business_day(now)
    return (
        sa.select(sa.func.array_agg(col(BookCover.staff_id)))
        .where(
            col(BookCover.deputy_id) == col(Staff.id), col(BookCover.valid_from) <= day, col(BookCover.valid_to) > day
        )
        .scalar_subquery()
    )


def _is_not_revoked(token: VerifiedToken) -> ColumnElement[bool]:
    names = (col(RevokedToken.token_id) == name for name in (token.token_id, token.session_id) if name is not None)
    revoked = sa.select(sa.literal(1)).where(col(RevokedToken.issuer) == token.issuer, sa.or_(sa.false(), *names))
    return ~revoked.exists()


def _grants(rows: Iterable[Any]) -> Iterator[Grant]:
    """Make the grants of roles; somebody's own customers pass to who stands in for the book, not with the role."""
    for row in rows:
        grant: RoleGrant | None = row.RoleGrant
        if grant is None or (row.is_deputy and grant.data == DataScope.OWN_CUSTOMERS):
            continue
        data = DataScope(grant.data)
        yield Grant(
            verb=Verb(grant.verb),
            domain=Domain(grant.domain),
            data=data,
            branch_id=row.branch_id if data is DataScope.SUBTREE else None,
            limit_fen=grant.limit_fen,
            per_day=grant.per_day,
            row_limit=grant.row_limit,
            stands_in_for=tuple(row.stands_in_for or ()) if data is DataScope.OWN_CUSTOMERS else (),
        )


async def every_staff(session: AsyncSession) -> Sequence[Staff]:
    """Return all members of staff, those who have left too."""
    return (await session.exec(select(Staff))).all()


async def list_staff(
    session: AsyncSession,
    *,
    limit: int,
    after: UUID | None = None,
    branch_id: UUID | None = None,
    active: bool | None = None,
) -> Sequence[Staff]:
    """Return members of staff by id: of a branch and all below it, and active or not, where that is asked for."""
    query = select(Staff).order_by(col(Staff.id)).limit(limit)
    if after is not None:
        query = query.where(col(Staff.id) > after)
    if branch_id is not None:
        below = select(BranchClosure.descendant_id).where(BranchClosure.ancestor_id == branch_id)
        query = query.where(col(Staff.branch_id).in_(below))
    if active is not None:
        query = query.where(col(Staff.active).is_(active))
    return (await session.exec(query)).all()


async def insert_staff(session: AsyncSession, staff: Staff) -> bool:
    """Add a member of staff; False when the number or the subject is taken."""
    statement = insert(Staff).values(**staff.model_dump()).on_conflict_do_nothing().returning(col(Staff.id))
    return (await session.execute(statement)).first() is not None


async def lock_staff(session: AsyncSession, staff_id: UUID) -> Staff | None:
    """Return a member of staff for a change; the account is changed by one at a time."""
    return (await session.exec(select(Staff).where(Staff.id == staff_id).with_for_update())).first()


async def insert_revocation(session: AsyncSession, revocation: RevokedToken) -> None:
    """Revoke a token or session; again changes nothing."""
    await session.execute(insert(RevokedToken).values(**revocation.model_dump()).on_conflict_do_nothing())


async def roles_of(session: AsyncSession, staff_ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """Return the roles that people hold now, each with the code of its branch."""
    query = (
        select(StaffRole, Branch.code)
        .join(Branch, col(Branch.id) == col(StaffRole.branch_id))
        .where(col(StaffRole.staff_id).in_(staff_ids), col(StaffRole.ended_at).is_(None))
        .order_by(col(StaffRole.role), col(Branch.code))
    )
    held: dict[UUID, list[tuple[str, str]]] = {}
    for role, code in (await session.exec(query)).all():
        held.setdefault(role.staff_id, []).append((role.role, code))
    return held


async def holders_of(session: AsyncSession, role: str) -> Sequence[UUID]:
    """Return who has a role now, active or not."""
    query = select(StaffRole.staff_id).where(StaffRole.role == role, col(StaffRole.ended_at).is_(None)).distinct()
    return (await session.exec(query)).all()


async def covers_of(session: AsyncSession, staff_id: UUID, *, now: datetime) -> Sequence[StaffDelegation]:
    """Return who stands or will stand in for somebody, and for whom that person does, until it is over."""
    query = (
        select(StaffDelegation)
        .where(
            sa.or_(col(StaffDelegation.staff_id) == staff_id, col(StaffDelegation.deputy_id) == staff_id),
            col(StaffDelegation.valid_to) > now,
        )
        .order_by(col(StaffDelegation.valid_from), col(StaffDelegation.id))
    )
    return (await session.exec(query)).all()


async def list_roles(session: AsyncSession) -> set[str]:
    """Return the roles that have a grant."""
    return set((await session.exec(select(RoleGrant.role).where(col(RoleGrant.active).is_(True)).distinct())).all())


async def list_grants(session: AsyncSession, *, role: str | None = None) -> Sequence[RoleGrant]:
    """Return the grants in force, of one role or of all, in the order of role, domain and verb."""
    query = select(RoleGrant).where(col(RoleGrant.active).is_(True))
    if role is not None:
        query = query.where(RoleGrant.role == role)
    return (await session.exec(query.order_by(RoleGrant.role, RoleGrant.domain, RoleGrant.verb))).all()


async def replace_roles(
    session: AsyncSession, staff_id: UUID, places: Iterable[tuple[str, str]], *, now: datetime
) -> None:
    """Let somebody have exactly these roles at these branches from now on."""
    codes = dict((await session.exec(select(Branch.code, Branch.id))).all())
    wanted = {(role, codes[code]) for role, code in places}
    held = (await session.exec(select(StaffRole).where(StaffRole.staff_id == staff_id))).all()
    for row in held:
        keeps = (row.role, row.branch_id) in wanted
        row.ended_at = None if keeps else row.ended_at or now
        session.add(row)
    missing = wanted - {(row.role, row.branch_id) for row in held}
    session.add_all(StaffRole(staff_id=staff_id, role=role, branch_id=branch_id) for role, branch_id in missing)
    await session.flush()


async def lock_grants(session: AsyncSession, role: str) -> Sequence[RoleGrant]:
    """Lock the grants of a role, those that do not count too, and return them as they stand now."""
    query = select(RoleGrant).where(RoleGrant.role == role).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def replace_grants(session: AsyncSession, role: str, wanted: Sequence[RoleGrant]) -> None:
    """Let a role have exactly these grants from now on; one that is taken away stays as a row that does not count."""
    held = {(row.verb, row.domain): row for row in await lock_grants(session, role)}
    for row in held.values():
        row.active = False
    for grant in wanted:
        row = held.get((grant.verb, grant.domain), grant)
        row.data, row.limit_fen, row.per_day, row.row_limit = (
            grant.data,
            grant.limit_fen,
            grant.per_day,
            grant.row_limit,
        )
        row.active = True
        session.add(row)
    await session.flush()
