"""Packages over both ports: drafted and approved by two people, chosen and taken by a customer."""

from typing import Any

import httpx

from guibin.core.ids import new_id
from support.shop import Shop

OPERATOR, APPROVER = "rights_operator", "rights_approver"


def package(*rights: str, **change: Any) -> dict[str, Any]:
    return {
        "name_zh": "出行权益包",
        "name_en": "Travel",
        "period": "month",
        "tiers": [{"tier": "T2", "choose": 1}],
        "rights": [{"right_id": right, "units": 2} for right in rights],
    } | change


async def test_a_package_is_published_by_two_people_chosen_and_taken_from(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    async def post(path: str, role: str = OPERATOR, **body: Any) -> httpx.Response:
        return await bank_client.post(path, json=body, headers=shop.house.headers(role, key=str(new_id())))

    lounge, spa = await shop.right(), await shop.right()
    draft = await post("/v1/packages", code="travel", **package(lounge, spa))
    assert draft.status_code == 201, draft.text
    path = f"/v1/packages/{draft.json()['id']}"
    assert (await post("/v1/packages", code="travel", **package(lounge))).json()["code"] == "package_open"
    edited = await bank_client.put(
        path,
        json=package(lounge, spa, name_en="Travel and spa"),
        headers=shop.house.headers(OPERATOR) | {"If-Match": draft.headers["etag"]},
    )
    assert (edited.status_code, edited.json()["revision"]) == (200, 2)
    approval = (await post(f"{path}/submit")).json()["approval_id"]
    assert (await post(f"{path}/submit")).json()["code"] == "package_not_draft"

    customer = await shop.customer(100, tier="T2")
    mine = shop.house.customer_headers(customer)
    assert (await customer_client.get("/v1/me/packages", headers=mine)).json() == {"items": []}
    assert (await post(f"/v1/approvals/{approval}/approve", APPROVER)).status_code == 200
    (shown,) = (await customer_client.get("/v1/me/packages", headers=mine)).json()["items"]
    assert (shown["choose"], shown["changeable"], [right["chosen"] for right in shown["rights"]]) == (
        *(1, True),
        [False, False],
    )
    chosen = await customer_client.post(
        f"/v1/me/packages/{shown['id']}/choices", json={"rights": [lounge]}, headers=mine
    )
    assert [right["left"] for right in chosen.json()["rights"]] == [2, 0]
    (given,) = (await customer_client.get(f"/v1/rights/{lounge}", headers=mine)).json()["packages"]
    assert (given["package_id"], given["left"]) == (shown["id"], 2)

    wish = {"right_id": lounge, "quantity": 2, "package_id": shown["id"]}
    seen = await customer_client.post("/v1/redemptions", json=wish | {"dry_run": True}, headers=mine)
    assert (seen.json()["eligible"], seen.json()["points_charged"]) == (True, 0), seen.text
    keyed = shop.house.customer_headers(customer, key="k1")
    done = await customer_client.post("/v1/redemptions", json=wish, headers=keyed)
    assert (done.status_code, done.json()["points_charged"], done.json()["available_after"]) == (201, 0, 100)
    again = shop.house.customer_headers(customer, key="k2")
    refused = await customer_client.post("/v1/redemptions", json=wish | {"quantity": 1}, headers=again)
    assert (refused.status_code, refused.json()["code"], refused.json()["left"]) == (409, "package_used_up", 0)
    exchanged = await customer_client.post(
        f"/v1/me/packages/{shown['id']}/choices", json={"rights": [spa]}, headers=mine
    )
    assert (exchanged.status_code, exchanged.json()["code"]) == (409, "package_in_use")


async def test_terms_that_make_no_package_are_refused_with_their_fault(
    shop: Shop, bank_client: httpx.AsyncClient
) -> None:
    body = package(await shop.right(), code="travel", tiers=[{"tier": "T2", "choose": 2}])
    answer = await bank_client.post("/v1/packages", json=body, headers=shop.house.headers(OPERATOR))
    assert (answer.status_code, answer.json()["code"], answer.json()["fault"]) == (
        *(422, "package_invalid"),
        "too_few_rights",
    )
