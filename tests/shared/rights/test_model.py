"""Redeeming against a small model of it: both ways, and both say the same whatever is wished in whatever order.

One way holds the locks from before the decision on, the other decides first and lets one statement see that nothing
has moved (`rights_redeem`). A seed draws the rights, the customers and the steps; a failing one is tried alone by its
number.
"""

from functools import partial
from random import Random

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from support.ledger_driver import KEYS, rolled_back
from support.rights_driver import Bank, Step
from support.rights_model import UNIT_FEN, Offer, Quota, World

TIERS = ("T1", "T2", "T2", "T3")
PERIODS = ("day", "month", "year", "tier", "lifetime")
CUSTOMERS, RIGHTS = range(3), range(3)


def quota(dice: Random) -> Quota | None:
    return Quota(dice.choice(TIERS), dice.choice(PERIODS), dice.randint(1, 3)) if dice.random() < 0.6 else None


def prices(dice: Random) -> tuple[tuple[str | None, int], ...]:
    lines: list[tuple[str | None, int]] = [(dice.choice(TIERS), dice.randint(0, 90)) for _ in range(dice.randint(0, 2))]
    return (*lines, *([(None, 40)] if dice.random() < 0.9 else []))


def offer(dice: Random) -> Offer:
    """Draw a right; each kind of bound is there about every second time."""
    maybe = [dice.random() < 0.5 for _ in range(7)]
    return Offer(
        prices=prices(dice),
        stock=dice.randint(2, 8) if maybe[0] else None,
        minimum="T2" if dice.random() < 0.15 else None,
        quota=quota(dice),
        limit=(dice.randint(2, 6), dice.choice(PERIODS)) if maybe[1] else None,
        guests=dice.randint(0, 2),
        guest_points=dice.randint(0, 30) if maybe[2] else None,
        guest_quota=quota(dice),
        total=dice.randint(3, 9) if maybe[3] else None,
        budgeted=maybe[4],
        packaged=dice.randint(1, 3) if maybe[5] else 0,
    )


def world(dice: Random) -> World:
    """Draw two rights with or without a stock and one with codes, customers with points, and what pays."""
    pool = Offer(prices(dice), codes=dice.randint(2, 8), quota=quota(dice), packaged=dice.randint(0, 2))
    return World(
        offers=(offer(dice), offer(dice), pool),
        tiers=[],
        points=[dice.randint(50, 700) for _ in CUSTOMERS],
        choosers=frozenset(range(dice.randint(0, 2))),
        budget_fen=dice.randint(4, 20) * UNIT_FEN,
        capped=dice.random() < 0.3,
    )


def step(dice: Random) -> Step:
    """Draw a step, most of them wishes: who, which right, units, guests, from the package, price believed, way."""
    kind = dice.choices(("redeem", "cancel", "later", "earn", "promote"), weights=(14, 3, 1, 1, 1))[0]
    who = dice.choice(CUSTOMERS)
    rest: dict[str, tuple[object, ...]] = {
        "cancel": (dice.randint(0, 20),),
        "later": (dice.randint(1, 12),),
        "earn": (who, dice.randint(1, 100)),
        "promote": (who, dice.choice(TIERS)),
    }
    guests = dice.choice((0, 0, 0, 0, 0, 0, 1, 2))
    believed = dice.choice((None, None, None, None, None, 40, 0))
    wish = (
        who,
        dice.choice(RIGHTS),
        dice.choice((1, 1, 2, 3)),
        guests,
        dice.random() < 0.2,
        believed,
        dice.random() < 0.5,
    )
    return (kind, *rest.get(kind, wish))


async def drive(session: AsyncSession, seed: int, steps: int) -> None:
    dice = Random(seed)
    bank = Bank(session, world(dice))
    await bank.furnish(KEYS)
    for _ in range(steps):
        await bank.step(step(dice))
    await bank.compare()


@pytest.mark.parametrize("seed", range(3))
async def test_redeeming_agrees_with_its_model(session: AsyncSession, seed: int) -> None:
    await rolled_back(session, partial(drive, session, seed, 15))


@pytest.mark.merge
@pytest.mark.parametrize("tens", range(10, 22))
async def test_redeeming_agrees_with_its_model_for_long(session: AsyncSession, tens: int) -> None:
    for seed in range(10 * tens, 10 * tens + 10):
        await rolled_back(session, partial(drive, session, seed, 40))
