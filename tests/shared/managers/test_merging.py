"""Who serves a customer when two become one, and when they are two again."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.managers.claims.merging import PARTICIPANT as CLAIMS
from guibin.managers.claims.models import Claim, ClaimOrigin
from guibin.managers.claims.standing import claimants
from guibin.managers.joint.repository import Accompanied, begin, ends_of
from guibin.managers.merging import PARTICIPANT
from guibin.managers.models import Grade
from guibin.managers.repository import begin_coverage, open_coverages
from support.points import add_customers
from support.tiers import add_manager, branch_of


@pytest.mark.parametrize("has_own", [False, True])
async def test_the_surviving_customer_keeps_its_manager_or_gets_the_others(
    session: AsyncSession, *, has_own: bool
) -> None:
    day = clock.today()
    loser, survivor = await add_customers(session, 2)
    branch_id = await branch_of(session, loser)
    theirs, own = [(await add_manager(session, branch_id, Grade.PRIVATE_BANKER)).id for _ in range(2)]

    async def serve(customer_id: UUID, manager_id: UUID) -> None:
        await begin_coverage(session, {customer_id: manager_id}, {customer_id: day}, source="run", reason="matrix")

    async def served_by() -> dict[UUID, UUID]:
        standing = await open_coverages(session, customer_ids=[loser, survivor])
        return {customer_id: one.manager_id for customer_id, one in standing.items()}

    await serve(loser, theirs)
    if has_own:
        await serve(survivor, own)
    before = await served_by()
    merge = Merge(new_id(), loser, survivor, new_id(), day)
    moved = await PARTICIPANT.move(session, merge)
    assert await served_by() == {survivor: own if has_own else theirs}
    await PARTICIPANT.give_back(session, merge, moved)
    assert await served_by() == before


@pytest.mark.parametrize("older", ["loser", "survivor", "alone"])
async def test_of_two_claims_the_older_one_stays_and_comes_back_with_its_customer(
    session: AsyncSession, older: str
) -> None:
    day, now = clock.today(), clock.now()
    loser, survivor = await add_customers(session, 2)
    branch_id = await branch_of(session, loser)
    theirs, own = [(await add_manager(session, branch_id, Grade.SENIOR)).id for _ in range(2)]
    claims = [(loser, theirs, now - timedelta(hours=2))]
    if older != "alone":
        claims.append((survivor, own, now - timedelta(hours=3 if older == "survivor" else 1)))
    for customer_id, manager_id, at in claims:
        session.add(
            Claim(
                customer_id=customer_id,
                id=new_id(),
                manager_id=manager_id,
                origin=ClaimOrigin.CODE,
                valid_from=day - timedelta(days=3),
                valid_to=day + timedelta(days=9),
                created_at=at,
            )
        )
    await session.flush()

    async def claimed(on: int) -> dict[UUID, UUID]:
        return dict(await claimants(session, [loser, survivor], day=day + timedelta(days=on)))

    before = await claimed(0)
    merge = Merge(new_id(), loser, survivor, new_id(), day)
    moved = await CLAIMS.move(session, merge)
    assert await claimed(8) == {survivor: own if older == "survivor" else theirs}
    await CLAIMS.give_back(session, merge, moved)
    assert (await claimed(0), await claimed(8), await claimed(9)) == (before, before, {})


async def test_who_accompanied_the_losing_customer_does_so_no_longer_and_again_when_it_comes_back(
    session: AsyncSession,
) -> None:
    day = clock.today()
    loser, survivor = await add_customers(session, 2)
    giver = (await add_manager(session, await branch_of(session, loser), Grade.SENIOR)).id
    over = day + timedelta(days=31)

    async def accompanied() -> dict[UUID, list[tuple[UUID, date]]]:
        return {one: await ends_of(session, customer_id=one, day=day) for one in (loser, survivor)}

    assert await begin(session, [Accompanied(loser, giver, day, over, "run", "matrix")], day=day) == {loser}
    merge = Merge(new_id(), loser, survivor, new_id(), day)
    moved = await PARTICIPANT.move(session, merge)
    assert await accompanied() == {loser: [], survivor: []}
    await PARTICIPANT.give_back(session, merge, moved)
    assert await accompanied() == {loser: [(giver, over)], survivor: []}
