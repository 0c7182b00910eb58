"""What is taken away is gone at once on running servers, also for a token that they have just verified (T-SES-1)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack

import httpx
import pytest
from sqlalchemy import text

from bank_api.main import create_app as create_bank_port
from customer_api.main import create_app as create_customer_port
from customer_api.parts import AUDIENCE
from guibin.channels import identities
from guibin.channels.wechat import WeChatLogin
from guibin.core.ids import to_public
from guibin.security.session_tokens import SessionIssuer
from guibin.sessions.rules import Device
from guibin.sessions.service import log_in_by_wechat
from support.fuzzing import running
from support.house import House
from support.logins import Known, add_known, bearer, log_in

pytestmark = pytest.mark.merge

LONGEST_SECONDS = 5
Do = Callable[[], Awaitable[object]]


@pytest.fixture(scope="module")
async def ports(house: House) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Serve both ports, each in a server of its own, and return a client of each: the customers', the bank's."""
    with ExitStack() as stack:
        urls = [
            stack.enter_context(running(create(house.settings))) for create in (create_customer_port, create_bank_port)
        ]
        async with httpx.AsyncClient(base_url=urls[0]) as customers, httpx.AsyncClient(base_url=urls[1]) as bank:
            yield customers, bank


async def change(house: House, statement: str, **values: object) -> None:
    async with house.sessions() as session:
        await session.execute(text(statement), values)
        await session.commit()


async def seconds_until_refused(client: httpx.AsyncClient, path: str, headers: dict[str, str], take_away: Do) -> float:
    """Use a token until it is cached, take something away, and measure until the token opens nothing any more."""
    for _ in range(3):
        assert (await client.get(path, headers=headers)).status_code == 200
    await take_away()
    started = time.monotonic()
    while (answer := await client.get(path, headers=headers)).status_code == 200:
        assert time.monotonic() - started < LONGEST_SECONDS
        await asyncio.sleep(0.05)
    assert answer.status_code in {401, 403}
    return time.monotonic() - started


@pytest.mark.parametrize("how", ["logout", "another device", "the bank", "reuse", "closed", "erased", "not before"])
async def test_a_customer_is_out(how: str, ports: tuple[httpx.AsyncClient, httpx.AsyncClient], house: House) -> None:
    customers, bank = ports
    known = await add_known(house)
    tokens, other = [await log_in(customers, house, known) for _ in range(2)]
    take_away = ways_out(customers, bank, house, known, tokens, other)[how]
    assert await seconds_until_refused(customers, "/v1/me", bearer(tokens), take_away) < 1


def ways_out(
    customers: httpx.AsyncClient,
    bank: httpx.AsyncClient,
    house: House,
    known: Known,
    tokens: dict[str, str],
    other: dict[str, str],
) -> dict[str, Do]:
    url = f"/v1/customers/{to_public('cus', known.id)}/sessions/revoke"
    staff = house.headers("customer_service")

    async def reuse() -> None:
        body = {"refresh_token": tokens["refresh_token"]}
        for agent in ("app/1", "thief/1"):
            await customers.post("/v1/sessions/refresh", json=body, headers={"User-Agent": agent})

    return {
        "logout": lambda: customers.delete("/v1/sessions/current", headers=bearer(tokens)),
        "another device": lambda: customers.delete(f"/v1/me/sessions/{tokens['session_id']}", headers=bearer(other)),
        "the bank": lambda: bank.post(url, json={"reason": "客户来电报失手机"}, headers=staff),
        "reuse": reuse,
        "closed": lambda: change(house, "UPDATE customer SET status = 'closed' WHERE id = :id", id=known.id),
        "erased": lambda: change(house, "UPDATE customer SET data_key = NULL WHERE id = :id", id=known.id),
        "not before": lambda: change(
            house, "UPDATE customer SET not_before = now() + interval '1 second' WHERE id = :id", id=known.id
        ),
    }


STAFF_CHANGES = {
    "disabled": "UPDATE staff SET active = false WHERE id = :id",
    "not before": "UPDATE staff SET not_before = now() + interval '1 second' WHERE id = :id",
    "without a role": "DELETE FROM staff_role WHERE staff_id = :id",
}


@pytest.mark.parametrize(("how", "role"), list(zip(STAFF_CHANGES, ("lobby", "branch_head", "manager"), strict=True)))
async def test_a_member_of_staff_is_out(
    how: str, role: str, ports: tuple[httpx.AsyncClient, httpx.AsyncClient], house: House
) -> None:
    _, bank = ports
    staff_id = house.staff[role].id

    def take_away() -> Awaitable[object]:
        return change(house, STAFF_CHANGES[how], id=staff_id)

    assert await seconds_until_refused(bank, "/v1/customers", house.headers(role), take_away) < 1


async def test_a_login_under_way_while_the_binding_is_taken_back_leaves_no_session(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    settings, known, login = house.settings, await add_known(house), WeChatLogin("wx-mp", "o-under-way")
    issuer = SessionIssuer(settings.effective_session_keys_file, issuer=settings.session_issuer, audience=AUDIENCE)
    headers = bearer(await log_in(customer_client, house, known))
    async with house.sessions() as session:
        async with session.begin():
            identity = await identities.note_login(session, house.keys, login)
            await identities.bind(session, identity, customer_id=known.id)
        async with session.begin():
            opened = await log_in_by_wechat(session, house.keys, issuer, login=login, device=Device(None, b"device"))
            unbinding = asyncio.create_task(customer_client.delete("/v1/me/bindings/mp", headers=headers))
            ended, _ = await asyncio.wait({unbinding}, timeout=1.5)
            assert not ended
    assert (await unbinding).status_code == 204
    assert opened.tokens is not None
    answer = await customer_client.get("/v1/me", headers={"Authorization": f"Bearer {opened.tokens.access_token}"})
    assert answer.status_code == 401
