"""What an offer asks of a redemption over HTTP: guests, classes, and somebody else who is served."""

from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.core.ids import new_id
from guibin.rights.models import RedemptionBeneficiary
from support.shop import Shop

FRIEND = {"name": "王小明", "phone": "138 0013 8000", "consent": True}
COMPANIONS = {"most": [{"tier": "T3", "guests": 2}], "quotas": [{"tier": "T3", "period": "year", "times": 1}]}


async def post(client: httpx.AsyncClient, shop: Shop, customer: UUID, **body: Any) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post("/v1/redemptions", json={"quantity": 1} | body, headers=headers)


async def test_guests_and_classes_are_priced_in_the_catalogue_and_charged_in_the_redemption(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(tier="T3")
    prices: list[dict[str, object]] = [
        {"tier": None, "points": 150, "class_of_service": "A"},
        {"tier": None, "points": 100, "class_of_service": "B"},
    ]
    right = await shop.right(prices=prices, offer={"companions": COMPANIONS})
    headers = shop.house.customer_headers(customer)
    shown = (await customer_client.get(f"/v1/rights/{right}", headers=headers)).json()
    assert [(price["class_of_service"], price["points"]) for price in shown["prices"]] == [("A", 150), ("B", 100)]
    assert (shown["price"], shown["companions"]["allowed"], shown["companions"]["quota_left"]) == (150, 2, 1)
    assert shown["eligible"]
    wish: dict[str, Any] = {"right_id": right, "companions": 2, "class_of_service": "A"}
    seen = (await post(customer_client, shop, customer, dry_run=True, **wish)).json()
    done = (await post(customer_client, shop, customer, expected_points=300, **wish)).json()
    for body in (seen, done):
        assert (body["points_charged"], body["companion_quota_used"]) == (300, 1)
    assert (done["companions"], done["class_of_service"]) == (2, "A")
    none = await post(customer_client, shop, customer, right_id=right)
    assert none.json()["code"] == "no_matching_price"
    many = await post(customer_client, shop, customer, right_id=right, companions=3, class_of_service="A")
    assert (many.json()["code"], many.json()["most"]) == ("too_many_companions", 2)
    for wrong in ({"companions": -1}, {"companions": 21}, {"class_of_service": ""}, {"wallet": "a b"}):
        assert (await post(customer_client, shop, customer, **wish | wrong)).status_code == 422, wrong


async def test_somebody_else_is_served_with_consent_and_kept_encrypted_and_shown_masked(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    right = await shop.right(offer={"beneficiary": "certified"})
    alone = await shop.right()
    refused = await post(customer_client, shop, customer, right_id=alone, beneficiary=FRIEND)
    assert (refused.status_code, refused.json()["code"]) == (409, "beneficiary_not_allowed")
    refused = await post(customer_client, shop, customer, right_id=right, beneficiary=FRIEND)
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_required")
    for wrong in ({"consent": False}, {"consent": None}, {"phone": "12"}, {"name": ""}):
        answer = await post(customer_client, shop, customer, right_id=right, beneficiary=FRIEND | wrong)
        assert answer.status_code == 422, wrong
    friend = FRIEND | {"certificate_no": "310101198307190017"}
    done = await post(customer_client, shop, customer, right_id=right, beneficiary=friend)
    assert done.status_code == 201, done.text
    assert "1380013" not in done.text
    async with shop.house.sessions() as session:
        (row,) = (await session.exec(select(RedemptionBeneficiary))).all()
    assert not any(text.encode() in row.name_enc + row.phone_enc for text in ("王小明", "13800138000"))
    assert row.certificate_enc is not None
    headers = shop.house.customer_headers(customer)
    shown = (await customer_client.get(f"/v1/redemptions/{done.json()['id']}", headers=headers)).json()
    assert shown["beneficiary"] == {"name": "王*明", "phone": "138****8000"}
    mine = await post(customer_client, shop, customer, right_id=right)
    shown = (await customer_client.get(f"/v1/redemptions/{mine.json()['id']}", headers=headers)).json()
    assert shown["beneficiary"] is None
