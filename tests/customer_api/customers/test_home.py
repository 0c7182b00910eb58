"""GET /v1/me/home: everything that the first screen shows, in one call and a fixed number of statements."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.points.models import AccountState, PointsAccount
from guibin.rights.models import RightsSlot, SlotState
from support.house import House
from support.shop import Shop
from support.statements import statements
from support.tiers import MILLION, put_average

URL = "/v1/me/home"


@pytest.fixture
def shop(house: House) -> Shop:
    return Shop(house)


async def home(client: httpx.AsyncClient, shop: Shop, customer: UUID, **options: Any) -> dict[str, Any]:
    answer = await client.get(URL, headers=shop.house.customer_headers(customer, **options))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def redeem(client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, **body: Any) -> str:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    answer = await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1} | body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def add_slot(shop: Shop, right: str, days: int) -> str:
    right_id = from_public("rgt", right)
    assert right_id is not None
    starts_at = clock.start_of_day(clock.today() + timedelta(days=days)) + timedelta(hours=9)
    slot = RightsSlot(
        right_id=right_id,
        id=new_id(),
        city_code="310100",
        place="体检中心",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        capacity=5,
        state=SlotState.OPEN,
        created_by=new_id(),
        created_at=clock.now(),
    )
    async with shop.house.sessions() as session:
        session.add(slot)
        await session.commit()
    return to_public("slt", slot.id)


async def test_the_first_screen_has_everything_in_one_call(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer = await shop.customer(1_000, tier="T2")
    async with shop.house.sessions() as session:
        await put_average(session, customer, 2 * MILLION - 1)
        await session.commit()
    coffee = await shop.pool(["ABCD-1234", "ABCD-5678"], offer={"code_days": 3})
    codes = await redeem(customer_client, shop, customer, coffee, quantity=2)
    check = await shop.right(offer={"appointment": {}})
    later = await redeem(customer_client, shop, customer, check, slot_id=await add_slot(shop, check, 9))
    sooner = await redeem(customer_client, shop, customer, check, slot_id=await add_slot(shop, check, 1))

    shown = await home(customer_client, shop, customer)

    assert (shown["name"], shown["tier"]["tier"]["code"]) == ("张三丰", "T2")
    assert shown["tier"]["next"]["missing"] == "0.01"
    reward = next(own for own in shown["wallets"] if own["wallet"] == "reward")
    assert (reward["balance"], reward["available"], reward["unit"]) == (600, 600, "积分")
    assert [(due["wallet"], due["points"]) for due in shown["expiring"]] == [("reward", 600)]
    last = (clock.today() + timedelta(days=3)).isoformat()
    assert [(one["redemption_id"], one["codes_left"], one["valid_until"]) for one in shown["usable_codes"]] == [
        (codes, 2, last)
    ]
    assert [(one["redemption_id"], one["state"]) for one in shown["appointments"]] == [
        (sooner, "booked"),
        (later, "booked"),
    ]
    assert [notice["kind"] for notice in shown["notices"]] == ["appointment_soon", "code_ending"]
    assert (shown["manager"], shown["as_of"] is not None) == (None, True)


async def test_the_number_of_statements_does_not_grow_with_what_there_is(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    poor, rich = await shop.customer(0), await shop.customer(2_000, tier="T2")
    coffee = await shop.pool([f"ABCD-{number}" for number in range(1_000, 1_004)])
    check = await shop.right(offer={"appointment": {}})
    for days in (1, 2, 3):
        await redeem(customer_client, shop, rich, coffee)
        await redeem(customer_client, shop, rich, check, slot_id=await add_slot(shop, check, days))
    counts = []
    for customer in (poor, rich):
        with statements() as sent:
            await home(customer_client, shop, customer)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 26, counts


async def test_a_frozen_account_is_pointed_at_and_the_language_followed(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(10)
    async with shop.house.sessions() as session:
        account = (await session.exec(select(PointsAccount).where(PointsAccount.customer_id == customer))).one()
        account.state = AccountState.FROZEN
        await session.commit()
    headers = shop.house.customer_headers(customer) | {"Accept-Language": "en"}
    shown = (await customer_client.get(URL, headers=headers)).json()
    assert shown["notices"][0] == {"kind": "account_frozen", "text": "An account of points cannot be used now"}


async def test_what_the_token_is_not_for_is_null(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    shown = await home(customer_client, shop, await shop.customer(10), scopes=["profile:read:self"])
    assert [shown[part] for part in ("wallets", "expiring", "packages", "usable_codes", "appointments")] == [None] * 5
    assert shown["notices"] == []
    points = shop.house.customer_headers(await shop.customer(10), scopes=["points:read"])
    assert (await customer_client.get(URL, headers=points)).status_code == 403
