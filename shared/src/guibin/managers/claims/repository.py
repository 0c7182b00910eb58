"""SQL of claims and disputes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.managers.claims.models import Claim, ClaimDispute, ClaimDisputeState, ClaimEnd
from guibin.managers.claims.rules import Standing
from guibin.managers.claims.standing import counts_on, is_served
from guibin.managers.models import Manager
from guibin.managers.repository.coverage import WITH_THE_BANK
from guibin.organisation.models import BranchClosure, Staff
from guibin.privacy.repository import blocks
from guibin.privacy.rules import Act
from guibin.security.actors import Scope

# A night places many thousands at once.
_PLACED: Final = text(
    "UPDATE claim c SET valid_to = greatest(c.valid_from, k.on_day), end_reason = 'placed', blocked_until = NULL"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:days AS date[])) AS k(customer_id, on_day)"
    " WHERE c.customer_id = k.customer_id AND c.end_reason IS NULL AND c.valid_to > k.on_day"
)


async def standing_of(session: AsyncSession, *, customer_id: UUID, manager_id: UUID, day: date) -> Standing | None:
    """Return how things stand between a customer and a manager on a day; None: there is no such customer to see."""
    works = (
        select(_takes())
        .select_from(Manager)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.id) == manager_id)
        .scalar_subquery()
    )
    reaches = (
        exists()
        .where(col(Manager.id) == manager_id, col(BranchClosure.ancestor_id) == col(Manager.branch_id))
        .where(col(BranchClosure.descendant_id) == col(Customer.branch_id))
        .where((col(Manager.branch_id) == col(Customer.branch_id)) | col(Manager.serves_subtree))
    )
    claimed_by = (
        select(col(Claim.manager_id)).where(col(Claim.customer_id) == customer_id, counts_on(day)).scalar_subquery()
    )
    query = select(
        and_(
            col(Customer.status).in_(WITH_THE_BANK),
            col(Customer.merged_into).is_(None),
            not_(blocks(col(Customer.id), Act.ASSIGN, day)),
        ),
        is_served(col(Customer.id)),
        func.coalesce(works, False),
        reaches,
        claimed_by,
        _blocked(customer_id, manager_id, day),
    ).where(col(Customer.id) == customer_id)
    found = (await session.execute(query)).one_or_none()
    return None if found is None else Standing(*found)


def _takes() -> ColumnElement[bool]:
    return and_(col(Manager.active), col(Staff.active), col(Manager.leaving_since).is_(None))


def _blocked(customer_id: UUID, manager_id: UUID, day: date) -> ColumnElement[date | None]:
    """Select until when a manager cannot claim a customer again: of claims that are over, and of disputes lost."""
    claims = select(func.max(col(Claim.blocked_until))).where(
        col(Claim.customer_id) == customer_id, col(Claim.manager_id) == manager_id, col(Claim.valid_to) <= day
    )
    disputes = select(func.max(col(ClaimDispute.blocked_until))).where(
        col(ClaimDispute.customer_id) == customer_id, col(ClaimDispute.manager_id) == manager_id
    )
    return func.greatest(claims.scalar_subquery(), disputes.scalar_subquery())


async def insert_claim(session: AsyncSession, claim: Claim) -> bool:
    """Add a claim; False where somebody has one on one of its days already, also since a moment ago."""
    statement = insert(Claim).values(claim.model_dump()).on_conflict_do_nothing().returning(col(Claim.id))
    return (await session.execute(statement)).one_or_none() is not None


async def end_claim(
    session: AsyncSession, claim: Claim, *, on_day: date, reason: ClaimEnd, blocked_until: date | None = None
) -> None:
    """Let a claim be over from a day on."""
    claim.valid_to = max(claim.valid_from, min(on_day, claim.valid_to))
    claim.end_reason, claim.blocked_until = reason, blocked_until
    session.add(claim)
    await session.flush()


async def end_placed(session: AsyncSession, days: Mapping[UUID, date]) -> None:
    """Let the claims on customers be over who are served from a day on, by customer."""
    await session.execute(_PLACED, {"customers": list(days), "days": list(days.values())})


async def end_of_the_gone(session: AsyncSession, *, on_day: date) -> None:
    """Let the claims of managers be over who serve nobody new here any more."""
    here = (
        exists().where(col(Manager.id) == col(Claim.manager_id), col(Staff.id) == col(Manager.staff_id)).where(_takes())
    )
    await session.execute(
        update(Claim)
        .where(col(Claim.end_reason).is_(None), col(Claim.valid_to) > on_day, not_(here))
        .values(
            valid_to=func.greatest(col(Claim.valid_from), on_day),
            end_reason=ClaimEnd.MANAGER_GONE,
            blocked_until=None,
        )
        .execution_options(synchronize_session=False)
    )


async def claim_of_touch(session: AsyncSession, *, customer_id: UUID, touch_id: UUID) -> Claim | None:
    """Return the claim that a touch gave and that is not over."""
    query = select_rows(Claim).where(
        Claim.customer_id == customer_id, Claim.touch_id == touch_id, col(Claim.end_reason).is_(None)
    )
    return (await session.exec(query.with_for_update().execution_options(populate_existing=True))).first()


async def claim_on(session: AsyncSession, *, customer_id: UUID, day: date) -> Claim | None:
    """Return the claim that counts for a customer on a day."""
    query = select_rows(Claim).where(Claim.customer_id == customer_id, counts_on(day))
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def find_claim(
    session: AsyncSession, scope: Scope, *, claim_id: UUID, colleague_id: UUID | None = None, lock: bool = False
) -> Claim:
    """Return a claim on a customer in scope, or one of the branch of `colleague_id`, who is a member of staff.

    Raises:
        NotFound: there is none.
    """
    query = select_rows(Claim).where(Claim.id == claim_id, _reached(scope, colleague_id))
    query = query.with_for_update() if lock else query
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


def _reached(scope: Scope, colleague_id: UUID | None) -> ColumnElement[bool]:
    if colleague_id is None:
        return visible(scope, col(Claim.customer_id))
    branch = select(col(Manager.branch_id)).where(col(Manager.staff_id) == colleague_id)
    colleagues = select(col(Manager.id)).where(col(Manager.branch_id).in_(branch))
    return or_(visible(scope, col(Claim.customer_id)), col(Claim.manager_id).in_(colleagues))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which claims: only those that count on `on`, of one customer, of one manager."""

    on: date | None
    customer_id: UUID | None
    manager_id: UUID | None


