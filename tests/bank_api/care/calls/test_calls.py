"""Calls by a click: the gate first, the number for the telephony alone, the end told once and kept as a touch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.care.calls.placing import CallDesk, Telephony
from guibin.contact.models import ContactPolicy
from guibin.contact.rules import Quiet, Terms
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.outbox.sending import WebhookSender
from guibin.security.ciphers import WrappedKey
from support.calls import TELEPHONY_SECRET, exchange_served, tell_end
from support.house import House
from support.points import sessions_of

PHONE = "13900139000"


async def customer_with_phone(house: House) -> UUID:
    """Add a customer who has a telephone to a bank that has no quiet hours."""
    customer_id = await house.add_customer()
    never = Quiet(start=time(0), end=time(0))
    terms = Terms(quiet=never, holiday_quiet=never).model_dump(mode="json")
    async with house.sessions() as session:
        session.add(ContactPolicy(version=2, terms=terms, in_force_from=clock.now()))
        row = await session.get(Customer, customer_id)
        assert row is not None
        assert row.data_key is not None
        key = house.keys.open_data_key(WrappedKey(row.data_key), customer_id)
        row.phone_enc = key.encrypt(PHONE, "customer", "phone_enc", customer_id)
        await session.commit()
    return customer_id


async def order(bank: httpx.AsyncClient, house: House, customer: UUID, **other: Any) -> httpx.Response:
    body = {"customer_id": f"cus_{customer}", "purpose": "care"} | other
    return await bank.post("/v1/calls", json=body, headers=house.headers("branch_head", key=str(new_id())))


@asynccontextmanager
async def desk_at(house: House, url: str) -> AsyncIterator[CallDesk]:
    async with (
        sessions_of(house.database.worker_url) as sessions,
        WebhookSender(in_development=True) as sender,
    ):
        yield CallDesk(sessions, sender, Telephony(url, TELEPHONY_SECRET), lambda: house.keys)


async def shown(bank: httpx.AsyncClient, house: House, call: dict[str, Any]) -> dict[str, Any]:
    return dict((await bank.get(f"/v1/calls/{call['id']}", headers=house.headers("branch_head"))).json())


async def test_a_call_goes_from_the_click_to_a_touch_and_nobody_is_shown_the_number(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = await customer_with_phone(house)
    async with exchange_served() as (exchange, url), desk_at(house, url) as desk:
        ordered = await order(bank_client, house, customer)
        assert (ordered.status_code, ordered.json()["state"]) == (201, "ordered")
        assert PHONE not in ordered.text
        call = ordered.json()
        assert await desk.turn() == 1
        (known,) = exchange.calls.values()
        assert known == {"agent": house.staff["branch_head"].no, "callee": PHONE}
        assert await desk.turn() == 0
    end = {"call_no": call["id"], "result": "reached", "seconds": 95, "recording_ref": "REC-1"}
    forged = await tell_end(bank_client, end, secret="f" * 64)
    assert (forged.status_code, forged.json()["code"]) == (401, "call_signature_invalid")
    assert (await tell_end(bank_client, end)).status_code == 200
    assert (await tell_end(bank_client, end)).status_code == 200
    other = await tell_end(bank_client, end | {"seconds": 5})
    assert (other.status_code, other.json()["code"]) == (409, "call_mismatch")
    ended = await shown(bank_client, house, call)
    assert (ended["state"], ended["result"], ended["recording_ref"]) == ("ended", "reached", "REC-1")
    async with house.sessions() as session:
        touches = (await session.execute(text("SELECT kind, channel, source, result, minutes FROM touch"))).all()
        assert [tuple(row) for row in touches] == [("call", "phone", "telephony", "reached", 2)]
        assert (await session.execute(text("SELECT state FROM contact_decision"))).scalars().all() == ["sent"]


async def test_the_gate_decides_before_anybody_is_called(bank_client: httpx.AsyncClient, house: House) -> None:
    customer = await customer_with_phone(house)
    suppressed = (await order(bank_client, house, customer, purpose="selling")).json()
    assert (suppressed["state"], suppressed["reasons"]) == ("suppressed", ["no_consent"])
    async with exchange_served() as (exchange, url), desk_at(house, url) as desk:
        assert await desk.turn() == 0
        assert exchange.calls == {}
    listed = await bank_client.get(f"/v1/customers/cus_{customer}/calls", headers=house.headers("branch_head"))
    assert [one["state"] for one in listed.json()["items"]] == ["suppressed"]
    ended = await tell_end(bank_client, {"call_no": suppressed["id"], "result": "reached", "seconds": 1})
    assert (ended.status_code, ended.json()["code"]) == (409, "call_mismatch")
    without = await order(bank_client, house, await house.add_customer())
    assert (without.status_code, without.json()["code"]) == (409, "customer_has_no_phone")


async def test_a_telephony_that_is_down_is_asked_again_while_the_place_is_held(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = await customer_with_phone(house)
    async with exchange_served() as (exchange, url), desk_at(house, url) as desk:
        exchange.refuse_with = 503
        waiting, late = [(await order(bank_client, house, customer)).json() for _ in range(2)]
        assert await desk.turn() == 0
        exchange.refuse_with = None
        async with house.sessions() as session:
            await session.execute(text("UPDATE call_order SET next_try_at = ordered_at"))
            await session.execute(
                text("UPDATE contact_decision SET held_until = decided_at WHERE id = :id"),
                {"id": UUID(late["contact_id"].removeprefix("ctc_"))},
            )
            await session.commit()
        assert await desk.turn() == 1
    states = [(await shown(bank_client, house, one))["state"] for one in (waiting, late)]
    assert states == ["placed", "failed"]
