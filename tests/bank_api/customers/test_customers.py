"""Customers on the bank port: who sees whom, and how much."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core.ids import from_public, new_id, to_public
from guibin.holdings.models import HoldingParty
from support.house import EAST, WEST, House

from .conftest import EAST_CARD, EAST_NUMBER, EAST_PHONE, WEST_CARD, Known

NOBODY = UUID(int=9)
MASKED = ("branch_head", "hq_operator", "compliance", "customer_service")


def url(customer_id: object, suffix: str = "") -> str:
    return f"/v1/customers/cus_{customer_id}{suffix}"


async def get(client: httpx.AsyncClient, house: House, role: str, path: str, **params: str) -> httpx.Response:
    return await client.get(path, params=params, headers=house.headers(role))


async def test_the_primary_manager_sees_the_name_and_exact_assets(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    answer = await get(bank_client, house, "manager", url(known.east))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["name"] == "欧阳明"
    assert shown["phone"] == "154****5678"
    assert shown["certificate_no"] == EAST_CARD[:3] + "*" * 11 + EAST_CARD[-4:]
    assert (shown["birthday"], shown["city_code"], shown["branch_code"]) == ("02-29", "310100", EAST)
    facts = shown["facts"]
    assert (facts["aum"], facts["aum_mda"], facts["liabilities"]) == ("250000.00", "199999.99", "0.00")
    assert (facts["freshness"]["as_of"], facts["aum_mda_month"]) == ("2026-11-24", "2026-10-01")
    assert shown["tags"] == ["golf"]
    assert shown["lines"] == ["personal_finance"]
    assert shown["holdings"] == [{"side": "asset", "product_class": "deposits", "count": 2}]


async def test_others_see_a_masked_name_and_a_band(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    for role in MASKED:
        shown = (await get(bank_client, house, role, url(known.east))).json()
        facts = shown["facts"]
        assert (shown["name"], shown["phone"]) == ("欧阳*", "154****5678"), role
        assert (facts["aum"], facts["aum_mda"], facts["liabilities"]) == (None, None, None), role
        assert (facts["aum_band"], facts["aum_mda_band"]) == ("200k_1m", "50k_200k"), role


async def test_an_auditor_sees_that_there_is_something_and_not_what(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    shown = (await get(bank_client, house, "auditor", url(known.east))).json()
    assert (shown["name"], shown["phone"], shown["certificate_no"], shown["birthday"]) == ("*", "****", "****", None)
    assert (shown["facts"]["aum_band"], shown["facts"]["aum"]) == (None, None)


async def test_a_part_without_a_grant_is_left_out(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    shown = (await get(bank_client, house, "lobby", url(known.east))).json()
    assert (shown["name"], shown["facts"], shown["tags"], shown["holdings"]) == ("欧阳*", None, None, None)


async def test_a_customer_out_of_scope_is_not_found_like_an_unknown_one(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    for role, foreign in (("manager", known.west), ("branch_head", known.west), ("manager_west", known.east)):
        for suffix in ("", "/holdings"):
            answers = [await get(bank_client, house, role, url(one, suffix)) for one in (foreign, new_id())]
            bodies = [{**answer.json(), "request_id": ""} for answer in answers]
            assert [answer.status_code for answer in answers] == [404, 404], role
            assert bodies[0] == bodies[1]
            assert bodies[0]["code"] == "not_found"


async def test_reading_needs_a_token_and_a_grant(bank_client: httpx.AsyncClient, house: House) -> None:
    for path in ("/v1/customers", url(NOBODY), url(NOBODY, "/holdings")):
        assert (await bank_client.get(path)).status_code == 401
        assert (await get(bank_client, house, "administrator", path)).status_code == 403
        assert (await bank_client.get(path, headers=house.customer_headers(new_id()))).status_code == 401


async def test_an_id_of_the_wrong_form_is_invalid(bank_client: httpx.AsyncClient, house: House) -> None:
    upper = "cus_01934F6E-7A10-7C3E-9D55-2F60A1B2C3D4"
    for wrong in ("cus_1", str(NOBODY), to_public("rgt", NOBODY), upper):
        for suffix in ("", "/holdings"):
            answer = await get(bank_client, house, "hq_operator", f"/v1/customers/{wrong}{suffix}")
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), wrong
            assert answer.json()["errors"][0]["type"] == "id"


async def test_every_look_is_kept(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    await get(bank_client, house, "hq_operator", url(known.east))
    async with house.sessions() as session:
        looked = text("SELECT owner_id, actor_id FROM audit_entry WHERE action = 'getCustomer'")
        assert (await session.execute(looked)).all() == [(known.east, house.staff["hq_operator"].id)]


async def test_holdings_show_amounts_to_the_primary_manager_alone(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    exact = (await get(bank_client, house, "manager", url(known.east, "/holdings"))).json()["items"]
    assert [(one["number"], one["balance"], one["balance_day"]) for one in exact] == [
        ("**** 1234", "250000.00", "2026-11-20"),
        ("**** 5678", None, None),
    ]
    assert (exact[0]["product_code"], exact[0]["product_class"], exact[0]["rate"]) == ("PF101", "deposits", "0.001000")
    masked = (await get(bank_client, house, "branch_head", url(known.east, "/holdings"))).json()["items"]
    assert [(one["number"], one["balance"], one["balance_band"]) for one in masked] == [
        ("**** 1234", None, "200k_1m"),
        ("**** 5678", None, None),
    ]


async def test_holdings_come_page_by_page(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    path = url(known.east, "/holdings")
    first = (await get(bank_client, house, "manager", path, limit="1")).json()
    second = (await get(bank_client, house, "manager", path, limit="1", cursor=first["next_cursor"])).json()
    assert [first["items"][0]["number"], second["items"][0]["number"]] == ["**** 1234", "**** 5678"]
    assert second["next_cursor"] is None


async def listed(client: httpx.AsyncClient, house: House, role: str, **params: str) -> list[Any]:
    answer = await get(client, house, role, "/v1/customers", **params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_lists_show_the_customers_in_scope(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    east, west = (to_public("cus", one) for one in (known.east, known.west))
    assert await listed(bank_client, house, "hq_operator") == [west, east]
    assert await listed(bank_client, house, "branch_head") == [east]
    assert await listed(bank_client, house, "manager") == [east]
    assert await listed(bank_client, house, "manager_west") == []


async def test_lists_are_filtered(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    east, west = (to_public("cus", one) for one in (known.east, known.west))
    branch = to_public("brn", house.branches[WEST].id)
    assert await listed(bank_client, house, "hq_operator", branch=branch) == [west]
    assert await listed(bank_client, house, "hq_operator", tag="golf") == [east]
    assert await listed(bank_client, house, "hq_operator", tag="golf", branch=branch) == []
    assert await listed(bank_client, house, "hq_operator", tier="T5") == []
    assert await listed(bank_client, house, "hq_operator", manager=to_public("mgr", new_id())) == []


async def test_rows_of_a_list_are_masked_row_by_row(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    items = (await get(bank_client, house, "manager", "/v1/customers")).json()["items"]
    assert [(one["id"], one["name"], one["aum"]) for one in items] == [
        (to_public("cus", known.east), "欧阳明", "250000.00")
    ]
    items = (await get(bank_client, house, "hq_operator", "/v1/customers")).json()["items"]
    assert [(one["name"], one["aum"], one["aum_band"]) for one in items] == [
        ("王*明", None, None),
        ("欧阳*", None, "200k_1m"),
    ]


async def test_a_list_goes_on_where_its_cursor_says(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    first = (await get(bank_client, house, "hq_operator", "/v1/customers", limit="1")).json()
    second = (
        await get(bank_client, house, "hq_operator", "/v1/customers", limit="1", cursor=first["next_cursor"])
    ).json()
    assert [page["items"][0]["id"] for page in (first, second)] == [f"cus_{known.west}", f"cus_{known.east}"]
    assert second["next_cursor"] is None


async def search(client: httpx.AsyncClient, house: House, role: str, body: dict[str, Any]) -> httpx.Response:
    return await client.post("/v1/customers/search", json=body, headers=house.headers(role))


WHOLE_VALUES: list[dict[str, Any]] = [
    {"name": " 欧 阳明 "},
    {"phone": "+86 154-1234-5678"},
    {"certificate_no": EAST_CARD.lower()},
    {"certificate_no": EAST_CARD[:6] + EAST_CARD[8:17]},
    {"customer_no": EAST_NUMBER},
    {"name": "欧阳明", "phone": EAST_PHONE, "certificate_no": EAST_CARD, "customer_no": EAST_NUMBER},
]


async def test_d5_a_customer_is_found_by_whole_values(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    for body in WHOLE_VALUES:
        answer = await search(bank_client, house, "hq_operator", body)
        assert answer.status_code == 200, answer.text
        found = [(one["id"], one["name"]) for one in answer.json()["items"]]
        assert found == [(to_public("cus", known.east), "欧阳*")], body


async def test_d6_whoever_is_out_of_scope_is_not_found_by_a_search(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    for body in ({"certificate_no": WEST_CARD}, {"name": "王小明"}):
        assert (await search(bank_client, house, "branch_head", body)).json() == {"items": []}
        found = (await search(bank_client, house, "compliance", body)).json()["items"]
        assert [one["id"] for one in found] == [to_public("cus", known.west)]


async def test_values_of_two_customers_find_nobody(bank_client: httpx.AsyncClient, house: House, known: Known) -> None:
    assert known.east != known.west
    body = {"name": "王小明", "phone": EAST_PHONE}
    assert (await search(bank_client, house, "hq_operator", body)).json() == {"items": []}


WRONG_SEARCHES: list[tuple[dict[str, Any], str]] = [
    ({}, "search_too_broad"),
    ({"phone": "138"}, "search_too_broad"),
    ({"phone": "%"}, "search_too_broad"),
    ({"name": "王"}, "search_too_broad"),
    ({"name": "王%"}, "search_too_broad"),
    ({"customer_no": "600"}, "search_too_broad"),
    ({"customer_no": "00000000"}, "search_too_broad"),
    ({"certificate_no": "1234"}, "search_too_broad"),
    ({"certificate_no": EAST_CARD[:-1] + "?"}, "search_too_broad"),
    ({"certificate_no": "99000119800229001" + "0"}, "validation_failed"),
    ({"name": 1}, "validation_failed"),
    ({"name": None, "colour": "red"}, "validation_failed"),
    ({"name": "王\u0000明"}, "validation_failed"),
    ({"certificate_type": "library_card", "certificate_no": "12345678"}, "validation_failed"),
]


async def test_d4_d5_a_search_by_parts_or_of_a_wrong_shape_is_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    for body, code in WRONG_SEARCHES:
        answer = await search(bank_client, house, "hq_operator", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body


async def test_searching_needs_a_token_and_a_grant_and_is_kept_without_the_values(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    body = {"phone": EAST_PHONE}
    assert (await bank_client.post("/v1/customers/search", json=body)).status_code == 401
    assert (await search(bank_client, house, "administrator", body)).status_code == 403
    assert (await search(bank_client, house, "manager_west", body)).json() == {"items": []}
    async with house.sessions() as session:
        kept = text("SELECT facts FROM audit_entry WHERE action = 'customer.search'")
        assert (await session.execute(kept)).scalars().all() == [{"fields": ["phone"], "found": 0}]
    assert known.east is not None


async def test_p9_personal_values_are_not_searched_for_in_the_url(bank_client: httpx.AsyncClient, house: House) -> None:
    for name in ("name", "phone", "certificate_no", "customer_no"):
        answer = await get(bank_client, house, "hq_operator", "/v1/customers", **{name: "1"})
        assert (answer.status_code, answer.json()["code"]) == (422, "sensitive_in_url")


async def test_a_holding_says_how_many_others_may_operate_it(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    path = url(known.east, "/holdings")
    first = (await get(bank_client, house, "manager", path)).json()["items"][0]["id"]
    async with house.sessions() as session:
        holding_id = from_public("hld", first)
        assert holding_id is not None
        day = date(2026, 11, 24)
        session.add(HoldingParty(customer_id=known.west, holding_id=holding_id, owner_id=known.east, as_of=day))
        await session.commit()
    shown = (await get(bank_client, house, "manager", path)).json()["items"]
    assert [item["shared_with"] for item in shown] == [1, 0]
