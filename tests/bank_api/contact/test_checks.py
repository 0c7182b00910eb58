"""POST /v1/contact-checks: asked without a trace, of one customer and of many, in scope (CARE-06)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id
from support.house import WEST, House

URL = "/v1/contact-checks"
TOMORROW = clock.today() + timedelta(days=1)
NOON, NIGHT = f"{TOMORROW}T12:00:00+08:00", f"{TOMORROW}T22:00:00+08:00"
OFFER = {"channel": "sms", "purpose": "selling", "sender": "manager", "at": NOON}


async def ask(bank: httpx.AsyncClient, house: House, *customers: UUID, **other: Any) -> httpx.Response:
    body = OFFER | other | {"customer_ids": [f"cus_{one}" for one in customers]}
    return await bank.post(URL, json=body, headers=house.headers("branch_head"))


async def verdict(bank: httpx.AsyncClient, house: House, customer: UUID, **other: Any) -> dict[str, Any]:
    answer = await ask(bank, house, customer, **other)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["items"][0])


async def consent(bank: httpx.AsyncClient, house: House, customer: UUID, channel: str = "sms") -> None:
    decision = {"purpose": "marketing", "channel": channel, "granted": True, "text_version": 1}
    body = {"evidence": "FORM-1", "decisions": [decision]}
    url = f"/v1/customers/cus_{customer}/consents"
    assert (await bank.put(url, json=body, headers=house.headers("branch_head"))).status_code == 200


async def restrict(bank: httpx.AsyncClient, house: House, customer: UUID, kind: str) -> None:
    url, item = f"/v1/customers/cus_{customer}/restrictions", {"kind": kind, "reference": "DOC-1"}
    answer = await bank.put(url, json={"items": [item]}, headers=house.headers("branch_head"))
    assert answer.status_code == 200, answer.text


async def test_an_offer_needs_consent_and_the_day(bank_client: httpx.AsyncClient, house: House) -> None:
    customer = await house.add_customer()
    shown = await verdict(bank_client, house, customer)
    assert (shown["allowed"], shown["reasons"], shown["possible_at"]) == (False, ["no_consent"], None)
    await consent(bank_client, house, customer)
    assert (await verdict(bank_client, house, customer))["allowed"] is True
    assert (await verdict(bank_client, house, customer, channel="phone"))["reasons"] == ["no_consent"]
    late = await verdict(bank_client, house, customer, at=NIGHT)
    assert (late["reasons"], late["possible_at"]) == (["quiet_hours"], f"{TOMORROW + timedelta(days=1)}T01:00:00Z")


async def test_a_complaint_in_progress_pauses_selling_by_every_channel_and_not_service(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = await house.add_customer()
    for channel in ("sms", "phone"):
        await consent(bank_client, house, customer, channel)
    await restrict(bank_client, house, customer, "complaint")
    for channel in ("sms", "phone"):
        shown = await verdict(bank_client, house, customer, channel=channel)
        assert (shown["reasons"], shown["possible_at"]) == (["restricted"], None)
    assert (await verdict(bank_client, house, customer, purpose="care", channel="phone"))["allowed"] is True
    assert (await verdict(bank_client, house, customer, purpose="service"))["allowed"] is True


async def test_nobody_is_reached_who_is_dead_or_must_not_be_contacted(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    for kind in ("deceased", "do_not_contact"):
        customer = await house.add_customer()
        await restrict(bank_client, house, customer, kind)
        answers = [await ask(bank_client, house, customer, purpose=one) for one in ("service", "care", "selling")]
        assert all("restricted" in one.json()["items"][0]["reasons"] for one in answers)
        assert kind not in "".join(one.text for one in answers)
    dead = await house.add_customer(status="deceased")
    assert (await verdict(bank_client, house, dead, purpose="service"))["reasons"] == ["restricted"]


async def test_many_are_asked_about_in_their_order_and_nothing_is_kept(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customers = [await house.add_customer() for _ in range(3)]
    await consent(bank_client, house, customers[1])
    answer = await ask(bank_client, house, *customers)
    assert [(one["customer_id"], one["allowed"]) for one in answer.json()["items"]] == [
        (f"cus_{customer}", number == 1) for number, customer in enumerate(customers)
    ]
    async with house.sessions() as session:
        assert (await session.execute(text("SELECT count(*) FROM contact_decision"))).scalar_one() == 0
    twice = await ask(bank_client, house, customers[0], customers[0])
    assert (twice.status_code, twice.json()["code"]) == (422, "validation_failed")


async def test_a_question_about_somebody_out_of_scope_is_answered_to_nobody(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    own, others = await house.add_customer(), await house.add_customer(branch=WEST)
    refused = await ask(bank_client, house, own, others)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    unknown = await ask(bank_client, house, own, new_id())
    assert unknown.status_code == 404
    headers = house.service_headers("message_gateway", ["contacts:post"])
    body = OFFER | {"customer_ids": [f"cus_{own}", f"cus_{others}"]}
    asked = await bank_client.post(URL, json=body, headers=headers)
    assert (asked.status_code, asked.json()["policy_version"]) == (200, 1)
