"""GET /v1/rights and /v1/rights/{id}."""

import httpx

from guibin.core.ids import new_id, to_public
from support.shop import Shop

QUOTA = [{"tier": "T2", "period": "month", "times": 2}]


async def test_the_list_tells_my_price_my_quota_and_all_reasons(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer = await shop.customer(50, tier="T2")
    right = await shop.right(quotas=QUOTA, limit_times=5, limit_period="year")
    dear = await shop.right(prices=[{"tier": None, "points": 80}], minimum_tier="T3")
    answer = await customer_client.get("/v1/rights", headers=shop.house.customer_headers(customer))
    assert answer.status_code == 200
    assert answer.json()["next_cursor"] is None
    first, second = answer.json()["items"]
    assert first == {
        "id": right,
        "code": first["code"],
        "name": "机场贵宾厅",
        "description": "一次",
        "category": "travel",
        "brand": None,
        "labels": [],
        "featured": False,
        "place": 0,
        "tax_kind": "none",
        "value": None,
        "packages": [],
        "fulfilment": "hand_out",
        "appointment": None,
        "gives": None,
        "images": [],
        "next_release_at": None,
        "stars": None,
        "ratings": 0,
        "wallet": "reward",
        "price": 100,
        "money": "0.00",
        "prices": [{"class_of_service": None, "wallet": "reward", "points": 100, "money": "0.00"}],
        "companions": {"allowed": 0, "price": None, "quota": None, "quota_left": 0},
        "beneficiary": "none",
        "step_up": False,
        "quota": {"times": 2, "period": "month"},
        "quota_left": 2,
        "limit": {"times": 5, "period": "year"},
        "minimum_tier": None,
        "on_sale_from": None,
        "on_sale_to": None,
        "eligible": True,
        "reasons": [],
    }
    assert (second["id"], second["price"], second["quota"], second["eligible"]) == (dear, 80, None, False)
    assert second["reasons"] == [
        {"code": "tier_required", "message": "该权益需要更高层级", "required": "T3", "current": "T2"},
        {"code": "insufficient_points", "message": "可用积分不足", "required": 80, "available": 50, "missing": 30},
    ]


async def test_names_and_reasons_come_in_english_too(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer(0)) | {"Accept-Language": "en"}
    right = await shop.right()
    answer = (await customer_client.get(f"/v1/rights/{right}", headers=headers)).json()
    assert (answer["name"], answer["description"]) == ("Airport lounge", "One visit")
    assert [reason["message"] for reason in answer["reasons"]] == ["Not enough points available"]


async def test_the_pages_of_the_list_follow_each_other(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer(0))
    rights = [await shop.right() for _ in range(3)]
    first = (await customer_client.get("/v1/rights?limit=2", headers=headers)).json()
    rest = await customer_client.get("/v1/rights", params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers)
    assert [item["id"] for item in first["items"] + rest.json()["items"]] == rights
    assert rest.json()["next_cursor"] is None


async def test_what_the_bank_puts_in_front_comes_first_then_what_stands_before_and_pages_lose_nothing(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    headers = shop.house.customer_headers(await shop.customer(0))
    last, second, fourth, first, third = [
        await shop.right(featured=featured, place=place)
        for featured, place in ((False, 9), (True, 2), (False, 1), (True, 1), (False, 0))
    ]
    fifth = await shop.right(place=1)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while len(seen) < 6:
        page = (await customer_client.get("/v1/rights", params={"limit": "1"} | cursor, headers=headers)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [first, second, third, fourth, fifth, last]
    assert page["next_cursor"] is None


async def test_the_list_is_filtered(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer(10))
    await shop.right()
    fits = await shop.right(
        category="health",
        fulfilment="instruction",
        name_zh="贵宾体检",
        description_en="A check-up",
        prices=[{"tier": None, "points": 10}],
    )
    for query in ("category=health", "kind=instruction", "q=体检", "q=check-up", "affordable=true"):
        answer = await customer_client.get(f"/v1/rights?{query}", headers=headers)
        assert [item["id"] for item in answer.json()["items"]] == [fits], query


async def test_a_query_of_the_wrong_form_is_refused(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer(0))
    wrong = ("category=cars", "kind=code&kind=code", "q=", "q=a%00b", "affordable=maybe", "limit=0", "tier=T5")
    for query in wrong:
        answer = await customer_client.get(f"/v1/rights?{query}", headers=headers)
        assert answer.status_code == 422, query


async def test_the_catalogue_is_for_customers_who_are_logged_in(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    narrow = shop.house.customer_headers(await shop.customer(0), scopes=["profile:read:self"])
    for url in ("/v1/rights", f"/v1/rights/{await shop.right()}"):
        assert (await customer_client.get(url)).status_code == 401
        assert (await customer_client.get(url, headers=shop.house.headers("manager"))).status_code == 401
        assert (await customer_client.get(url, headers=narrow)).status_code == 403


async def test_one_right_is_shown_by_its_id(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer())
    right = await shop.right(state="suspended")
    answer = await customer_client.get(f"/v1/rights/{right}", headers=headers)
    assert (answer.status_code, answer.json()["id"]) == (200, right)
    assert [reason["code"] for reason in answer.json()["reasons"]] == ["not_on_sale"]


async def test_a_right_that_is_unknown_or_a_draft_is_not_found(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer())
    for right in (to_public("rgt", new_id()), await shop.right(state="draft")):
        answer = await customer_client.get(f"/v1/rights/{right}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_id_of_the_wrong_form_is_refused(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    headers = shop.house.customer_headers(await shop.customer())
    for right in ("rgt_1", "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "x"):
        assert (await customer_client.get(f"/v1/rights/{right}", headers=headers)).status_code == 422
