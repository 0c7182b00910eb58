"""My profile over HTTP: my name, my tier and what the next one takes, my manager."""

from datetime import date
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.managers.models import Grade
from guibin.managers.service import assign
from support.house import EAST, House
from support.tiers import DAY, MILLION, MONTH, add_manager, give_tier, put_average

PATHS = ("/v1/me", "/v1/me/tier", "/v1/me/manager")


@pytest.fixture
async def customer_id(house: House) -> UUID:
    return await house.add_customer(name="王小明")


async def _know(house: House, customer_id: UUID, *, tier: str | None = None, average_fen: int | None = None) -> None:
    async with house.sessions() as session:
        if tier is not None:
            await give_tier(session, customer_id, tier, on=MONTH)
        await put_average(session, customer_id, average_fen)
        await session.commit()


async def test_i_see_my_own_name_in_full_and_my_tier(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    await _know(house, customer_id, tier="T2", average_fen=MILLION)
    response = await customer_client.get("/v1/me", headers=house.customer_headers(customer_id))
    assert response.json() == {
        "id": to_public("cus", customer_id),
        "name": "王小明",
        "tier": {"code": "T2", "name": "白金客户", "since": MONTH.isoformat()},
    }


async def test_names_of_tiers_follow_the_language(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    await _know(house, customer_id, tier="T2", average_fen=MILLION)
    headers = house.customer_headers(customer_id) | {"Accept-Language": "en"}
    assert (await customer_client.get("/v1/me", headers=headers)).json()["tier"]["name"] == "Platinum"
    assert (await customer_client.get("/v1/me/tier", headers=headers)).json()["next"]["name"] == "Diamond"


async def test_before_the_first_night_nothing_is_known(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    headers = house.customer_headers(customer_id)
    assert (await customer_client.get("/v1/me", headers=headers)).json()["tier"] is None
    shown = (await customer_client.get("/v1/me/tier", headers=headers)).json()
    assert (shown["tier"], shown["average"], shown["freshness"]) == (None, None, None)
    assert (shown["next"]["code"], shown["next"]["missing"]) == ("T0", None)
    manager = await customer_client.get("/v1/me/manager", headers=headers)
    assert (manager.status_code, manager.json()) == (200, None)


@pytest.mark.parametrize(
    ("tier", "average_fen", "code", "missing"),
    [
        ("T1", 999_999_99, "T2", "0.01"),
        ("T1", 300_000_00, "T2", "700000.00"),
        ("T1", MILLION, "T2", "0.00"),
        ("T1", None, "T2", None),
        ("T0", 50_000_00, "T1", "150000.00"),
    ],
)
async def test_i_see_what_is_missing_to_the_next_tier(
    customer_client: httpx.AsyncClient,
    house: House,
    customer_id: UUID,
    tier: str,
    average_fen: int | None,
    code: str,
    missing: str | None,
) -> None:
    await _know(house, customer_id, tier=tier, average_fen=average_fen)
    shown = (await customer_client.get("/v1/me/tier", headers=house.customer_headers(customer_id))).json()
    assert shown["tier"]["code"] == tier
    assert (shown["next"]["code"], shown["next"]["missing"]) == (code, missing)
    assert (shown["freshness"]["as_of"], shown["freshness"]["stale"]) == (DAY.isoformat(), False)


async def test_above_the_highest_tier_nothing_is_missing(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    await _know(house, customer_id, tier="T5", average_fen=10 * MILLION)
    shown = (await customer_client.get("/v1/me/tier", headers=house.customer_headers(customer_id))).json()
    assert (shown["tier"]["code"], shown["next"]) == ("T5", None)
    assert (shown["average"], date.fromisoformat(shown["average_month"])) == ("10000000.00", MONTH)


async def test_i_am_told_gently_until_when_my_tier_is_kept(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T3", on=MONTH)
        await put_average(session, customer_id, MILLION, day=clock.last_closed_day())
        await session.commit()
    shown = (await customer_client.get("/v1/me/tier", headers=house.customer_headers(customer_id))).json()["outlook"]
    assert (shown["forecast"], shown["forecast_code"]) == ("1000000.00", "T2")
    assert shown["kept_until"] > shown["decides_on"]
    assert shown["note"] == f"您的资产日均暂低于当前等级标准，等级及权益为您保留至{shown['kept_until']}。"
    assert float(shown["more_to_keep"]) > 0


async def test_i_see_who_serves_me_and_how_to_reach_them(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T2", on=MONTH)
        await add_manager(session, house.branches[EAST].id, Grade.SENIOR, staff=house.staff["manager"])
        await assign(session, day=clock.last_closed_day())
        await session.commit()
    response = await customer_client.get("/v1/me/manager", headers=house.customer_headers(customer_id))
    assert response.json() == {
        "name": "李四光",
        "grade": "senior",
        "branch": f"机构{EAST}",
        "office_phone": "02100000000",
        "stand_in": None,
    }


async def test_i_see_only_myself(customer_client: httpx.AsyncClient, house: House, customer_id: UUID) -> None:
    await _know(house, customer_id, tier="T4", average_fen=7 * MILLION)
    other = await house.add_customer(name="赵钱孙")
    for path in PATHS:
        response = await customer_client.get(path, headers=house.customer_headers(other))
        assert response.status_code == 200
        assert "T4" not in response.text
        assert "王小明" not in response.text


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_token_i_am_nobody(customer_client: httpx.AsyncClient, path: str) -> None:
    assert (await customer_client.get(path)).status_code == 401


@pytest.mark.parametrize("path", PATHS)
async def test_a_token_for_points_alone_shows_no_profile(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID, path: str
) -> None:
    headers = house.customer_headers(customer_id, scopes=["points:read"])
    assert (await customer_client.get(path, headers=headers)).status_code == 403


@pytest.mark.parametrize("path", PATHS)
async def test_staff_and_strangers_are_refused(customer_client: httpx.AsyncClient, house: House, path: str) -> None:
    assert (await customer_client.get(path, headers=house.headers("manager"))).status_code == 401
    assert (await customer_client.get(path, headers=house.customer_headers(new_id()))).status_code == 401


async def test_who_became_another_customer_is_refused(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    other = await house.add_customer()
    async with house.sessions() as session:
        (await session.get_one(Customer, customer_id)).merged_into = other
        await session.commit()
    assert (await customer_client.get("/v1/me", headers=house.customer_headers(customer_id))).status_code == 401


async def test_no_customer_id_is_taken_from_the_caller(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    headers = house.customer_headers(customer_id)
    response = await customer_client.get(f"/v1/me?customer_id={to_public('cus', new_id())}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "unknown_parameter")
