"""The demo bank's claim of heirs: it waits for compliance, who can agree to it."""

import httpx

from guibin.core import clock
from guibin_tools.loading.estate import DEED, leave_points
from support.estates import Estate
from support.house import House
from support.points import commit_points


async def test_a_claim_waits_for_compliance_and_can_be_carried_out(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    estate = Estate(house, bank_client)
    async with house.sessions() as session:
        await leave_points(session)  # a bank without points has no claim
        await session.commit()
    dead, *heirs = [await house.add_customer() for _ in range(3)]
    await commit_points(house.database, dead, 300, at=clock.now())
    async with house.sessions() as session:
        await leave_points(session)
        await session.commit()

    (waiting,) = await estate.read("approvals?state=pending", "compliance")
    url = f"/v1/approvals/{waiting['id']}/approve"
    done = await bank_client.post(url, json={}, headers=house.headers("compliance"))

    assert waiting["preview"]["document"] == DEED
    assert done.status_code == 200, done.text
    assert sorted([sum(points for points, _ in await estate.lots(heir)) for heir in heirs]) == [100, 200]
    assert await estate.lots(dead) == []
