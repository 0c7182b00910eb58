"""What the free rights of each tier cost the bank: at most, and as they were used."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.money import divide_half_up
from guibin.rights.costs import Costed, package_fen
from guibin.rights.offer import TierLevel
from guibin.rights.packages import PackageTerms
from guibin.rights.repository import costs
from guibin.rights.repository.catalogue import published_rights
from guibin.rights.repository.packages import published
from guibin.security.row_scope import all_rows
from guibin.tiers.models import Tier

_A_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TierCost:
    """What a customer of a tier costs in free rights a year, in fen: who takes all of them, and on the average."""

    at_most_fen: int
    usual_fen: int


async def cost_of_tiers(session: AsyncSession, tiers: Sequence[Tier]) -> dict[str, TierCost]:
    """Return what each tier's free units, free guests and packages cost a year, of one customer.

    `usual_fen` is what the tier's present customers had free in the last 365 days, of all of them alike; packages are
    in `at_most_fen` alone.
    """
    now = clock.now()
    rights = [Costed(one.item.id, one.terms, one.wallet.point_fen) for one in await published_rights(session)]
    packages = [PackageTerms.of(one) for one in await published(session, day=clock.today())]
    async with all_rows(session):
        used = await _used(session, rights, tiers)
        customers = await costs.customers_by_tier(session, day=clock.today())
    found = {}
    for tier in tiers:
        level = TierLevel(tier.code, tier.rank)
        most = sum(one.free_fen(level, now=now) for one in rights)
        most += sum(package_fen(one, rights, level, now=now) for one in packages)
        count = customers.get(tier.code, 0)
        found[tier.code] = TierCost(most, divide_half_up(used[tier.code], count) if count else 0)
    return found


async def _used(session: AsyncSession, rights: Sequence[Costed], tiers: Sequence[Tier]) -> dict[str, int]:
    now = clock.now()
    levels = {tier.code: TierLevel(tier.code, tier.rank) for tier in tiers}
    by_id: dict[UUID, Costed] = {one.right_id: one for one in rights}
    used: dict[str, int] = defaultdict(int)
    for row in await costs.free_units(session, since=now - _A_YEAR, day=clock.today()):
        if (right := by_id.get(row.right_id)) is not None:
            used[row.tier] += row.units * right.unit_fen(levels[row.tier], now=now)
    return used
