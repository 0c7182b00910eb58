"""Redemptions that are written together are what they are one by one, whatever the order, and whoever fails."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from support.redeeming import Item, decided_item, item_of
from support.rights import add_customer_with, add_right, free_stock, take

LEFT = """
SELECT (SELECT array_agg(r::text ORDER BY r.id) FROM redemption r),
       (SELECT array_agg((e.id, e.customer_id, e.seq, e.points, e.balance_after)::text ORDER BY e.id)
          FROM points_entry e),
       (SELECT array_agg((u.lot_id, u.entry_id, u.points)::text ORDER BY u.entry_id, u.lot_id) FROM points_lot_use u),
       (SELECT array_agg(k::text ORDER BY k.actor_id, k.key) FROM idempotency_key k),
       (SELECT array_agg((o.id, o.type, o.payload)::text ORDER BY o.id) FROM outbox_event o),
       (SELECT array_agg(s::text ORDER BY s.right_id) FROM rights_stock s)
"""


async def together(session: AsyncSession, items: Sequence[Item], *, ms: int = 200) -> list[tuple[Any, ...]]:
    rows = await session.execute(
        text(
            "SELECT entry_in_force, outcome, available_after, lots, answer"
            " FROM rights_redeem_batch(CAST(:items AS jsonb), :patience) ORDER BY place"
        ),
        {"items": json.dumps(items), "patience": timedelta(milliseconds=ms)},
    )
    return [tuple(row) for row in rows]


async def one_by_one(session: AsyncSession, items: Sequence[Item]) -> list[tuple[Any, ...]]:
    """Write them in the order of the customers, each in a savepoint of its own: what fails is to be done alone."""
    found: dict[int, tuple[Any, ...]] = {}
    for place in sorted(range(len(items)), key=lambda place: (UUID(items[place]["entry"][0]).bytes, place)):
        found[place] = await alone(session, items[place])
    return [found[place] for place in range(len(items))]


async def alone(session: AsyncSession, one: Item) -> tuple[Any, ...]:
    entry = await session.execute(
        text("SELECT in_force FROM customer_enter(CAST(:id AS uuid), NULL, CAST(:at AS text)::timestamptz)"),
        {"id": one["entry"][0], "at": one["entry"][2]},
    )
    in_force = entry.scalar()
    if not in_force:
        return (in_force, None, None, None, None)
    try:
        async with session.begin_nested():
            row = await session.execute(
                text("SELECT outcome, available_after, lots, answer FROM rights_redeem(CAST(:taking AS jsonb))"),
                {"taking": json.dumps(one["taking"])},
            )
            return (in_force, *row.one())
    except Exception:  # noqa: BLE001 - whatever it is, in a batch it is said so
        return (in_force, "alone", None, None, None)


async def both_ways(session: AsyncSession, items: Sequence[Item]) -> list[str | None]:
    """Hold the two ways to the same outcomes and the same rows, and return the outcomes."""
    ends = []
    for write in (together, one_by_one):
        savepoint = await session.begin_nested()
        outcomes = await write(session, items)
        ends.append((outcomes, [tuple(row) for row in await session.execute(text(LEFT))]))
        await savepoint.rollback()
    assert ends[0] == ends[1]
    return [outcome for _, outcome, *_ in ends[0][0]]


async def crowd(session: AsyncSession, chance: random.Random, right_id: UUID, size: int) -> list[Item]:
    """Make what comes together, with one who has moved since, is unknown, comes twice or is damaged, or nobody."""
    items = []
    for _ in range(size):
        customer_id = await add_customer_with(session, chance.choice([100, 300, 1_000]))
        items.append(await decided_item(session, customer_id, right_id))
    fate = chance.choice(["moved", "unknown", "twin", "damaged", "nobody"])
    one = chance.choice(items)
    customer_id = UUID(one["entry"][0])
    if fate == "moved":
        await take(session, customer_id, right_id)
    elif fate == "unknown":
        items.append(item_of(new_id(), one["taking"]))
    elif fate == "twin":
        items.append(one)
    elif fate == "damaged":
        one["taking"]["redemption"]["quantity"] = 0
    chance.shuffle(items)
    return items


async def test_of_a_batch_each_gets_its_own_end_as_one_by_one(bank: AsyncSession) -> None:
    right_id = await add_right(bank, stock=3)
    customers = [await add_customer_with(bank, 100 * number) for number in (1, 2, 3, 4, 5)]
    items = [await decided_item(bank, customer, right_id) for customer in customers]
    await take(bank, customers[1], right_id)
    items[2]["taking"]["redemption"]["quantity"] = 0
    stranger = item_of(new_id(), items[0]["taking"])
    assert await both_ways(bank, [*items, stranger, items[0]]) == [
        "done", "moved", "alone", "done", "out_of_stock", None, "known"
    ]  # fmt: skip
    assert await free_stock(bank, right_id) == 2


@pytest.mark.merge
@pytest.mark.parametrize("seed", range(12))
async def test_together_is_one_by_one_whatever_the_order(bank: AsyncSession, seed: int) -> None:
    chance = random.Random(seed)
    size = chance.randint(2, 8)
    offer: dict[str, Any] = chance.choice([{"stock": size}, {"stock": size - 1}, {}])
    right_id = await add_right(bank, **offer)
    outcomes = await both_ways(bank, await crowd(bank, chance, right_id, size))
    assert "done" in outcomes


async def test_nothing_of_a_customer_stays_open_for_the_next(bank: AsyncSession) -> None:
    right_id = await add_right(bank)
    customers = [await add_customer_with(bank, 100) for _ in range(2)]
    items = [await decided_item(bank, customer, right_id) for customer in customers]
    await together(bank, items)
    scope = await bank.execute(text("SELECT current_setting('guibin.scope'), current_setting('guibin.actor')"))
    assert tuple(scope.one()) == ("", "")
