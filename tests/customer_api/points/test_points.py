"""What customers see of their own points."""

from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.points.models import EntryKind
from guibin.programme.models import KillSwitch
from support.house import House
from support.points import commit_points, post_points, sessions_of


async def spend(house: House, customer_id: UUID, points: int) -> None:
    async with sessions_of(house.database.customer_url, pool_size=1) as factory, factory() as session:
        await post_points(session, customer_id, EntryKind.REDEEM, points, at=clock.now())
        await session.commit()


async def test_i_see_what_i_have_and_what_expires_when(customer_client: httpx.AsyncClient, house: House) -> None:
    me = await house.add_customer()
    this_year = date(clock.today().year, 12, 31)
    await commit_points(house.database, me, 500, expires_on=this_year)
    await commit_points(house.database, me, 300, expires_on=this_year + timedelta(days=365))
    await spend(house, me, 100)

    answer = await customer_client.get("/v1/me/points", headers=house.customer_headers(me))

    assert answer.status_code == 200
    reward, service = answer.json()["wallets"]
    assert reward == {
        "wallet": "reward",
        "name": "综合积分",
        "unit": "积分",
        "balance": 700,
        "available": 700,
        "pending": 0,
        "held": 0,
        "debt": 0,
        "expiring": [
            {"date": this_year.isoformat(), "points": 400},
            {"date": (this_year + timedelta(days=365)).isoformat(), "points": 300},
        ],
        "next_expiry": {"date": this_year.isoformat(), "points": 400},
        "rolls_over_to": None,
        "next_activation": None,
        "lifetime": {
            "earned": 800,
            "redeemed": -100,
            "refunded": 0,
            "clawed_back": 0,
            "expired": 0,
            "adjusted": 0,
            "transferred": 0,
        },
        "lifetime_earned": 800,
        "state": "open",
        "releases": [],
        "holds": [],
        "debt_note": None,
    }
    assert (service["wallet"], service["balance"], service["expiring"]) == ("service", 0, [])


async def test_i_read_english_when_i_ask_for_it(customer_client: httpx.AsyncClient, house: House) -> None:
    me = await house.add_customer()
    await commit_points(house.database, me, 5)
    headers = house.customer_headers(me) | {"Accept-Language": "en"}

    balance = (await customer_client.get("/v1/me/points", headers=headers)).json()
    history = (await customer_client.get("/v1/me/points/entries", headers=headers)).json()

    assert balance["wallets"][0]["unit"] == "points"
    assert history["items"][0]["reason"] == "test"


