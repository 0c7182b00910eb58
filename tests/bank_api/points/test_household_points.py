"""The common points of a household on the bank port: within the scope of the caller, and no more of the others."""

from datetime import timedelta
from typing import Any

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from support.house import EAST, WEST, House
from support.households import add_household, says
from support.points import commit_points

Shown = dict[str, Any]


async def test_who_is_out_of_scope_is_a_role_and_a_masked_name_and_nothing_is_summed_of_them(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    head, spouse = await house.add_customer(branch=EAST), await house.add_customer(branch=WEST)
    today = clock.today()
    async with house.sessions() as session:
        for one in (head, spouse):
            await says(session, one, "granted")
            await says(session, one, "granted", purpose="pooling")
        places = ((head, "head", 100), (spouse, "spouse", 100))
        household = await add_household(session, *places, since=today - timedelta(days=9))
        await session.commit()
    for one, points in ((head, 150), (spouse, 40)):
        await commit_points(house.database, one, points, expires_on=today + timedelta(days=400), at=clock.now())
    url = f"/v1/households/{to_public('hou', household)}/points"

    async def get(role: str) -> httpx.Response:
        return await bank_client.get(url, headers=house.headers(role))

    whole = (await get("hq_operator")).json()
    half: Shown = (await get("branch_head")).json()
    assert [one["together"] for one in whole["wallets"]] == [190]
    assert [one["wallets"][0]["available"] for one in whole["members"]] == [150, 40]
    assert [one["together"] for one in half["wallets"]] == [None]
    mine, other = half["members"]
    assert (mine["party"]["id"], mine["wallets"][0]["available"]) == (to_public("cus", head), 150)
    assert (other["party"]["id"], other["household_role"], other["wallets"]) == (None, "spouse", None)
    assert (other["used"], other["left"], other["month_limit"]) == (None, None, None)
    assert (await get("manager")).status_code == 404
    assert (await get("administrator")).status_code == 403
    unknown = f"/v1/households/{to_public('hou', new_id())}/points"
    assert (await bank_client.get(unknown, headers=house.headers("hq_operator"))).status_code == 404
