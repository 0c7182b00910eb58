"""The history against a plain list (T-LED-3): filters, order and pages, also while somebody writes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.points import service
from guibin.points.models import EntryKind, PointsEntry
from guibin.points.service import EntryFilter
from guibin.security.actors import Scope
from support.databases import Database
from support.points import (
    DAY,
    NOON,
    add_customers,
    commit_customers,
    commit_points,
    let_owner_post,
    post_points,
    sessions_of,
)

BANK = Scope(whole_bank=True)
CUSTOMERS, ENTRIES, LOOKS = 100, 12, 10
KINDS = (EntryKind.EARN, EntryKind.EARN, EntryKind.ADJUST_CREDIT, EntryKind.REDEEM)


@dataclass(frozen=True)
class Known:
    """What the list knows of an entry."""

    wallet: str
    kind: EntryKind
    days_ago: int
    points: int


def drawn(dice: Random) -> list[Known]:
    """Draw a customer's history, the oldest first; each entry moves another number of points, and none is lacking."""
    days = sorted((dice.randint(0, 40) for _ in range(ENTRIES)), reverse=True)
    sizes = dice.sample(range(1, 40), ENTRIES)
    found = [
        Known(dice.choice(("reward", "service")), dice.choice(KINDS), *one) for one in zip(days, sizes, strict=True)
    ]
    opening = [Known(wallet, EntryKind.EARN, 50, 1_000 + n) for n, wallet in enumerate(("reward", "service"))]
    return [*opening, *found]


def fits(wanted: EntryFilter) -> Callable[[Known], bool]:
    def told(one: Known) -> bool:
        day = DAY - timedelta(days=one.days_ago)
        return (
            wanted.wallet in {None, one.wallet}
            and wanted.kind in {None, one.kind}
            and (wanted.start is None or wanted.start <= day)
            and (wanted.end is None or day <= wanted.end)
        )

    return told


def wish(dice: Random) -> EntryFilter:
    start, end = sorted(DAY - timedelta(days=dice.randint(0, 45)) for _ in range(2))
    return EntryFilter(
        wallet=dice.choice((None, "reward", "service")),
        kind=dice.choice((None, *KINDS)),
        start=dice.choice((None, start)),
        end=dice.choice((None, end)),
    )


async def walked(session: AsyncSession, customer: UUID, wanted: EntryFilter, limit: int) -> list[PointsEntry]:
    """Read all pages, each after the last row of the one before."""
    found: list[PointsEntry] = []
    while True:
        page = await service.list_entries(session, BANK, customer_id=customer, wanted=wanted, limit=limit)
        found += [view.entry for view in page]
        if len(page) < limit:
            return found
        last = found[-1]
        place = {"after_seq": last.seq} if wanted.wallet else {"after_moment": (last.posted_at, last.id)}
        wanted = replace(wanted, **place)


@pytest.mark.merge
async def test_a_filtered_history_is_the_filtered_list_page_by_page(session: AsyncSession) -> None:
    dice = Random(3)
    await let_owner_post(session)
    for customer in await add_customers(session, CUSTOMERS):
        known = drawn(dice)
        for minute, one in enumerate(known):
            at = NOON - timedelta(days=one.days_ago) + timedelta(minutes=minute)
            await post_points(session, customer, one.kind, one.points, wallet=one.wallet, at=at)
        for _ in range(LOOKS):
            wanted = wish(dice)
            found = await walked(session, customer, wanted, dice.randint(1, 9))
            expected = [one.points for one in reversed(known) if fits(wanted)(one)]
            assert [abs(entry.points) for entry in found] == expected, wanted


@pytest.mark.merge
async def test_pages_lose_and_repeat_nothing_while_somebody_writes(database: Database) -> None:
    (customer,) = await commit_customers(database.owner_url)
    for points in range(1, 31):
        await commit_points(database, customer, points, at=clock.now())
    async with (
        sessions_of(database.bank_url, pool_size=3) as bank,
        sessions_of(database.customer_url, pool_size=1) as reader,
    ):
        enough = asyncio.Event()
        writing = [asyncio.create_task(write(bank, customer, enough)) for _ in range(3)]
        seen = await turn_over(reader, customer, EntryFilter(wallet="reward"))
        enough.set()
        written = sum(await asyncio.gather(*writing))
    assert written > 0
    assert [entry.seq for entry in seen] == list(range(seen[0].seq, 0, -1))


async def write(bank: SessionFactory, customer: UUID, enough: asyncio.Event) -> int:
    """Post one credit after the other until it is enough; returns how many."""
    written = 0
    while not enough.is_set():
        async with bank() as session:
            await post_points(session, customer, EntryKind.EARN, 1, at=clock.now())
            await session.commit()
        written += 1
    return written


async def turn_over(reader: SessionFactory, customer: UUID, wanted: EntryFilter) -> Sequence[PointsEntry]:
    """Read page after page, each in a transaction of its own."""
    seen: list[PointsEntry] = []
    while not seen or seen[-1].seq > 1:
        async with reader() as session:
            page = await service.list_entries(session, BANK, customer_id=customer, wanted=wanted, limit=4)
        seen += [view.entry for view in page]
        wanted = replace(wanted, after_seq=seen[-1].seq)
        await asyncio.sleep(0.02)
    return seen
