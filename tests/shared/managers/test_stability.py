"""Stability first: a manager changes gradually, after months, and never against the customer's wish."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import CustomerAccess
from guibin.managers import followers, repository
from guibin.managers.followers import Change, CoverageFollower
from guibin.managers.models import CoverageRole, Grade, Manager
from guibin.managers.service import assign
from guibin.managers.stability import repository as stability
from guibin.managers.stability.models import ManagerWish, Wish, WishReason, WishState
from guibin.managers.team import service as team
from guibin.managers.terms.models import CoverageTermsVersion
from guibin.security.actors import Scope
from support.nights import BY_HAND
from support.points import add_customers
from support.tiers import DAY, add_manager, branch_of, give_tier, seed_defaults

FROM = DAY + timedelta(days=1)
DUE = FROM + timedelta(days=30)


class Served:
    """A customer of an intermediate manager, risen to a tier that needs an expert, who is there."""

    def __init__(self, session: AsyncSession, customer_id: UUID, old: Manager, new: Manager) -> None:
        self.session, self.customer_id, self.old, self.new = session, customer_id, old, new

    async def night(self, day: date) -> dict[str, int]:
        counts = await assign(self.session, day=day)
        return {name: count for name, count in counts.items() if count}

    async def by_role(self, day: date) -> dict[str, UUID]:
        team = await repository.team_on(self.session, Scope.of_job(), customer_id=self.customer_id, day=day)
        return {one.coverage.role: one.manager.id for one in team}

    async def seen_by(self) -> set[UUID]:
        query = select(CustomerAccess.staff_id).where(
            CustomerAccess.customer_id == self.customer_id, col(CustomerAccess.valid_to).is_(None)
        )
        return set((await self.session.exec(query)).all())

    async def wish(self, wish: Wish, state: WishState) -> None:
        answered = None if state is WishState.OPEN else new_id()
        row = ManagerWish(
            customer_id=self.customer_id,
            id=new_id(),
            manager_id=self.old.id,
            wish=wish,
            reason=WishReason.TRUST,
            state=state,
            uttered_at=clock.now(),
            answered_by=answered,
        )
        self.session.add(row)
        await self.session.flush()


@pytest.fixture
async def served(session: AsyncSession) -> Served:
    await seed_defaults(session)
    customer_id = (await add_customers(session))[0]
    branch = await branch_of(session, customer_id)
    await give_tier(session, customer_id, "T1", on=DAY - timedelta(days=9))
    old = await add_manager(session, branch, Grade.INTERMEDIATE)
    await assign(session, day=DAY - timedelta(days=9))
    await give_tier(session, customer_id, "T3", on=FROM)
    new = await add_manager(session, branch, Grade.EXPERT)
    return Served(session, customer_id, old, new)


async def test_whom_the_matrix_forbids_is_joined_by_the_new_one_and_both_serve(served: Served) -> None:
    assert await served.night(DAY) == {"joined": 1}
    assert await served.by_role(FROM) == {"primary": served.old.id, "second": served.new.id}
    assert await served.seen_by() == {served.old.staff_id, served.new.staff_id}
    assert await served.night(DAY) == {}
    assert await served.night(DUE - timedelta(days=2)) == {}


async def test_after_the_days_of_both_the_new_one_is_the_primary_manager(served: Served) -> None:
    await served.night(DAY)
    assert await served.night(DUE - timedelta(days=1)) == {"succeeded": 1}
    assert await served.by_role(DUE) == {"primary": served.new.id, "joint": served.old.id}
    assert await served.by_role(DUE - timedelta(days=1)) == {"primary": served.old.id, "second": served.new.id}
    assert await served.seen_by() == {served.new.staff_id}
    assert await served.night(DUE - timedelta(days=1)) == {}


async def test_whoever_follows_is_told_when_the_manager_changes_and_not_before(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Change] = []

    class Listener(CoverageFollower):
        name = "listener"

        async def follow(self, session: AsyncSession, changes: Sequence[Change]) -> None:
            told.extend(changes)

    monkeypatch.setitem(followers._followers, "listener", Listener())  # noqa: SLF001
    await served.night(DAY)
    assert told == []
    await served.night(DUE - timedelta(days=1))
    [change] = told
    assert (change.customer_id, change.giver_id, change.taker_id) == (
        served.customer_id,
        served.old.id,
        served.new.id,
    )
    assert (change.on_day, change.reason, change.source) == (DUE, "succeeded", "run")


@pytest.mark.parametrize("state", [WishState.OPEN, WishState.ACCEPTED])
async def test_a_customer_keeps_the_manager_before_and_while_another_comes(served: Served, state: WishState) -> None:
    await served.night(DAY)
    await served.wish(Wish.KEEP, state)
    assert await served.night(FROM) == {"not_succeeded": 1}
    assert await served.by_role(DUE) == {"primary": served.old.id}
    assert await served.seen_by() == {served.old.staff_id}
    assert await served.night(DUE) == {}


async def test_a_wish_that_was_declined_keeps_nobody(served: Served) -> None:
    await served.wish(Wish.KEEP, WishState.DECLINED)
    assert await served.night(DAY) == {"joined": 1}


async def test_who_is_coming_takes_over_at_once_when_the_present_one_leaves(served: Served) -> None:
    await served.night(DAY)
    served.old.active = False
    await served.session.flush()
    assert await served.night(FROM) == {"succeeded": 1}
    assert await served.by_role(FROM + timedelta(days=1)) == {"primary": served.new.id}


async def test_when_who_was_coming_leaves_another_one_comes(served: Served) -> None:
    await served.night(DAY)
    served.new.active = False
    other = await add_manager(served.session, served.old.branch_id, Grade.EXPERT)
    assert await served.night(DUE) == {"not_succeeded": 1, "joined": 1}
    assert await served.by_role(DUE + timedelta(days=1)) == {"primary": served.old.id, "second": other.id}


async def test_another_second_who_leaves_the_team_keeps_nobody_from_coming(served: Served) -> None:
    await served.night(DAY)
    helper = await add_manager(served.session, served.old.branch_id, Grade.EXPERT)
    days = {served.customer_id: FROM}
    who = {served.customer_id: helper.id}
    await repository.begin_coverage(served.session, who, days, source="staff", reason="help", role=CoverageRole.SECOND)
    for manager, coming in ((helper, True), (served.new, False)):
        await team.leave(
            served.session,
            Scope.of_job(),
            actor=BY_HAND,
            customer_id=served.customer_id,
            manager_id=manager.id,
            role=CoverageRole.SECOND,
            reason="help is over",
        )
        assert bool(await stability.open_successions(served.session, [served.customer_id])) == coming


async def test_room_is_kept_for_whom_one_is_coming_to(served: Served) -> None:
    await served.night(DAY)
    assert await repository.loads(served.session, [served.new.id]) == {served.new.id: 1}


async def test_without_days_of_both_the_customer_is_handed_over_at_once(served: Served) -> None:
    terms = {"settle_months": 3, "joint_days": 0}
    served.session.add(CoverageTermsVersion(version=1, terms=terms, approval_id=new_id(), decided_at=clock.now()))
    assert await served.night(DAY) == {"handed_over": 1}
    assert await served.by_role(FROM) == {"primary": served.new.id, "joint": served.old.id}


@pytest.mark.parametrize(("days", "expected"), [(89, {}), (92, {"joined": 1})])
async def test_who_may_but_should_not_serve_the_tier_stays_for_its_first_months(
    session: AsyncSession, days: int, expected: dict[str, int]
) -> None:
    await seed_defaults(session)
    customer_id = (await add_customers(session))[0]
    branch = await branch_of(session, customer_id)
    await give_tier(session, customer_id, "T2", on=DAY - timedelta(days=200))
    old = await add_manager(session, branch, Grade.SENIOR)
    await assign(session, day=DAY - timedelta(days=200))
    await give_tier(session, customer_id, "T1", on=DAY - timedelta(days=days - 1))
    new = await add_manager(session, branch, Grade.INTERMEDIATE)
    served = Served(session, customer_id, old, new)
    assert await served.night(DAY) == expected


async def test_who_was_placed_with_a_second_choice_stays_there_for_good(session: AsyncSession) -> None:
    await seed_defaults(session)
    customer_id = (await add_customers(session))[0]
    branch = await branch_of(session, customer_id)
    await give_tier(session, customer_id, "T1", on=DAY - timedelta(days=300))
    old = await add_manager(session, branch, Grade.SENIOR)
    await assign(session, day=DAY - timedelta(days=200))
    served = Served(session, customer_id, old, await add_manager(session, branch, Grade.INTERMEDIATE))
    assert await served.night(DAY) == {}
    assert await served.by_role(FROM) == {CoverageRole.PRIMARY: old.id}
