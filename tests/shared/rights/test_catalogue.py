"""The catalogue as one customer sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.rights.models import Category, Fulfilment
from guibin.rights.repository.catalogue import Place, place_of
from guibin.rights.service import CatalogueEntry, CatalogueFilter, get_catalogue_entry, list_catalogue
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from support.points import NOON
from support.rights import add_customer_with, add_pool, add_right, give_tier, take

ANY = CatalogueFilter()


async def listed(
    session: AsyncSession,
    customer: UUID,
    *,
    wanted: CatalogueFilter = ANY,
    affordable: bool = False,
    after: Place | None = None,
    limit: int = 100,
) -> list[CatalogueEntry]:
    with clock.fixed_at(NOON):
        return await list_catalogue(
            session,
            Scope.of_customer(customer),
            customer_id=customer,
            wanted=wanted,
            affordable=affordable,
            after=after,
            limit=limit,
        )


async def shown(session: AsyncSession, customer: UUID, right: UUID) -> CatalogueEntry:
    with clock.fixed_at(NOON):
        return await get_catalogue_entry(session, Scope.of_customer(customer), customer_id=customer, right_id=right)


def reasons(entry: CatalogueEntry) -> list[str]:
    return [reason.code.value for reason in entry.decision.reasons]


async def test_an_entry_tells_my_price_my_quota_and_every_reason(bank: AsyncSession, keys: KeyRing) -> None:
    customer = await add_customer_with(bank, 150)
    await give_tier(bank, customer, "T2")
    quotas = [{"tier": "T2", "period": "year", "times": 2}]
    prices: list[dict[str, object]] = [{"tier": "T2", "points": 200}, {"tier": None, "points": 300}]
    free = await add_pool(bank, keys, ["CODE-0001", "CODE-0002"], prices=prices, quotas=quotas)
    dear = await add_right(bank, prices=prices, minimum_tier="T3", stock=0)
    await take(bank, customer, free)
    first, second = await listed(bank, customer)
    assert (first.right.item.id, first.decision.price, first.decision.quota_left, reasons(first)) == (free, 200, 1, [])
    assert second.right.item.id == dear
    assert reasons(second) == ["tier_required", "insufficient_points", "out_of_stock"]


async def test_an_entry_tells_that_the_limit_is_reached(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank, limit_times=1, limit_period="day")
    await take(bank, customer, right)
    assert reasons(await shown(bank, customer, right)) == ["limit_reached"]


async def test_an_empty_pool_is_out_of_stock(bank: AsyncSession, keys: KeyRing) -> None:
    customer = await add_customer_with(bank)
    right = await add_pool(bank, keys, ["CODE-0001"])
    assert reasons(await shown(bank, customer, right)) == []
    await take(bank, customer, right)
    assert reasons(await shown(bank, customer, right)) == ["out_of_stock"]


async def test_the_list_has_what_is_published_and_may_still_be_had(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    for state in ("draft", "pending", "suspended"):
        await add_right(bank, state=state)
    await add_right(bank, on_sale_to=NOON)
    now = await add_right(bank)
    soon = await add_right(bank, on_sale_from=NOON + timedelta(days=1), created_at=NOON + timedelta(seconds=1))
    entries = await listed(bank, customer)
    assert [entry.right.item.id for entry in entries] == [now, soon]
    assert reasons(entries[1]) == ["not_on_sale"]


@pytest.mark.parametrize("state", ["draft", "pending"])
async def test_one_right_that_was_never_published_is_not_shown(bank: AsyncSession, state: str) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank, state=state)
    with pytest.raises(NotFound):
        await shown(bank, customer, right)


async def test_one_right_that_is_suspended_is_shown_as_not_on_sale(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank, state="suspended")
    assert reasons(await shown(bank, customer, right)) == ["not_on_sale"]


@pytest.mark.parametrize(
    "wanted",
    [
        CatalogueFilter(category=Category.HEALTH),
        CatalogueFilter(fulfilment=Fulfilment.INSTRUCTION),
        CatalogueFilter(words="体检"),
        CatalogueFilter(words="CHECK"),
        CatalogueFilter(words="100%"),
    ],
    ids=["category", "fulfilment", "Chinese words", "English words in any case", "a per cent sign is no pattern"],
)
async def test_the_filters_find_the_right_that_fits(bank: AsyncSession, wanted: CatalogueFilter) -> None:
    customer = await add_customer_with(bank)
    await add_right(bank)
    check: dict[str, Any] = {
        "category": "health",
        "fulfilment": "instruction",
        "name_zh": "贵宾体检",
        "description_en": "A check-up, 100% free",
    }
    fits = await add_right(bank, **check)
    assert [entry.right.item.id for entry in await listed(bank, customer, wanted=wanted)] == [fits]


async def test_affordable_leaves_out_only_what_my_points_and_quota_do_not_reach(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 100)
    await give_tier(bank, customer, "T2")
    await add_right(bank, prices=[{"tier": None, "points": 101}])
    await add_right(bank, prices=[{"tier": "T1", "points": 1}])
    exact = await add_right(bank, created_at=NOON + timedelta(seconds=1))
    quota = [{"tier": "T2", "period": "day", "times": 1}]
    free = await add_right(bank, prices=[], quotas=quota, stock=0, created_at=NOON + timedelta(seconds=2))
    found = [entry.right.item.id for entry in await listed(bank, customer, affordable=True)]
    assert found == [exact, free]


async def test_pages_neither_lose_nor_repeat_a_right(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    rights = [await add_right(bank) for _ in range(5)]
    seen: list[UUID] = []
    after: Place | None = None
    while page := await listed(bank, customer, after=after, limit=2):
        seen += [entry.right.item.id for entry in page]
        after = place_of(page[-1].right)
    assert seen == sorted(rights)


async def test_the_number_of_statements_does_not_grow_with_the_catalogue(
    bank: AsyncSession, keys: KeyRing, owner_connection: AsyncConnection
) -> None:
    customer = await add_customer_with(bank)
    await add_right(bank, stock=1)
    await add_pool(bank, keys, ["CODE-0001"])
    with counted(owner_connection) as few:
        await listed(bank, customer)
    for number in range(10):
        await add_right(bank, stock=1)
        await add_pool(bank, keys, [f"CODE-1{number:03}"])
    with counted(owner_connection) as many:
        assert len(await listed(bank, customer)) == 22
    assert len(many) == len(few)


@contextmanager
def counted(connection: AsyncConnection) -> Iterator[list[str]]:
    """Collect the statements that a connection runs."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection.sync_connection, "before_cursor_execute", note)


async def test_another_customers_scope_opens_no_catalogue(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    with pytest.raises(NotFound):
        await list_catalogue(
            bank, Scope.of_customer(other), customer_id=mine, wanted=ANY, affordable=False, after=None, limit=1
        )
