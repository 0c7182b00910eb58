"""A bank with a day's feeds already in, for tests of the night: balances, events, managers, all tables compared."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.holdings.models import EventType, Holding, HoldingBalance, LineDay
from guibin.managers.models import Grade
from guibin.points.models import EntryKind, SourceKind
from guibin.points.service import post
from guibin.products.models import Product
from guibin.security.actors import Actor, ActorKind
from support.databases import Database
from support.house import EAST, WEST, House
from support.points import event_rows, sessions_of
from support.tiers import add_manager

MONTH_END: Final = date(2026, 10, 31)
BEFORE: Final = datetime(2026, 10, 20, 4, tzinfo=UTC)
AFTER: Final = datetime(2026, 11, 1, 4, tzinfo=UTC)
"""Noon of the day after: the day to close is over."""

BY_HAND: Final = Actor(ActorKind.JOB, UUID(int=0xF0), "job:test")
AVERAGES: Final = (30_000_00, 300_000_00, 1_500_000_00, 7_000_000_00)

_RECORDS: Final = (
    "run",
    "run_step",
    "tag_run",
    "tag_run_result",
    "lease",
    "audit_entry",
    "audit_seal",
    "alembic_version",
)
_OF_THEIR_OWN: Final = "{id,entry_id,lot_id,posted_at,recorded_at,created_at}"
"""What two nights that did the same still write differently."""


@asynccontextmanager
async def as_worker(database: Database) -> AsyncIterator[SessionFactory]:
    """Open a pool as the worker."""
    async with sessions_of(database.worker_url, pool_size=3) as sessions:
        yield sessions


async def furnish(house: House) -> list[UUID]:
    """Give four customers of the east balances and an event each, one of them points that lapse, and add managers."""
    ids = [await house.add_customer() for _ in AVERAGES]
    async with house.sessions() as session:
        session.add(
            Product(
                code="DEP",
                line=Line.PERSONAL_FINANCE,
                product_class="deposits",
                side="asset",
                name_zh="存款",
                name_en="Deposits",
            )
        )
        await session.flush()
        session.add_all(LineDay(line=line, day=MONTH_END, arrived_at=AFTER) for line in Line)
        for customer_id, balance_fen in zip(ids, AVERAGES, strict=True):
            await _let_hold(session, customer_id, balance_fen)
            session.add_all(event_rows(customer_id, EventType.CARD_SPEND, amount_fen=100_000_00, occurred_at=BEFORE))
        for branch in (EAST, WEST):
            await add_manager(session, house.branches[branch].id, Grade.INTERMEDIATE)
            await add_manager(session, house.branches[branch].id, Grade.SENIOR)
        await session.commit()
    with clock.fixed_at(BEFORE):
        await _let_lapse(house, ids[0])
    return ids


async def _let_hold(session: AsyncSession, customer_id: UUID, balance_fen: int) -> None:
    holding = Holding(
        customer_id=customer_id,
        id=new_id(),
        line=Line.PERSONAL_FINANCE,
        holding_ref=customer_id.bytes,
        last4="0001",
        record_ref=customer_id.bytes,
        product_code="DEP",
        side="asset",
        opened_on=date(2025, 1, 1),
        status="active",
        as_of=MONTH_END,
        feed_file_id=new_id(),
    )
    session.add(holding)
    await session.flush()
    session.add(
        HoldingBalance(customer_id=customer_id, holding_id=holding.id, day=date(2025, 1, 1), balance_fen=balance_fen)
    )


async def _let_lapse(house: House, customer_id: UUID) -> None:
    async with sessions_of(house.database.bank_url) as sessions, sessions() as session:
        await post(
            session,
            customer_id=customer_id,
            wallet="reward",
            kind=EntryKind.ADJUST_CREDIT,
            points=70,
            reason_zh="试验",
            reason_en="A test",
            source_kind=SourceKind.APPROVAL,
            source_id=str(new_id()),
            actor_id=BY_HAND.id,
            expires_on=MONTH_END,
        )
        await session.commit()


async def all_tables(database: Database) -> dict[str, list[str]]:
    """Read every table but the record of the runs, without what differs by itself."""
    async with sessions_of(database.owner_url) as sessions, sessions() as session:
        connection = await session.connection()
        tables = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        found = {}
        for (name,) in tables.all():
            if name not in _RECORDS:
                query = f"SELECT (to_jsonb(t) - '{_OF_THEIR_OWN}'::text[])::text FROM {name} t"
                found[name] = sorted(row for (row,) in (await connection.exec_driver_sql(query)).all())
    return found
