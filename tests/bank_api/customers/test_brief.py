"""The brief before a meeting (INS-08): all in one call, as far as grants reach, by a bounded count of reads."""

from datetime import datetime
from typing import Any

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import CustomerAccess
from guibin.holdings.models import CustomerEvent
from guibin.relations.models import CustomerLink, Household, HouseholdMember
from guibin.tags.models import CustomerFact
from support.house import House
from support.shop import Shop
from support.statements import statements

from .conftest import Known

MOST_STATEMENTS = 49
"""Of the whole call, with who calls, what they may and the row of the trail."""


async def brief_of(client: httpx.AsyncClient, house: House, customer: object, role: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/customers/cus_{customer}/brief", headers=house.headers(role))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def furnish(house: House, known: Known) -> None:
    """Let the customer of the east have amounts, events, a link to the one of the west and a household with it."""
    set_: dict[str, Any] = {"set_by": new_id(), "set_at": clock.now()}
    async with house.sessions() as session:
        facts = await session.get(CustomerFact, known.east)
        assert facts is not None
        facts.assets, facts.liabilities = {"deposits": 250_000_00, "fund": None}, {"cards": 1_00}
        for number in range(12):
            session.add(
                CustomerEvent(
                    customer_id=known.east,
                    reference=f"E{number:02}",
                    line="credit_card",
                    event_type="card_spend",
                    occurred_at=datetime.fromisoformat(f"2026-11-{number + 1:02}T10:00:00+08:00"),
                    occurred_on=datetime.fromisoformat(f"2026-11-{number + 1:02}").date(),
                    amount_fen=number * 100,
                )
            )
        link = {"kind": "guarantor", "valid_from": clock.today(), "reason": "test", **set_}
        session.add(CustomerLink(customer_id=known.east, id=new_id(), other_id=known.west, **link))
        household = Household(id=new_id(), kind="family", created_at=clock.now(), created_by=new_id())
        session.add(household)
        for customer, role in ((known.east, "head"), (known.west, "spouse")):
            place: dict[str, Any] = {"household_id": household.id, "is_primary": True, "share_percent": 100}
            row = HouseholdMember(
                customer_id=customer, id=new_id(), role=role, valid_from=clock.today(), **place, **set_
            )
            session.add(row)
        await session.commit()


async def test_the_primary_manager_reads_everything_in_one_call(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    await furnish(house, known)
    shop = Shop(house)
    customer, right = await shop.customer(1_000), await shop.right()
    headers = house.customer_headers(customer, key="one")
    taken = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    assert taken.status_code == 201
    async with house.sessions() as session:
        staff = house.staff["manager"].id
        session.add(CustomerAccess(customer_id=customer, staff_id=staff, role="primary", valid_from=clock.today()))
        await session.commit()
    found = await brief_of(bank_client, house, known.east, "manager")
    assert (found["customer"]["name"], found["customer"]["facts"]["aum"]) == ("欧阳明", "250000.00")
    assert [(one["side"], one["product_class"], one["band"], one["amount"]) for one in found["amounts"]] == [
        ("asset", "deposits", "200k_1m", "250000.00"),
        ("asset", "fund", None, None),
        ("liability", "cards", "under_50k", "1.00"),
    ]
    assert [one["amount"] for one in found["last_events"]] == [f"{number}.00" for number in range(11, 1, -1)]
    assert [(one["kind"], one["party"]["id"], one["party"]["name"]) for one in found["links"]] == [
        ("guarantor", None, "王*明")
    ]
    assert [one["role"] for one in found["household"]["members"]] == ["head", "spouse"]
    assert {one["purpose"]: one["state"] for one in found["consents"]}["family"] is None
    assert found["points"]["wallets"][0]["balance"] == 0
    assert found["open_redemptions"] == []
    bought = await brief_of(bank_client, house, customer, "manager")
    assert [one["id"] for one in bought["open_redemptions"]] == [taken.json()["id"]]
    assert bought["points"]["wallets"][0]["balance"] < 1_000


async def test_others_read_bands_and_masks_and_parts_without_a_grant_are_left_out(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    await furnish(house, known)
    head = await brief_of(bank_client, house, known.east, "branch_head")
    assert (head["customer"]["name"], head["amounts"][0]["amount"], head["amounts"][0]["band"]) == (
        "欧阳*",
        None,
        "200k_1m",
    )
    assert {one["amount"] for one in head["last_events"]} == {None}
    lobby = await brief_of(bank_client, house, known.east, "lobby")
    assert [lobby[part] for part in ("amounts", "points", "last_events", "consents")] == [None] * 4
    assert lobby["open_redemptions"] == []
    head_office = await brief_of(bank_client, house, known.east, "hq_operator")
    assert head_office["links"][0]["party"]["id"] == to_public("cus", known.west)
    refused = await bank_client.get(f"/v1/customers/cus_{known.west}/brief", headers=house.headers("manager"))
    assert refused.status_code == 404


async def test_what_is_read_does_not_grow_with_what_there_is(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    await furnish(house, known)
    await brief_of(bank_client, house, known.east, "manager")
    with statements() as sent:
        await brief_of(bank_client, house, known.east, "manager")
    assert len(sent) <= MOST_STATEMENTS
