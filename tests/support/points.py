"""Customers, accounts and entries for tests of points."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, event, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.customers.models import Customer, Gender, PartyStatus, PartyType
from guibin.holdings.models import BusinessEvent, CustomerEvent, EventState, EventType
from guibin.organisation.models import Branch, BranchKind
from guibin.points import defaults, service
from guibin.points.models import EntryKind, LedgerGrant, SourceKind
from guibin.points.service import Posted
from guibin.security.row_scope import WHOLE_BANK
from support.databases import Database

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Noon of the day of business 2026-11-25."""

DAY = date(2026, 11, 25)
ACTOR = UUID(int=7)


@asynccontextmanager
async def sessions_of(url: str, *, pool_size: int = 4, words: str = WHOLE_BANK) -> AsyncIterator[SessionFactory]:
    """Open a pool as one of the roles; `words` are what every transaction opens for the row-level policies.

    Whoever stands in a long line for a lock or a connection waits as long as in a house: how long is the machine's.
    """
    engine = make_engine(url, pool_size=pool_size, application="guibin-tests", queue_seconds=25)

    @event.listens_for(engine.sync_engine, "begin")
    def _open(connection: Connection) -> None:
        settings = "SELECT set_config('guibin.scope', :words, true), set_config('lock_timeout', '25s', true)"
        connection.execute(text(settings), {"words": words})

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


def event_rows(
    customer_id: UUID,
    event_type: EventType,
    *,
    amount_fen: int | None = None,
    reference: str | None = None,
    occurred_at: datetime = NOON,
) -> tuple[BusinessEvent, CustomerEvent]:
    """Make a pending event of the card line, as the feed loader stores it."""
    key = reference or str(new_id())
    event = BusinessEvent(
        reference=key,
        line=Line.CREDIT_CARD,
        customer_id=customer_id,
        fingerprint=b"test",
        state=EventState.PENDING,
        received_at=NOON,
    )
    content = CustomerEvent(
        customer_id=customer_id,
        reference=key,
        line=Line.CREDIT_CARD,
        event_type=event_type,
        occurred_at=occurred_at,
        occurred_on=clock.business_day(occurred_at),
        amount_fen=amount_fen,
    )
    return event, content


async def post_points(
    session: AsyncSession,
    customer_id: UUID,
    kind: EntryKind,
    points: int,
    *,
    wallet: str = defaults.REWARD,
    source: str | None = None,
    expires_on: date | None = None,
    at: datetime = NOON,
    source_kind: str | None = None,
) -> Posted:
    """Post one movement at noon of the test's day."""
    with clock.fixed_at(at):
        return await service.post(
            session,
            customer_id=customer_id,
            wallet=wallet,
            kind=kind,
            points=points,
            reason_zh="测试",
            reason_en="test",
            source_kind=source_kind or (SourceKind.REDEMPTION if kind is EntryKind.REDEEM else SourceKind.APPROVAL),
            source_id=source or str(new_id()),
            actor_id=ACTOR,
            expires_on=expires_on,
        )


async def commit_customers(owner_url: str, count: int = 1) -> list[UUID]:
    """Commit customers into a database of the test's own."""
    async with sessions_of(owner_url, pool_size=1) as factory, factory() as session:
        ids = await add_customers(session, count)
        await session.commit()
    return ids


async def commit_points(database: Database, customer_id: UUID, points: int, **options: Any) -> None:
    """Commit an earning, posted by the bank's role."""
    async with sessions_of(database.bank_url, pool_size=1) as factory, factory() as session:
        await post_points(session, customer_id, EntryKind.EARN, points, **options)
        await session.commit()