async def list_claims(
    session: AsyncSession, scope: Scope, *, colleague_id: UUID, wanted: Wanted, limit: int, before: UUID | None
) -> Sequence[Claim]:
    """Return claims on customers in scope and of the caller's branch, the newest first."""
    query = select_rows(Claim).where(_reached(scope, colleague_id))
    if wanted.on is not None:
        query = query.where(counts_on(wanted.on))
    if wanted.customer_id is not None:
        query = query.where(Claim.customer_id == wanted.customer_id)
    if wanted.manager_id is not None:
        query = query.where(Claim.manager_id == wanted.manager_id)
    if before is not None:
        query = query.where(col(Claim.id) < before)
    query = query.order_by(col(Claim.id).desc()).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def disputes_of(session: AsyncSession, claims: Collection[Claim]) -> Mapping[UUID, list[ClaimDispute]]:
    """Return the disputes about some claims by claim, the oldest first."""
    found: dict[UUID, list[ClaimDispute]] = {claim.id: [] for claim in claims}
    query = select_rows(ClaimDispute).where(
        col(ClaimDispute.customer_id).in_({claim.customer_id for claim in claims}),
        col(ClaimDispute.claim_id).in_(found),
    )
    query = query.order_by(col(ClaimDispute.id)).execution_options(populate_existing=True)
    for row in (await session.exec(query)).all():
        found[row.claim_id].append(row)
    return found


async def open_dispute(session: AsyncSession, claim: Claim) -> ClaimDispute | None:
    """Return the dispute about a claim that waits for a decision."""
    query = select_rows(ClaimDispute).where(
        ClaimDispute.customer_id == claim.customer_id,
        ClaimDispute.claim_id == claim.id,
        ClaimDispute.state == ClaimDisputeState.OPEN,
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def manager_by_code(session: AsyncSession, code: str) -> UUID | None:
    """Return who has a referral code."""
    return (await session.exec(select_rows(Manager.id).where(Manager.referral_code == code))).first()


async def staff_of(session: AsyncSession, manager_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return the members of staff behind some managers."""
    return frozenset((await session.exec(select_rows(Manager.staff_id).where(col(Manager.id).in_(manager_ids)))).all())