async def test_l2_without_an_account_i_have_nothing_and_no_error(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    me = await house.add_customer()

    balance = (await customer_client.get("/v1/me/points", headers=house.customer_headers(me))).json()
    history = (await customer_client.get("/v1/me/points/entries", headers=house.customer_headers(me))).json()

    assert [(one["balance"], one["expiring"]) for one in balance["wallets"]] == [(0, []), (0, [])]
    assert history == {"items": [], "next_cursor": None}


async def test_l6_at_midnight_all_that_expires_is_gone_at_once(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    me, today = await house.add_customer(), clock.today()
    await commit_points(house.database, me, 60, expires_on=today)
    await commit_points(house.database, me, 40, expires_on=today)
    midnight = clock.start_of_day(today + timedelta(days=1))
    seen = []
    for at in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(seconds=1)):
        with clock.fixed_at(at):
            headers = house.customer_headers(me)
            reward = (await customer_client.get("/v1/me/points", headers=headers)).json()["wallets"][0]
            seen.append((reward["available"], [due["points"] for due in reward["expiring"]]))
    assert seen == [(100, [100]), (0, []), (0, [])]


async def test_my_history_shows_the_lots_of_what_i_spent(customer_client: httpx.AsyncClient, house: House) -> None:
    me = await house.add_customer()
    await commit_points(house.database, me, 100)
    await spend(house, me, 30)

    answer = await customer_client.get("/v1/me/points/entries?wallet=reward", headers=house.customer_headers(me))

    spent, earned = answer.json()["items"]
    assert (spent["kind"], spent["points"], spent["balance_after"], spent["seq"]) == ("redeem", -30, 70, 2)
    assert [lot["points"] for lot in spent["lots"]] == [30]
    assert spent["lots"][0]["lot_id"] == earned["lots"][0]["lot_id"]


@pytest.mark.parametrize("query", ["limit=2", "limit=2&wallet=reward"])
async def test_l5_pages_neither_lose_nor_repeat_an_entry_while_more_come_in(
    customer_client: httpx.AsyncClient, house: House, query: str
) -> None:
    me = await house.add_customer()
    for points in range(1, 6):
        await commit_points(house.database, me, points)
    headers = house.customer_headers(me)
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        tail = f"&cursor={cursor}" if cursor else ""
        page = (await customer_client.get(f"/v1/me/points/entries?{query}{tail}", headers=headers)).json()
        seen += [one["points"] for one in page["items"]]
        cursor = page["next_cursor"]
        await commit_points(house.database, me, 100, at=clock.now())

    assert seen == [5, 4, 3, 2, 1]


async def test_l1_i_never_see_a_neighbours_points(customer_client: httpx.AsyncClient, house: House) -> None:
    me, neighbour = await house.add_customer(), await house.add_customer(name="王五")
    await commit_points(house.database, neighbour, 100)

    balance = (await customer_client.get("/v1/me/points", headers=house.customer_headers(me))).json()
    history = (await customer_client.get("/v1/me/points/entries", headers=house.customer_headers(me))).json()

    assert balance["wallets"][0]["balance"] == 0
    assert history["items"] == []


async def test_a_cursor_of_another_filter_or_person_is_refused(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    me, neighbour = await house.add_customer(), await house.add_customer(name="王五")
    for points in (1, 2):
        await commit_points(house.database, me, points)
    page = await customer_client.get("/v1/me/points/entries?limit=1&wallet=reward", headers=house.customer_headers(me))
    cursor = page.json()["next_cursor"]

    for who, query in ((me, "limit=1"), (neighbour, "limit=1&wallet=reward")):
        answer = await customer_client.get(
            f"/v1/me/points/entries?{query}&cursor={cursor}", headers=house.customer_headers(who)
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


BAD_QUERIES = {
    "kind=gift": "validation_failed",
    "wallet=": "validation_failed",
    "limit=0": "validation_failed",
    "limit=101": "validation_failed",
    "from=2026-02-30": "validation_failed",
    "from=2026-03-01&to=2026-02-01": "validation_failed",
    "from=2024-01-01&to=2026-01-01": "range_too_large",
    "customer=1": "unknown_parameter",
    "kind=earn&kind=redeem": "duplicate_parameter",
    "cursor=abc": "cursor_invalid",
}


async def test_l3_a_history_that_cannot_be_is_refused(customer_client: httpx.AsyncClient, house: House) -> None:
    headers = house.customer_headers(await house.add_customer())
    for query, code in BAD_QUERIES.items():
        answer = await customer_client.get(f"/v1/me/points/entries?{query}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, code), query


async def test_the_history_is_filtered_by_kind_and_day(customer_client: httpx.AsyncClient, house: House) -> None:
    me = await house.add_customer()
    await commit_points(house.database, me, 10, at=clock.now() - timedelta(days=3))
    await commit_points(house.database, me, 20, at=clock.now())
    await spend(house, me, 5)
    today = clock.today().isoformat()

    answer = await customer_client.get(
        f"/v1/me/points/entries?kind=earn&from={today}&to={today}", headers=house.customer_headers(me)
    )

    assert [one["points"] for one in answer.json()["items"]] == [20]


async def test_points_need_a_token_with_their_scope(customer_client: httpx.AsyncClient, house: House) -> None:
    me = await house.add_customer()
    for path in ("/v1/me/points", "/v1/me/points/entries"):
        assert (await customer_client.get(path)).status_code == 401
        assert (await customer_client.get(path, headers=house.customer_headers(me, scopes=()))).status_code == 403
        assert (await customer_client.get(path, headers=house.headers("hq_operator"))).status_code == 401


async def test_i_see_by_what_i_would_earn_and_nothing_that_is_stopped(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    me = house.customer_headers(await house.add_customer())
    query = {"event_type": "card_spend", "amount": "250.00"}
    card = (await customer_client.get("/v1/me/earning", params=query, headers=me)).json()
    everything = (await customer_client.get("/v1/me/earning", headers=me)).json()
    async with house.sessions() as session:
        session.add(
            KillSwitch(
                target="wallet",
                subject="reward",
                earning=True,
                spending=False,
                reason="核查",
                set_by=house.staff["hq_operator"].id,
                set_at=clock.now(),
            )
        )
        await session.commit()
    stopped = (await customer_client.get("/v1/me/earning", params=query, headers=me)).json()

    assert card["amount"] == "250.00"
    assert [(way["event_type"], way["wallet"], way["unit"]) for way in card["ways"]] == [
        ("card_spend", "reward", "积分")
    ]
    assert card["ways"][0]["points"] > 0
    points = [way["points"] for way in everything["ways"]]
    assert (everything["amount"], points, len(points) > 1) == ("1000.00", sorted(points, reverse=True), True)
    assert stopped["ways"] == []
