"""SQL of plans of assignment."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, delete, func, or_, select, text, update
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.core.bulk import insert_rows
from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.managers.planning.models import AssignmentPlan, AssignmentPlanState, PlanBook, PlanMove
from guibin.managers.repository.coverage import WITH_THE_BANK, is_open
from guibin.organisation.models import Branch, BranchClosure, Staff, StaffRole
from guibin.security.actors import Scope
from guibin.tiers.models import Tier
from guibin.tiers.repository import tiers_on


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer of the book that a plan looks at; `tier` and `rank` are of a managed tier, else None and -1."""

    customer_id: UUID
    branch_id: UUID
    tier: str | None
    rank: int
    coverage_id: UUID | None
    manager_id: UUID | None
    since: date | None


async def get_plan(session: AsyncSession, plan_id: UUID, *, lock: bool = False) -> AssignmentPlan:
    """Return a plan; `lock` lets what is decided about it come one after the other.

    Raises:
        NotFound: there is none.
    """
    query = select_rows(AssignmentPlan).where(AssignmentPlan.id == plan_id)
    query = query.with_for_update() if lock else query
    plan = (await session.exec(query.execution_options(populate_existing=True))).first()
    if plan is None:
        raise NotFound
    return plan


async def list_plans(
    session: AsyncSession, *, branches: Sequence[UUID] | None, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[AssignmentPlan]:
    """Return the plans over some branches (None: all), newest first."""
    order = (col(AssignmentPlan.created_at), col(AssignmentPlan.id))
    query = select_rows(AssignmentPlan).order_by(order[0].desc(), order[1].desc()).limit(limit)
    if branches is not None:
        query = query.where(col(AssignmentPlan.branch_id).in_(branches))
    if before is not None:
        query = query.where(or_(order[0] < before[0], (order[0] == before[0]) & (order[1] < before[1])))
    return (await session.exec(query)).all()


async def claim_plan(session: AsyncSession, *, now: datetime, until: datetime) -> AssignmentPlan | None:
    """Take the oldest plan that waits, or whose worker has not come back: one worker computes it."""
    query = (
        select_rows(AssignmentPlan)
        .where(
            or_(
                col(AssignmentPlan.state) == AssignmentPlanState.WAITING,
                (col(AssignmentPlan.state) == AssignmentPlanState.COMPUTING)
                & (col(AssignmentPlan.claimed_until) < now),
            )
        )
        .order_by(col(AssignmentPlan.created_at), col(AssignmentPlan.id))
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    plan = (await session.exec(query)).first()
    if plan is not None:
        plan.state, plan.claimed_until = AssignmentPlanState.COMPUTING, until
    return plan


async def tell_step(session: AsyncSession, plan_id: UUID, **facts: object) -> bool:
    """Write how far the worker is; False when the plan is not being computed any more."""
    statement = (
        update(AssignmentPlan)
        .where(col(AssignmentPlan.id) == plan_id, col(AssignmentPlan.state) == AssignmentPlanState.COMPUTING)
        .values(**facts)
        .returning(col(AssignmentPlan.id))
    )
    return (await session.execute(statement)).first() is not None


async def read_book(session: AsyncSession, *, branch_id: UUID, manager_id: UUID | None, day: date) -> list[Entry]:
    """Return the customers of a subtree who should have a manager, or have one; of one manager, whose book it is.

    In the order of ids.
    """
    tier = tiers_on(day)
    rank = func.coalesce(col(Tier.rank), -1)
    query = (
        select(
            col(Customer.id),
            col(Customer.branch_id),
            col(Tier.code),
            rank,
            col(Coverage.id),
            col(Coverage.manager_id),
            col(Coverage.valid_from),
        )
        .join(tier, tier.c.customer_id == col(Customer.id), isouter=True)
        .join(Tier, (col(Tier.code) == tier.c.tier) & col(Tier.managed), isouter=True)
        .join(Coverage, (col(Coverage.customer_id) == col(Customer.id)) & is_open(), isouter=True)
        .where(col(Customer.merged_into).is_(None), col(Customer.status).in_(WITH_THE_BANK))
        .order_by(col(Customer.id))
    )
    if manager_id is not None:
        query = query.where(col(Coverage.manager_id) == manager_id)
    else:
        below = select(col(BranchClosure.descendant_id)).where(col(BranchClosure.ancestor_id) == branch_id)
        query = query.where(col(Customer.branch_id).in_(below))
        query = query.where(or_(col(Tier.code).is_not(None), col(Coverage.id).is_not(None)))
    return [Entry(*row) for row in (await session.execute(query)).all()]


async def customers_of(session: AsyncSession, customer_ids: Collection[UUID]) -> Sequence[Customer]:
    """Return some customers as they stand now."""
    query = select_rows(Customer).where(among(col(Customer.id), customer_ids))
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def branches_of(session: AsyncSession) -> tuple[Sequence[Branch], Sequence[BranchClosure]]:
    """Return the tree: every node, and every pair of a node and one below it."""
    return (await session.exec(select_rows(Branch))).all(), (await session.exec(select_rows(BranchClosure))).all()


async def write_result(
    session: AsyncSession, plan_id: UUID, *, moves: Iterable[Sequence[Any]], books: Iterable[Sequence[Any]]
) -> None:
    """Keep what a plan says, in the place of what an earlier turn wrote."""
    await session.execute(delete(PlanMove).where(col(PlanMove.plan_id) == plan_id))
    await session.execute(delete(PlanBook).where(col(PlanBook.plan_id) == plan_id))
    await insert_rows(session, "assignment_plan_move", tuple(PlanMove.__table__.columns.keys()), moves)  # type: ignore[attr-defined]
    await insert_rows(session, "assignment_plan_book", tuple(PlanBook.__table__.columns.keys()), books)  # type: ignore[attr-defined]


async def list_moves(
    session: AsyncSession, scope: Scope, *, plan_id: UUID, limit: int, after: UUID | None, manager_id: UUID | None
) -> Sequence[PlanMove]:
    """Return the moves of a plan as far as their customers are in scope, by customer id."""
    query = (
        select_rows(PlanMove)
        .where(PlanMove.plan_id == plan_id, visible(scope, col(PlanMove.customer_id)))
        .order_by(col(PlanMove.customer_id))
        .limit(limit)
    )
    if manager_id is not None:
        query = query.where(or_(col(PlanMove.from_manager_id) == manager_id, col(PlanMove.to_manager_id) == manager_id))
    if after is not None:
        query = query.where(col(PlanMove.customer_id) > after)
    return (await session.exec(query)).all()


async def list_books(session: AsyncSession, plan_id: UUID) -> Sequence[PlanBook]:
    """Return the books of a plan, by manager."""
    return (await session.exec(select_rows(PlanBook).where(PlanBook.plan_id == plan_id).order_by("manager_id"))).all()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a tier a plan moves, leaves without a place for a reason, or has left out."""

    tier_code: str | None
    unplaced: str | None
    left_out: bool
    had_manager: bool
    customers: int


async def tallies(session: AsyncSession, plan_id: UUID) -> list[Tally]:
    """Count the moves of a plan."""
    had = col(PlanMove.from_manager_id).is_not(None)
    keys = (col(PlanMove.tier_code), col(PlanMove.unplaced), col(PlanMove.left_out), had)
    query = select(*keys, func.count()).where(col(PlanMove.plan_id) == plan_id).group_by(*keys).order_by(*keys)
    return [Tally(*row) for row in (await session.execute(query)).all()]


async def digest_of(session: AsyncSession, plan_id: UUID) -> str:
    """Return a digest over who goes where by a plan: what is approved is what is carried out."""
    line = func.concat_ws(
        ",",
        col(PlanMove.customer_id),
        func.coalesce(cast(col(PlanMove.coverage_id), Text), "-"),
        func.coalesce(cast(col(PlanMove.to_manager_id), Text), "-"),
        col(PlanMove.left_out),
    )
    ordered = func.string_agg(line, text("';' ORDER BY customer_id"))
    digest = func.encode(func.sha256(func.convert_to(func.coalesce(ordered, ""), "UTF8")), "hex")
    found: str = (await session.execute(select(digest).where(col(PlanMove.plan_id) == plan_id))).scalar_one()
    return found


_STALE: Final = text(
    "SELECT m.customer_id FROM assignment_plan_move m JOIN customer c ON c.id = m.customer_id"
    " LEFT JOIN coverage v ON v.customer_id = m.customer_id AND v.role = 'primary' AND v.valid_to IS NULL"
    " LEFT JOIN LATERAL (SELECT h.tier_code FROM tier_history h WHERE h.customer_id = m.customer_id"
    " AND h.effective_on <= :day ORDER BY h.effective_on DESC, h.recorded_at DESC LIMIT 1) h ON true"
    " LEFT JOIN tier t ON t.code = h.tier_code AND t.managed"
    " WHERE m.plan_id = :plan AND NOT m.left_out AND (v.id IS DISTINCT FROM m.coverage_id OR c.merged_into IS NOT NULL"
    " OR c.status NOT IN ('active', 'dormant') OR t.code IS DISTINCT FROM m.tier_code) ORDER BY m.customer_id"
)


async def stale_moves(session: AsyncSession, plan_id: UUID, *, day: date) -> list[UUID]:
    """Return the customers of a plan whose manager, tier or place at the bank is not any more what the plan saw."""
    return list((await session.execute(_STALE, {"plan": plan_id, "day": day})).scalars())


async def leave_out(session: AsyncSession, plan_id: UUID, customer_ids: Sequence[UUID]) -> None:
    """Let customers stay where they are, whatever the plan says."""
    here = (col(PlanMove.plan_id) == plan_id) & among(col(PlanMove.customer_id), customer_ids)
    await session.execute(update(PlanMove).where(here).values(left_out=True))


async def outside(session: AsyncSession, scope: Scope, plan_id: UUID) -> list[UUID]:
    """Return the customers of a plan who are not in a scope."""
    query = select(col(PlanMove.customer_id)).where(
        col(PlanMove.plan_id) == plan_id, ~visible(scope, col(PlanMove.customer_id)), col(PlanMove.left_out).is_(False)
    )
    return list((await session.execute(query)).scalars())


async def moves_to_make(session: AsyncSession, plan_id: UUID) -> Sequence[PlanMove]:
    """Return who changes hands, in the order of ids."""
    query = (
        select_rows(PlanMove)
        .where(PlanMove.plan_id == plan_id, col(PlanMove.left_out).is_(False))
        .order_by(col(PlanMove.customer_id))
    )
    return (await session.exec(query)).all()


async def lock_manager(session: AsyncSession, manager_id: UUID) -> Manager:
    """Return a manager, locked.

    Raises:
        NotFound: there is none.
    """
    query = select_rows(Manager).where(Manager.id == manager_id).with_for_update(key_share=True)
    manager = (await session.exec(query.execution_options(populate_existing=True))).first()
    if manager is None:
        raise NotFound
    return manager


async def end_empty_books(session: AsyncSession, *, day: date) -> int:
    """Let managers who have left be none any more as soon as their book is empty; returns how many."""
    has_book = (
        select(col(Coverage.id))
        .where(col(Coverage.manager_id) == col(Manager.id), col(Coverage.role) == CoverageRole.PRIMARY)
        .where(or_(col(Coverage.valid_to).is_(None), col(Coverage.valid_to) > day))
        .exists()
    )
    statement = (
        update(Manager)
        .where(col(Manager.left_on).is_not(None), col(Manager.active).is_(True), ~has_book)
        .values(active=False)
        .returning(col(Manager.id))
    )
    return len((await session.execute(statement)).all())


async def coverages_to_end(session: AsyncSession, plan_id: UUID) -> Sequence[Coverage]:
    """Return the coverages that were open when a plan was computed, of those who change hands."""
    query = (
        select_rows(Coverage)
        .join(PlanMove, (col(PlanMove.customer_id) == col(Coverage.customer_id)) & _seen())
        .where(PlanMove.plan_id == plan_id, col(PlanMove.left_out).is_(False))
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


def _seen() -> ColumnElement[bool]:
    return (col(PlanMove.coverage_id) == col(Coverage.id)) & col(Coverage.valid_to).is_(None)


_QUEUE: Final = text(
    "INSERT INTO unassigned (customer_id, tier_code, branch_id, reason, since)"
    " SELECT m.customer_id, m.tier_code, c.branch_id, m.unplaced, :day FROM assignment_plan_move m"
    " JOIN customer c ON c.id = m.customer_id"
    " WHERE m.plan_id = :plan AND NOT m.left_out AND m.unplaced IS NOT NULL AND m.tier_code IS NOT NULL"
    " ON CONFLICT (customer_id) DO UPDATE SET tier_code = excluded.tier_code, branch_id = excluded.branch_id,"
    " reason = excluded.reason, resolved_on = NULL,"
    " since = CASE WHEN unassigned.resolved_on IS NULL THEN unassigned.since ELSE excluded.since END"
)
_RESOLVE: Final = text(
    "UPDATE unassigned u SET resolved_on = :day FROM assignment_plan_move m WHERE m.customer_id = u.customer_id"
    " AND m.plan_id = :plan AND NOT m.left_out AND m.to_manager_id IS NOT NULL AND u.resolved_on IS NULL"
)


async def settle_queue(session: AsyncSession, plan_id: UUID, *, day: date) -> None:
    """Take those whom a plan places out of the queue, and put those into it for whom there was no place."""
    await session.execute(_RESOLVE, {"plan": plan_id, "day": day})
    await session.execute(_QUEUE, {"plan": plan_id, "day": day})


async def head_of(session: AsyncSession, manager: Manager) -> UUID | None:
    """Return the manager who is the head of a leaver's branch; None where the head serves nobody."""
    query = (
        select(col(Manager.id))
        .join(StaffRole, col(StaffRole.staff_id) == col(Manager.staff_id))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(StaffRole.role) == "branch_head", col(StaffRole.branch_id) == manager.branch_id)
        .where(col(StaffRole.ended_at).is_(None), col(Staff.active), col(Manager.active))
        .where(col(Manager.leaving_since).is_(None), col(Manager.id) != manager.id)
        .order_by(col(Manager.id))
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()
