"""Passing the gate: places of a month, refusals that are kept, allowances and the policy itself (CARE-06)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from guibin.contact.service import release_lapsed
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from support.contact import allow_offers
from support.house import House
from support.points import sessions_of

TOMORROW = clock.today() + timedelta(days=1)
NOON = datetime.fromisoformat(f"{TOMORROW}T12:00:00+08:00")
POLICY = {
    "quiet": {"start": "21:00", "end": "08:00"},
    "holiday_quiet": {"start": "20:00", "end": "10:00"},
    "caps": [{"channel": "sms", "offers": 3}],
    "cap_in_all": 6,
    "product_pushes": 2,
    "held_minutes": 30,
}


async def offer(bank: httpx.AsyncClient, house: House, customer: UUID, **other: Any) -> dict[str, Any]:
    body = {"customer_id": f"cus_{customer}", "channel": "sms", "purpose": "selling", "sender": "campaign"} | other
    headers = house.service_headers("message_gateway", ["contacts:post"], key=str(new_id()))
    answer = await bank.post("/v1/contacts", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def tell(bank: httpx.AsyncClient, house: House, contact: dict[str, Any], what: str) -> httpx.Response:
    headers = house.service_headers("message_gateway", ["contacts:post"])
    return await bank.post(f"/v1/contacts/{contact['id']}/{what}", headers=headers)


async def test_the_last_place_of_a_month_is_taken_once_and_given_back(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = await house.add_customer()
    await allow_offers(house, customer)
    with clock.fixed_at(NOON):
        first = await offer(bank_client, house, customer)
        assert (await tell(bank_client, house, first, "sent")).json()["state"] == "sent"
        rivals = await asyncio.gather(*(offer(bank_client, house, customer) for _ in range(3)))
        assert sorted(one["state"] for one in rivals) == ["held", "refused", "refused"]
        assert {tuple(one["reasons"]) for one in rivals if one["state"] == "refused"} == {("channel_cap",)}
        (held,) = [one for one in rivals if one["state"] == "held"]
        assert (await tell(bank_client, house, held, "release")).json()["state"] == "released"
        again = await offer(bank_client, house, customer)
        assert again["state"] == "held"
        for what in ("sent", "release"):
            over = await tell(bank_client, house, held, what)
            assert (over.status_code, over.json()["code"], over.json()["state"]) == (409, "contact_over", "released")
    with clock.fixed_at(NOON + timedelta(minutes=31)):
        assert (await tell(bank_client, house, again, "sent")).status_code == 409
        assert (await offer(bank_client, house, customer))["state"] == "held"
        async with sessions_of(house.database.worker_url) as factory, factory.begin() as session:
            assert await release_lapsed(session, limit=100) == 1
    listed = await bank_client.get(f"/v1/customers/cus_{customer}/contacts", headers=house.headers("branch_head"))
    states = [one["state"] for one in listed.json()["items"]]
    assert sorted(states) == ["held", "refused", "refused", "released", "released", "sent"]
    report = {"from": str(clock.today()), "to": str(TOMORROW)}
    counted = await bank_client.get(
        "/v1/reports/contact-suppressions", params=report, headers=house.headers("branch_head")
    )
    assert {one["reason"]: one["contacts"] for one in counted.json()["items"] if one["contacts"]} == {"channel_cap": 2}


async def test_a_product_is_pushed_twice_a_quarter_by_whatever_channel(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = await house.add_customer()
    await allow_offers(house, customer)
    with clock.fixed_at(NOON):
        for channel in ("sms", "wecom"):
            assert (await offer(bank_client, house, customer, channel=channel, subject="PF101"))["state"] == "held"
        third = await offer(bank_client, house, customer, channel="phone", subject="PF101")
        assert (third["state"], third["reasons"]) == ("refused", ["product_cap"])
        assert (await offer(bank_client, house, customer, channel="phone", subject="PF102"))["state"] == "held"


async def test_a_second_person_allows_offers_beyond_the_caps(bank_client: httpx.AsyncClient, house: House) -> None:
    customer = await house.add_customer()
    await allow_offers(house, customer)
    body = {"channel": "sms", "extra": 1, "days": 7, "reason": "客户要求再次介绍到期产品的续接方案"}
    url = f"/v1/customers/cus_{customer}/contact-allowances"
    submitted = await bank_client.post(url, json=body, headers=house.headers("branch_head"))
    assert submitted.status_code == 202, submitted.text
    with clock.fixed_at(NOON):
        approve = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
        decided = await bank_client.post(approve, json={}, headers=house.headers("hq_approver"))
        assert decided.json()["state"] == "approved", decided.text
        states = [(await offer(bank_client, house, customer))["state"] for _ in range(4)]
        assert states == ["held", "held", "held", "refused"]
    vague = await bank_client.post(url, json=body | {"reason": "ok"}, headers=house.headers("branch_head"))
    assert (vague.status_code, vague.json()["code"]) == (422, "reason_required")


async def test_the_policy_is_changed_by_two_people_and_names_its_version(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = await house.add_customer()
    await allow_offers(house, customer)
    headers = house.headers("hq_operator")
    assert (await bank_client.get("/v1/contact-policy", headers=headers)).headers["etag"] == '"1"'
    submitted = await bank_client.put("/v1/contact-policy", json=POLICY, headers=headers | {"If-Match": '"1"'})
    late = await bank_client.put("/v1/contact-policy", json=POLICY, headers=headers | {"If-Match": '"1"'})
    with clock.fixed_at(NOON):
        assert (await offer(bank_client, house, customer))["policy_version"] == 1
    states = []
    for one in (submitted, late):
        url = f"/v1/approvals/{one.json()['approval_id']}/approve"
        answer = (await bank_client.post(url, json={}, headers=house.headers("hq_approver"))).json()
        states.append(answer.get("code") or answer["state"])
    assert states == ["approved", "version_conflict"]
    with clock.fixed_at(NOON.replace(hour=20, minute=30)):
        made = await offer(bank_client, house, customer)
        assert (made["policy_version"], made["state"]) == (2, "held")
    versions = (await bank_client.get("/v1/contact-policy/versions", headers=headers)).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]
    assert {name: versions[0][name] for name in POLICY} == POLICY


async def test_what_the_customer_wishes_counts_at_once(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer = await house.add_customer()
    await allow_offers(house, customer)
    url, mine = "/v1/me/contact-preferences", house.customer_headers(customer)
    shown = (await customer_client.get(url, headers=mine)).json()
    assert (shown["no_calls"], shown["quiet"], shown["bank_quiet"]) == (False, None, {"start": "20:00", "end": "09:00"})
    assert {one["channel"]: (one["offers"], one["most_a_month"]) for one in shown["channels"]} == {
        "sms": (True, 2),
        "phone": (True, 2),
        "wechat": (True, 4),
        "app": (True, 6),
    }
    wish = {"no_calls": True, "quiet": {"start": "11:00", "end": "14:00"}}
    assert (await customer_client.put(url, json=wish, headers=mine)).json()["quiet"] == wish["quiet"]
    with clock.fixed_at(NOON):
        refused = await offer(bank_client, house, customer, channel="phone")
    assert refused["reasons"] == ["no_calls", "customers_quiet_hours"]
    staff = house.headers("branch_head")
    at_the_counter = f"/v1/customers/cus_{customer}/contact-preference"
    assert (await bank_client.get(at_the_counter, headers=staff)).json()["no_calls"] is True
    assert (await bank_client.put(at_the_counter, json={"no_calls": False}, headers=staff)).status_code == 200
    with clock.fixed_at(NOON):
        assert (await offer(bank_client, house, customer, channel="phone"))["state"] == "held"


async def test_who_was_merged_into_a_customer_counts_along(bank_client: httpx.AsyncClient, house: House) -> None:
    survivor, loser = await house.add_customer(), await house.add_customer()
    await allow_offers(house, survivor, loser)
    with clock.fixed_at(NOON):
        assert (await offer(bank_client, house, loser))["state"] == "held"
        assert (await offer(bank_client, house, survivor))["state"] == "held"
        await merge(house, loser, survivor)
        joined = await offer(bank_client, house, loser)
        assert (joined["customer_id"], joined["reasons"]) == (f"cus_{survivor}", ["channel_cap"])


async def merge(house: House, loser: UUID, survivor: UUID) -> None:
    async with house.sessions() as session:
        row = await session.get(Customer, loser)
        assert row is not None
        row.merged_into = survivor
        await session.commit()


async def test_messages_about_log_ins_do_not_come_by_this_door(bank_client: httpx.AsyncClient, house: House) -> None:
    customer = await house.add_customer()
    body = {"customer_id": f"cus_{customer}", "channel": "sms", "purpose": "security"}
    headers = house.service_headers("message_gateway", ["contacts:post"], key=str(new_id()))
    refused = await bank_client.post("/v1/contacts", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
