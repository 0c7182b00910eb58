"""How many customers of a branch may have a tier by hand at a time, and how many have."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, distinct, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.organisation.models import Branch, BranchClosure
from guibin.security.row_scope import all_rows
from guibin.tiers.errors import OverrideQuotaReached
from guibin.tiers.models import TierOverride, TierOverrideQuota


@dataclass(frozen=True, slots=True)
class Quota:
    """What a branch and all below it may have, and what they have."""

    branch_id: UUID
    branch: str
    most: int
    revision: int
    in_use: int

    def faults(self, more: int) -> bool:
        """Tell whether so many more customers are too many."""
        return self.in_use + more > self.most


async def list_quotas(session: AsyncSession, *, day: date) -> list[Quota]:
    """Return all quotas with what is used of them on a day, by the code of the branch."""
    query = select(TierOverrideQuota, Branch.code).join(Branch, col(Branch.id) == col(TierOverrideQuota.branch_id))
    rows = (await session.exec(query.order_by(col(Branch.code)))).all()
    used = await _in_use(session, [row.branch_id for row, _ in rows], day=day)
    return [Quota(row.branch_id, code, row.most, row.revision, used.get(row.branch_id, 0)) for row, code in rows]


async def find_quota(session: AsyncSession, branch_id: UUID, *, lock: bool = False) -> TierOverrideQuota | None:
    """Return the quota of a branch, locked where it is to be changed; None without one."""
    query = select(TierOverrideQuota).where(TierOverrideQuota.branch_id == branch_id)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    return (await session.exec(query)).first()


async def lock_quotas(session: AsyncSession, branch_ids: Collection[UUID]) -> None:
    """Lock the quotas that bound some branches, in the order of their ids: two approvals count one after the other."""
    query = select(TierOverrideQuota.branch_id).where(
        col(TierOverrideQuota.branch_id).in_(
            select(BranchClosure.ancestor_id).where(col(BranchClosure.descendant_id).in_(branch_ids))
        )
    )
    await session.exec(query.order_by(col(TierOverrideQuota.branch_id)).with_for_update())


async def hold_to_quotas(session: AsyncSession, customers: Sequence[Customer], *, day: date) -> None:
    """Count who would have a tier by hand, in every branch with a quota that stands over these customers.

    Who has one already is not counted twice: a new override takes the place of the old one.

    Raises:
        OverrideQuotaReached: there is no room for them in a branch.
    """
    more = await _newcomers(session, customers, day=day)
    for quota in await list_quotas(session, day=day):
        if quota.faults(more.get(quota.branch_id, 0)) and more.get(quota.branch_id):
            raise OverrideQuotaReached(branch=quota.branch, most=quota.most, in_use=quota.in_use)


async def _newcomers(session: AsyncSession, customers: Sequence[Customer], *, day: date) -> Mapping[UUID, int]:
    """Count by quota the customers of these who have no tier by hand."""
    concerned = col(Customer.id).in_([one.id for one in customers])
    query = (
        select(BranchClosure.ancestor_id, func.count())
        .join(Customer, col(Customer.branch_id) == col(BranchClosure.descendant_id))
        .where(concerned, col(Customer.id).not_in(select(TierOverride.customer_id).where(_lasting(day))))
        .group_by(col(BranchClosure.ancestor_id))
    )
    async with all_rows(session):
        return dict((await session.exec(query)).all())


async def _in_use(session: AsyncSession, branch_ids: Collection[UUID], *, day: date) -> Mapping[UUID, int]:
    query = (
        select(BranchClosure.ancestor_id, func.count(distinct(col(TierOverride.customer_id))))
        .join(Customer, col(Customer.branch_id) == col(BranchClosure.descendant_id))
        .join(TierOverride, col(TierOverride.customer_id) == col(Customer.id))
        .where(col(BranchClosure.ancestor_id).in_(branch_ids), _lasting(day))
        .group_by(col(BranchClosure.ancestor_id))
    )
    async with all_rows(session):
        return dict((await session.exec(query)).all())


def _lasting(day: date) -> ColumnElement[bool]:
    """Say of overrides that they are in force on a day or to come; those that were replaced never are."""
    ends = col(TierOverride.valid_to)
    return (ends > day) & (ends > col(TierOverride.valid_from))
