"""Drives the database and the model of redeeming with the same random steps."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.direct import InSession
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.organisation.models import Branch, BranchClosure
from guibin.points import invariants as points_invariants
from guibin.points.models import EntryKind, Wallet
from guibin.programme.models import Budget
from guibin.rights import invariants
from guibin.rights.models import RightsTotal
from guibin.rights.repository.redeeming import write_redemption
from guibin.rights.service import cancel
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from support.packages import add_package, choose
from support.points import NOON, add_customers, post_points
from support.redeeming import decided
from support.rights import add_pool, add_right, customer_actor, give_tier, take
from support.rights_model import DAY_CAP, FIRST_DAY, UNIT_FEN, Offer, Quota, Taken, World

Step: TypeAlias = tuple[Any, ...]
Told: TypeAlias = tuple[tuple[int, int, int, int], UUID]

STATE = text("""
    SELECT (SELECT coalesce(s.free, (SELECT count(*) FROM voucher_code v
                                      WHERE v.right_id = i.id AND v.redemption_id IS NULL))
              FROM rights_item i LEFT JOIN rights_stock s ON s.right_id = i.id
             WHERE i.id = :right AND i.stock_mode <> 'unlimited') AS left_of,
           (SELECT taken FROM rights_total WHERE right_id = :right) AS total,
           (SELECT sum(fen_spent) FROM budget) AS drawn
