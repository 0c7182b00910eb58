"""Two claims on one estate approved at once, while points are set aside: one comes first wholly, nothing is doubled."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.points import service
from guibin.points.models import SourceKind
from support.estates import Estate
from support.house import House
from support.points import ACTOR, commit_points, sessions_of

ROUNDS = 4


async def set_aside(factory: SessionFactory, customer_id: UUID) -> str:
    try:
        async with factory.begin() as session:
            await service.hold(
                session,
                customer_id=customer_id,
                wallet="reward",
                points=1,
                expires_at=clock.now() + timedelta(hours=1),
                reason_zh="预约占用",
                reason_en="A booking",
                source_kind=SourceKind.HOLD,
                source_id=str(new_id()),
                actor_id=ACTOR,
            )
    except Refusal as refusal:
        return refusal.code
    return "held"


async def test_of_two_claims_and_a_hold_at_once_one_comes_first_and_the_others_see_it(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    estate = Estate(house, bank_client)
    async with sessions_of(house.database.bank_url, pool_size=2) as factory:
        for _ in range(ROUNDS):
            dead, one, other = [await house.add_customer() for _ in range(3)]
            await commit_points(house.database, dead, 101, at=clock.now())
            await estate.restrict(dead, "deceased")
            claims = [await estate.claim(dead, (one, 1), (other, 1)), await estate.claim(dead, (other, 1))]

            held, first, second = await asyncio.gather(
                set_aside(factory, dead), estate.approve(claims[0]), estate.approve(claims[1])
            )

            codes = sorted(answer.json().get("code", "inherited") for answer in (first, second))
            left, *inherited = [sum(points for points, _ in await estate.lots(who)) for who in (dead, one, other)]
            assert codes in (["inherited", "nothing_to_inherit"], ["open_holds", "open_holds"])
            outcome = ("held", 0, 101) if "open_holds" in codes else ("insufficient_points", 101, 0)
            assert (held, sum(inherited), left) == outcome
