"""Customers, accounts and entries for tests of points."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.customers.models import Customer, Gender, PartyStatus, PartyType
from guibin.organisation.models import Branch, BranchKind
from guibin.points import defaults
from guibin.points.models import EntryKind, LedgerGrant

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Noon of the day of business 2026-11-25."""

DAY = date(2026, 11, 25)
ACTOR = UUID(int=7)


@asynccontextmanager
async def sessions_of(url: str, *, pool_size: int = 4) -> AsyncIterator[SessionFactory]:
    """Open a pool as one of the roles."""
    engine = make_engine(url, pool_size=pool_size, application="guibin-tests")
    try:
        yield make_session_factory(engine)
    finally:
        await engine.dispose()


async def add_customers(session: AsyncSession, count: int = 1) -> list[UUID]:
    """Add a branch of its own with some customers, and the wallets and rules where they are missing."""
    await defaults.seed(session)
    branch = new_id()
    session.add(
        Branch(id=branch, code=str(branch), kind=BranchKind.BRANCH, name_zh="测试支行", name_en="A branch for tests")
    )
    await session.flush()
    ids = [new_id() for _ in range(count)]
    session.add_all(_customer(id_, branch) for id_ in ids)
    await session.flush()
    return ids


def _customer(customer_id: UUID, branch_id: UUID) -> Customer:
    return Customer(
        id=customer_id,
        party_type=PartyType.PERSON,
        status=PartyStatus.ACTIVE,
        branch_id=branch_id,
        gender=Gender.UNKNOWN,
        leading_line=Line.PERSONAL_FINANCE,
        created_at=NOON,
    )


async def let_owner_post(session: AsyncSession) -> None:
    """Let the owner's own session post every kind of entry, for tests that are rolled back."""
    session.add_all(LedgerGrant(role="guibin_owner", kind=kind) for kind in EntryKind)
    await session.flush()


async def give_points(
    owner_url: str, customer_ids: Iterable[UUID], points: int, *, wallet: str = defaults.REWARD
) -> None:
    """Commit an earning for each customer, as the bank's role would post it."""
    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        for customer_id in customer_ids:
            await connection.execute(
                "SELECT * FROM points_post($1, $2, 'earn', $3, $4, $5, $6, '测试', 'test', 'event', $7, $8, $9, $10)",
                customer_id,
                wallet,
                points,
                new_id(),
                new_id(),
                date(2028, 12, 31),
                str(new_id()),
                ACTOR,
                NOON,
                DAY,
            )
    finally:
        await connection.close()
