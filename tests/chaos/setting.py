"""The bank before the first operation: 200 customers with points in several lots, 25 rights, who may act."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from random import Random
from uuid import UUID

from chaos.bank import Bank
from chaos.history import History
from chaos.operations import CANCELLABLE, Floor

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.points.models import EntryKind
from guibin.programme.models import Budget
from guibin.rights.models import RightsTotal
from guibin_tools.nightly import run_nightly
from support.house import ROOT, House
from support.points import post_points, sessions_of
from support.shop import Shop
from support.transfers import allow_transfers

CUSTOMERS = 200
SCARCE, POOLS, PLENTY = 5, 5, 10
"""Rights with ten units, with a pool of codes, and without a stock."""

STOCK, CODES = 10, 60
BOUND, UNIT_FEN = 40, 300
"""Units of one right that all may have together, and of another that its budget pays for; what one of these costs."""

UNPAID: Mapping[str, object] = {**CANCELLABLE, "pay_minutes": 1}
"""Terms of rights that also cost money: their time to pay ends within the run."""

DAYS = 20
"""So many past days have lots that ended on them and were not posted: what the operation `expire` finds."""

POINTS, LATE_LOTS = 400, 3
LIMITS = {"each": 50, "day": 300}
"""What one customer may pass on, so that some of the transfers are refused for it."""


@asynccontextmanager
async def furnish_floor(bank: Bank, history: History, *, seed: int) -> AsyncIterator[Floor]:
    """Put customers, points and rights in, and open the floor. Last night has run, so the worker finds none to do."""
    dice = Random(f"{seed} setting")
    house = bank.house
    customers = [await house.add_customer() for _ in range(CUSTOMERS)]
    await run_nightly(bank.settings)
    days = [clock.today() - timedelta(days=back) for back in range(DAYS, 0, -1)]
    await _give_points(house, customers, days, dice)
    await allow_transfers(house, **LIMITS)
    shop = Shop(house)
    rights, pools, bounded = await _offer(shop, dice)
    *priced, coded = await _offer_for_money(shop, dice)
    tokens = _tokens(house, customers)
    async with sessions_of(house.database.worker_url, pool_size=2) as worker:
        yield Floor(bank, history, customers, rights, pools | {coded}, bounded, [*priced, coded], worker, tokens)


async def _give_points(house: House, customers: list[UUID], days: list[date], dice: Random) -> None:
    """Give each customer, today as earlier days are closed, a lot that stays and some that ended on one of the days."""
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        for customer_id in customers:
            await post_points(session, customer_id, EntryKind.EARN, POINTS, at=clock.now())
            for day in dice.sample(days, LATE_LOTS):
                await post_points(session, customer_id, EntryKind.EARN, 20, at=clock.now(), expires_on=day)
        await session.commit()


async def _offer(shop: Shop, dice: Random) -> tuple[list[str], frozenset[str], list[str]]:
    """Offer everything; returns all rights, those of them with codes, and those of which there is a stock or a pool."""

    def price() -> list[dict[str, object]]:
        return [{"tier": None, "points": dice.randint(5, 60)}]

    scarce = [await shop.right(stock=STOCK, prices=price(), offer=CANCELLABLE) for _ in range(SCARCE)]
    plenty = [await shop.right(prices=price(), offer=CANCELLABLE) for _ in range(PLENTY - 2)]
    plenty += [await _bounded(shop, price()), await _paid_by_a_budget(shop, price())]
    pools = [
        await shop.pool([f"C{number:02}{code:04}" for code in range(CODES)], prices=price(), offer=CANCELLABLE)
        for number in range(POOLS)
    ]
    return [*scarce, *plenty, *pools], frozenset(pools), [*scarce, *pools]


async def _offer_for_money(shop: Shop, dice: Random) -> list[str]:
    """Offer what costs money beside points: two rights with a stock, two without, the last one by codes."""

    def price() -> list[dict[str, object]]:
        return [
            {"tier": None, "points": dice.randint(5, 30), "money": f"{dice.randint(1, 99)}.{dice.randint(0, 99):02}"}
        ]

    scarce = [await shop.right(stock=2 * STOCK, prices=price(), offer=UNPAID) for _ in range(2)]
    plenty = [await shop.right(prices=price(), offer=UNPAID) for _ in range(2)]
    return [*scarce, *plenty, await shop.pool([f"M{code:04}" for code in range(CODES)], prices=price(), offer=UNPAID)]


async def _bounded(shop: Shop, prices: list[dict[str, object]]) -> str:
    """Offer a right of which all customers together may have so many units."""
    right = await shop.right(prices=prices, offer={**CANCELLABLE, "total_limit": BOUND})
    async with shop.house.sessions() as session:
        session.add(RightsTotal(right_id=UUID(right.removeprefix("rgt_")), taken=0))
        await session.commit()
    return right


async def _paid_by_a_budget(shop: Shop, prices: list[dict[str, object]]) -> str:
    """Offer a right that a budget pays for, which is used up before the end."""
    async with shop.house.sessions() as session:
        session.add(
            Budget(
                branch_id=shop.house.branches[ROOT].id,
                id=new_id(),
                year=clock.today().year,
                line="credit_card",
                fen_limit=BOUND * UNIT_FEN,
                created_at=clock.now(),
            )
        )
        await session.commit()
    paid = {**CANCELLABLE, "owner_branch": ROOT, "budget_line": "credit_card", "unit_cost": f"{UNIT_FEN / 100:.2f}"}
    return await shop.right(prices=prices, offer=paid)


def _tokens(house: House, customers: list[UUID]) -> dict[str, dict[str, str]]:
    """Return the headers of everybody: customers by public id, and the services."""
    acting = {
        "line": house.service_headers("core_banking", ["earn:post", "points:hold"]),
        "terminal": house.service_headers("supplier_terminal", ["voucher:use"]),
        "gateway": house.service_headers("payment_gateway", ["payments:post"]),
    }
    return acting | {to_public("cus", customer): house.customer_headers(customer) for customer in customers}
