"""POST /v1/redemptions, my redemptions and their codes."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlmodel import col

from guibin.core.ids import new_id, to_public
from guibin.points.models import PointsAccount
from support.points import commit_points
from support.shop import Shop

URL = "/v1/redemptions"


async def post(
    client: httpx.AsyncClient, shop: Shop, customer: UUID, *, key: str | None = "k1", **body: Any
) -> httpx.Response:
    return await client.post(URL, json=body, headers=shop.house.customer_headers(customer, key=key))


async def test_a_redemption_is_final_in_its_answer(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer = await shop.customer(250, tier="T2")
    right = await shop.right(stock=5, quotas=[{"tier": "T2", "period": "month", "times": 1}])
    answer = await post(customer_client, shop, customer, right_id=right, quantity=3, expected_points=200)
    assert answer.status_code == 201
    body = answer.json()
    (lot,) = body["lots"]
    assert body == {
        "id": body["id"],
        "right_id": right,
        "quantity": 3,
        "state": "confirmed",
        "points_charged": 200,
        "quota_used": 1,
        "companions": 0,
        "companion_quota_used": 0,
        "class_of_service": None,
        "wallet": "reward",
        "lots": [{"lot_id": lot["lot_id"], "points": 200, "expires_on": lot["expires_on"]}],
        "available_after": 50,
        "fulfilment": "hand_out",
        "created_at": body["created_at"],
        "payment": None,
    }
    assert await shop.left_of(right) == 2


async def test_the_same_key_answers_the_same_bytes_and_redeems_once(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(), await shop.right()
    answers = [await post(customer_client, shop, customer, right_id=right, quantity=1) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true", "true"]
    assert len(await shop.redemptions_of(right)) == 1


async def test_a_refusal_is_replayed_although_the_points_came_meanwhile(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(40), await shop.right()
    first = await post(customer_client, shop, customer, right_id=right, quantity=1)
    await commit_points(shop.house.database, customer, 100)
    again = await post(customer_client, shop, customer, right_id=right, quantity=1)
    assert (first.status_code, again.status_code, again.content) == (409, 409, first.content)
    fresh = await post(customer_client, shop, customer, key="k2", right_id=right, quantity=1)
    assert fresh.status_code == 201


async def test_a_key_does_not_stand_for_another_body(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    await post(customer_client, shop, customer, right_id=right, quantity=1)
    answer = await post(customer_client, shop, customer, right_id=right, quantity=2)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_neighbour_may_use_the_same_key(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    right = await shop.right()
    ids = set()
    for customer in (await shop.customer(), await shop.customer()):
        answer = await post(customer_client, shop, customer, right_id=right, quantity=1)
        ids.add(answer.json()["id"])
    assert len(ids) == 2


async def test_a_redemption_needs_a_key(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    answer = await post(customer_client, shop, customer, key=None, right_id=right, quantity=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_required")


async def test_a_dry_run_needs_no_key_tells_why_not_and_stores_nothing(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(150), await shop.right(stock=1)
    answer = await post(
        customer_client, shop, customer, key=None, right_id=right, quantity=2, expected_points=100, dry_run=True
    )
    assert answer.status_code == 200
    body = answer.json()
    assert [reason.pop("message") and reason for reason in body.pop("reasons")] == [
        {"code": "price_changed", "points": 200},
        {"code": "insufficient_points", "required": 200, "available": 150, "missing": 50},
        {"code": "out_of_stock"},
    ]
    assert body == {
        "right_id": right,
        "quantity": 2,
        "eligible": False,
        "points_charged": 200,
        "quota_used": 0,
        "companion_quota_used": 0,
        "wallet": "reward",
        "money": "0.00",
        "available": 150,
        "step_up": False,
    }
    assert await shop.redemptions_of(right) == []


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("insufficient_points", {}, {"quantity": 11}, {"required": 1100, "available": 1000, "missing": 100}),
    ("out_of_stock", {"stock": 2}, {"quantity": 3}, {}),
    ("price_changed", {}, {"expected_points": 99}, {"points": 100}),
    ("price_changed", {}, {"expected_points": 0}, {"points": 100}),
    ("tier_required", {"minimum_tier": "T3"}, {}, {"required": "T3", "current": "T2"}),
    ("no_matching_price", {"prices": [{"tier": "T5", "points": 1}]}, {}, {}),
    (
        "limit_reached",
        {"limit_times": 2, "limit_period": "month"},
        {"quantity": 3},
        {"times": 2, "period": "month", "left": 2},
    ),
    ("not_on_sale", {"state": "suspended"}, {}, {}),
    ("wallet_closed", {"wallet": "growth", "prices": [{"tier": None, "points": 0}]}, {}, {}),
]


async def test_r2_r3_r7_r8_r9_what_is_refused_says_why_with_its_facts(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(tier="T2")
    general = {"type", "title", "status", "code", "request_id"}
    for number, (code, right, change, facts) in enumerate(REFUSALS):
        body: dict[str, Any] = {"right_id": await shop.right(**right), "quantity": 1} | change
        answer = await post(customer_client, shop, customer, key=f"k{number}", **body)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        problem = answer.json()
        assert problem["code"] == code
        assert {name: value for name, value in problem.items() if name not in general} == facts, code


async def test_r17_a_frozen_account_redeems_nothing(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    async with shop.house.sessions() as session:
        await session.execute(
            update(PointsAccount).where(col(PointsAccount.customer_id) == customer).values(state="frozen")
        )
        await session.commit()
    answer = await post(customer_client, shop, customer, right_id=right, quantity=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "account_frozen")


WRONG_FORMS: list[dict[str, Any]] = [
    {"quantity": 0},
    {"quantity": -3},
    {"quantity": 101},
    {"quantity": 1.0},
    {"quantity": "1"},
    {"quantity": True},
    {"quantity": None},
    {"expected_points": -1},
    {"expected_points": 1.5},
    {"expected_points": "10"},
    {"expected_points": True},
    {"expected_points": 10**12 + 1},
    {"expected_points": 2**63},
    {"points": 1},
    {"customer_id": "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"},
    {"right_id": "rgt_1"},
    {"right_id": None},
    {"dry_run": "true"},
]


async def test_r1_r2_r6_a_body_of_the_wrong_form_is_refused_and_does_not_use_up_the_key(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(), await shop.right()
    good: dict[str, Any] = {"right_id": right, "quantity": 1}
    for wrong in WRONG_FORMS:
        answer = await post(customer_client, shop, customer, **good | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), wrong
    for missing in good:
        body: dict[str, Any] = {name: value for name, value in good.items() if name != missing}
        answer = await post(customer_client, shop, customer, **body)
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", missing])
    assert (await post(customer_client, shop, customer, **good)).status_code == 201


async def test_r14_an_address_without_end_or_one_that_is_named_by_an_id_is_refused(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    home = {"recipient": "王小明", "phone": "13800138000", "address": "上海市浦东新区世纪大道1号"}
    customer, right = await shop.customer(), await shop.right()
    wrong = ({"address": "路" * 5_000}, "too_long"), ({"address_id": to_public("cus", new_id())}, "extra_forbidden")
    for changed, kind in wrong:
        answer = await post(customer_client, shop, customer, right_id=right, quantity=1, delivery=home | changed)
        assert (answer.status_code, [error["type"] for error in answer.json()["errors"]]) == (422, [kind])


async def test_r9_an_unknown_right_is_not_found(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    answer = await post(customer_client, shop, await shop.customer(), right_id=to_public("rgt", new_id()), quantity=1)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_redeeming_takes_a_customer_who_may(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    body = {"right_id": right, "quantity": 1}
    nobody = await customer_client.post(URL, json=body, headers={"Idempotency-Key": "k1"})
    staff = await customer_client.post(URL, json=body, headers=shop.house.headers("branch_head", key="k1"))
    narrow = shop.house.customer_headers(customer, key="k1", scopes=["points:read", "redemptions:read"])
    reader = await customer_client.post(URL, json=body, headers=narrow)
    assert [answer.status_code for answer in (nobody, staff, reader)] == [401, 401, 403]


async def test_my_redemptions_are_listed_newest_first_and_the_neighbours_are_not(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    mine, other, right = await shop.customer(), await shop.customer(), await shop.right()
    ids = []
    for number in range(3):
        answer = await post(customer_client, shop, mine, key=f"k{number}", right_id=right, quantity=1)
        ids.append(answer.json()["id"])
    await post(customer_client, shop, other, right_id=right, quantity=1)
    headers = shop.house.customer_headers(mine)
    first = (await customer_client.get(f"{URL}?limit=2", headers=headers)).json()
    rest = await customer_client.get(URL, params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers)
    assert [item["id"] for item in first["items"] + rest.json()["items"]] == ids[::-1]
    assert first["items"][0]["right_name"] == "机场贵宾厅"
    none = await customer_client.get(f"{URL}?state=fulfilled", headers=headers)
    assert none.json() == {"items": [], "next_cursor": None}


async def test_one_redemption_is_shown_with_its_lots_and_steps(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    made = (await post(customer_client, shop, customer, right_id=right, quantity=1)).json()
    answer = await customer_client.get(f"{URL}/{made['id']}", headers=shop.house.customer_headers(customer))
    assert answer.status_code == 200
    body = answer.json()
    kept = made.keys() - {"available_after", "companion_quota_used"}
    assert {name: body[name] for name in kept} == {name: made[name] for name in kept}
    assert body["steps"] == [{"state": "confirmed", "at": made["created_at"]}]


async def test_the_code_comes_by_its_own_call_and_never_with_the_redemption(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(), await shop.pool(["ABCD-1234"])
    made = await post(customer_client, shop, customer, right_id=right, quantity=1)
    assert b"ABCD" not in made.content
    headers = shop.house.customer_headers(customer)
    answer = await customer_client.get(f"{URL}/{made.json()['id']}/code", headers=headers)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["code"], body["used_at"]) == ("ABCD-1234", None)
    assert body["qr"].startswith("GBQ1.")
    assert body["codes"] == [
        {name: body[name] for name in ("code", "used_at", "qr", "qr_expires_at", "value", "remaining")}
    ]


async def test_each_unit_has_its_code(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.pool(["ABCD-1234", "ABCD-5678", "ABCD-9012"])
    made = await post(customer_client, shop, customer, right_id=right, quantity=2)
    headers = shop.house.customer_headers(customer)
    answer = await customer_client.get(f"{URL}/{made.json()['id']}/code", headers=headers)
    assert len({code["code"] for code in answer.json()["codes"]}) == 2


async def test_a_redemption_without_codes_has_no_code_to_show(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    made = await post(customer_client, shop, customer, right_id=right, quantity=1)
    headers = shop.house.customer_headers(customer)
    answer = await customer_client.get(f"{URL}/{made.json()['id']}/code", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_redemptions_are_shown_to_their_customer_alone(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    mine, other = await shop.customer(), await shop.customer()
    made = await post(customer_client, shop, mine, right_id=await shop.pool(["ABCD-1234"]), quantity=1)
    headers = shop.house.customer_headers(other)
    for path in ("", "/{id}", "/{id}/code"):
        url = URL + path.format(id=made.json()["id"])
        assert (await customer_client.get(url)).status_code == 401
        narrow = shop.house.customer_headers(mine, scopes=["points:read"])
        assert (await customer_client.get(url, headers=narrow)).status_code == 403
    assert (await customer_client.get(URL, headers=headers)).json()["items"] == []
    for path in ("/{id}", "/{id}/code"):
        foreign, missing, wrong = [
            await customer_client.get(URL + path.format(id=id_), headers=headers)
            for id_ in (made.json()["id"], to_public("rdm", new_id()), "rdm_1")
        ]
        assert (foreign.status_code, missing.status_code, wrong.status_code) == (404, 404, 422)
        assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