""")


@dataclass
class Bank:
    """The same world in the database."""

    session: AsyncSession
    world: World
    customers: list[UUID] = field(default_factory=list)
    rights: list[UUID] = field(default_factory=list)
    package: UUID = field(default_factory=new_id)
    redemptions: dict[Taken, UUID] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    minutes: int = 0

    async def furnish(self, keys: KeyRing) -> None:
        """Put everything in: the first two customers are in T2 and the third in no tier."""
        session, world = self.session, self.world
        self.customers = await add_customers(session, 3)
        world.tiers[:] = [[(FIRST_DAY - timedelta(days=40), "T2")] for _ in range(2)] + [[]]
        for customer, tiers in zip(self.customers, world.tiers, strict=True):
            for since, tier in tiers:
                await give_tier(session, customer, tier, since=since)
        for customer, points in zip(self.customers, world.points, strict=True):
            if points:
                await post_points(session, customer, EntryKind.EARN, points)
        branch = await self._budget()
        for offer in world.offers:
            self.rights.append(await _add(session, keys, offer, branch))
        if world.capped:
            caps = [{"kind": "spend", "period": "day", "points": DAY_CAP}]
            await session.execute(update(Wallet).where(col(Wallet.code) == "reward").values(caps=caps))
        packaged = {
            right: offer.packaged for right, offer in zip(self.rights, world.offers, strict=True) if offer.packaged
        }
        self.package = await add_package(session, packaged, choose=max(len(packaged), 1))
        for who in world.choosers if packaged else ():
            await choose(session, self.customers[who], self.package, *packaged)

    async def _budget(self) -> str:
        found = await self.session.execute(
            text("SELECT branch_id FROM customer WHERE id = :id"), {"id": self.customers[0]}
        )
        branch_id = found.scalar_one()
        self.session.add(BranchClosure(ancestor_id=branch_id, descendant_id=branch_id))
        self.session.add(
            Budget(
                branch_id=branch_id,
                id=new_id(),
                year=FIRST_DAY.year,
                line="credit_card",
                fen_limit=self.world.budget_fen,
                created_at=NOON,
            )
        )
        return (await self.session.get_one(Branch, branch_id)).code

    async def step(self, step: Step) -> None:
        """Do the same on both sides; what they say must be equal."""
        kind, *facts = step
        self.minutes += 1
        now = self._now()
        if kind == "redeem":
            await self._redeem(*facts)
        elif kind == "later":
            self.world.later(facts[0])
        elif kind == "earn":
            await post_points(self.session, self.customers[facts[0]], EntryKind.EARN, facts[1], at=now)
            self.world.points[facts[0]] += facts[1]
        elif kind == "promote" and self.world.promote(*facts):
            await give_tier(self.session, self.customers[facts[0]], facts[1], since=self.world.day)
        elif kind == "cancel" and (standing := [one for one in self.redemptions if one.stands]):
            one = standing[facts[0] % len(standing)]
            customer = self.customers[one.who]
            with clock.fixed_at(now):
                await cancel(
                    self.session,
                    Scope.of_customer(customer),
                    actor=customer_actor(customer),
                    redemption_id=self.redemptions[one],
                )
            self.world.cancel(one)

    def _now(self) -> datetime:
        return NOON + (self.world.day - FIRST_DAY) + timedelta(minutes=self.minutes)

    async def _redeem(
        self, who: int, right: int, units: int, guests: int, package: bool, expected: int | None, locked: bool
    ) -> None:
        wanted = self.world.redeem(who, right, units, guests, package=package, expected=expected)
        wish: dict[str, Any] = {"quantity": units, "companions": guests, "expected_points": expected}
        wish |= {"package_id": self.package} if package else {}
        at = self._now()
        way = take_locked if locked else take_unlocked
        self.outcomes[wanted if isinstance(wanted, str) else "done"] += 1
        if isinstance(wanted, str):
            with pytest.raises(Refusal) as refused:
                await way(self.session, self.customers[who], self.rights[right], at=at, **wish)
            assert refused.value.code == wanted
            return
        told, redemption_id = await way(self.session, self.customers[who], self.rights[right], at=at, **wish)
        assert told == (*wanted.told, self.world.points[who])
        self.redemptions[wanted] = redemption_id

    async def compare(self) -> None:
        """What stands must be equal, and every promise of points and rights must hold."""
        for number, right in enumerate(self.rights):
            row = (await self.session.execute(STATE, {"right": right})).one()
            assert row.left_of == self.world.left_of(number)
            assert row.total in {None, self.world.units_of(number)}
            assert row.drawn == self.world.drawn()
        broken = await points_invariants.check(self.session) + await invariants.check(self.session)
        assert not broken, broken


async def take_locked(session: AsyncSession, customer: UUID, right: UUID, *, at: datetime, **wish: Any) -> Told:
    """Redeem with the locks held from before the decision on."""
    done = await take(session, customer, right, at=at, **wish)
    row = done.redemption
    return (row.points_charged, row.quota_used, row.guest_quota_used, done.available_after), row.id


async def take_unlocked(session: AsyncSession, customer: UUID, right: UUID, *, at: datetime, **wish: Any) -> Told:
    """Decide first, and let one statement write it."""
    taking = await decided(session, customer, right, at=at, **wish)
    outcome = await write_redemption(InSession(session), taking.document())
    taking.hold_to(outcome)
    row = taking.redemption
    return (row.points_charged, row.quota_used, row.guest_quota_used, outcome.available_after), row.id


async def _add(session: AsyncSession, keys: KeyRing, offer: Offer, branch: str) -> UUID:
    """Put one right on offer."""
    terms: dict[str, Any] = {"cancel_hours": 8_000}
    if offer.guests:
        guests = {"most": [{"tier": "T2", "guests": offer.guests}], "quotas": _quotas(offer.guest_quota)}
        terms["companions"] = guests | ({} if offer.guest_points is None else {"points": offer.guest_points})
    if offer.total is not None:
        terms["total_limit"] = offer.total
    if offer.budgeted:
        terms |= {"owner_branch": branch, "budget_line": "credit_card", "unit_cost": f"{UNIT_FEN / 100:.2f}"}
    columns: dict[str, Any] = {
        "prices": [{"tier": tier, "points": points} for tier, points in offer.prices],
        "quotas": _quotas(offer.quota),
        "minimum_tier": offer.minimum,
        "offer": terms,
    }
    if offer.limit is not None:
        columns |= {"limit_times": offer.limit[0], "limit_period": offer.limit[1]}
    if offer.codes is not None:
        return await add_pool(session, keys, [f"M{new_id().hex}" for _ in range(offer.codes)], **columns)
    right = await add_right(session, stock=offer.stock, **columns)
    if offer.total is not None:
        session.add(RightsTotal(right_id=right, taken=0))
    return right


def _quotas(quota: Quota | None) -> list[dict[str, object]]:
    return [] if quota is None else [{"tier": quota.tier, "period": quota.period, "times": quota.times}]
