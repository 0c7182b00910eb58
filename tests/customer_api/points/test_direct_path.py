"""The balance by the direct path: the same answers and refusals as by a session, and no session for a call in order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from starlette.requests import Request

from guibin.core import clock
from guibin.core.settings import Profile
from guibin.points import service
from guibin.security.errors import TokenInvalid
from guibin.web import DirectCall
from guibin.web.app import shortcuts_of
from guibin.web.counters import SharedCounters
from guibin.web.declaration import RateClass
from guibin.web.errors import RateLimited
from guibin.web.limiter import RateLimiter
from guibin.web.port import Port
from support.house import House
from support.points import commit_points, sessions_of

NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)
PATH = "/v1/me/points"
FAULT = "SELECT 1 / (random() * 0)::int AS fault"


@contextmanager
def port_with(app: FastAPI, **changed: Any) -> Iterator[None]:
    port: Port = app.state.port
    app.state.port = replace(port, **changed)
    try:
        yield
    finally:
        app.state.port = port


def no_session() -> None:
    raise AssertionError("the direct path takes no session")


async def customer_with_everything(house: House) -> UUID:
    """Return a customer with points that expire, that have expired, that wait, that are held, and with debt."""
    me = await house.add_customer()
    today = clock.business_day(NOON)
    await commit_points(house.database, me, 500, expires_on=today + timedelta(days=30))
    await commit_points(house.database, me, 70, expires_on=today - timedelta(days=1))
    await commit_points(house.database, me, 300)
    words: dict[str, Any] = {"reason_zh": "测试", "reason_en": "test", "actor_id": me}
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await service.hold(
            session,
            customer_id=me,
            wallet="reward",
            points=40,
            expires_at=NOON + timedelta(hours=1),
            source_kind="hold",
            source_id="table",
            **words,
        )
        await service.add_pending(
            session,
            customer_id=me,
            wallet="reward",
            points=9,
            pending_until=today + timedelta(days=3),
            source_kind="rule",
            source_id="1",
            **words,
        )
        await session.commit()
    return me


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_both_ways_answer_the_same_bytes(
    customer_client: httpx.AsyncClient, customer_app: FastAPI, house: House, language: str
) -> None:
    with clock.fixed_at(NOON):
        me = await customer_with_everything(house)
        headers = house.customer_headers(me) | {"Accept-Language": language, "X-Request-ID": "one"}
        with port_with(customer_app, sessions=no_session):
            directly = await customer_client.get(PATH, headers=headers)
        with port_with(customer_app, entrance=None, direct=None):
            by_session = await customer_client.get(PATH, headers=headers)

    assert directly.status_code == 200, directly.text
    assert directly.content == by_session.content
    assert dict(directly.headers) == dict(by_session.headers) | {
        "ratelimit-remaining": directly.headers["ratelimit-remaining"]
    }
    reward = directly.json()["wallets"][0]
    assert (reward["available"], reward["held"], reward["pending"]) == (760, 40, 9)
    assert reward["holds"][0]["points"] == 40


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE customer SET status = 'closed' WHERE id = :me", 401),
        ("UPDATE customer SET data_key = NULL WHERE id = :me", 401),
        ("UPDATE customer SET not_before = now() + interval '1 hour' WHERE id = :me", 401),
        ("SELECT FROM customer WHERE id = :me", 200),
    ],
)
async def test_whoever_may_not_come_in_is_refused_though_the_token_is_known(
    customer_client: httpx.AsyncClient, customer_app: FastAPI, house: House, change: str, status: int
) -> None:
    me = await house.add_customer()
    headers = house.customer_headers(me)
    with port_with(customer_app, sessions=no_session):
        assert (await customer_client.get(PATH, headers=headers)).status_code == 200
        async with house.sessions() as session:
            await session.execute(text(change), {"me": me})
            await session.commit()
        assert (await customer_client.get(PATH, headers=headers)).status_code == status


async def test_a_call_that_is_not_in_order_is_refused_as_everywhere(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    me = await house.add_customer()
    unknown = await customer_client.get(f"{PATH}?colour=red", headers=house.customer_headers(me))
    narrow = await customer_client.get(PATH, headers=house.customer_headers(me, scopes=["profile:read:self"]))

    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_parameter")
    assert (narrow.status_code, narrow.json()["code"]) == (403, "forbidden")
    async with house.sessions() as session:
        query = "SELECT result, scope FROM audit_entry WHERE action = 'getMyPoints'"
        assert [tuple(row) for row in await session.execute(text(query))] == [("forbidden", "")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer no.such.token"}, 401),
        ({"Accept": "text/csv"}, 406),
        ({}, 401),
    ],
)
async def test_the_shortcut_refuses_as_any_other_route(
    customer_client: httpx.AsyncClient, house: House, headers: dict[str, str], status: int
) -> None:
    me = await house.add_customer()
    async with house.sessions() as session:
        await session.execute(text("UPDATE customer SET status = 'closed' WHERE id = :me"), {"me": me})
        await session.commit()
    asked = house.customer_headers(me) | {"X-Request-ID": "one", "Accept-Language": "en"} | headers
    by_shortcut = await customer_client.get(PATH, headers=asked)
    otherwise = await customer_client.get(f"{PATH}/entries", headers=asked)

    def told(answer: httpx.Response) -> list[object]:
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("ratelimit")}
        return [answer.status_code, answer.content, kept]

    assert by_shortcut.status_code == status
    assert told(by_shortcut) == told(otherwise)


async def test_a_call_that_the_shortcut_leaves_to_the_ordinary_way_is_counted_once(
    customer_client: httpx.AsyncClient, customer_app: FastAPI, house: House
) -> None:
    assert set(shortcuts_of(context.original_route for context in iter_route_contexts(customer_app.routes))) == {
        ("GET", PATH),
        ("POST", "/v1/redemptions"),
    }
    me = await house.add_customer()
    with clock.fixed_at(NOON):
        headers = house.customer_headers(me)
        answers = [await customer_client.get(f"{PATH}{odd}", headers=headers) for odd in ("", "?colour=red", "")]
    assert [answer.status_code for answer in answers] == [200, 422, 200]
    left = [int(answer.headers["ratelimit-remaining"]) for answer in answers]
    assert left == [left[0], left[0] - 1, left[0] - 2]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"right_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "quantity": 1, "dry_run": true}', 404),
        ('{"right_id": 7}', 422),
        ('{"quantity": 1, "quantity": 2}', 422),
        ("{", 422),
        ('"' + "x" * 2_000_000 + '"', 413),
    ],
)
async def test_a_body_that_the_shortcut_has_read_is_there_for_the_ordinary_way(
    customer_client: httpx.AsyncClient, house: House, body: str, status: int
) -> None:
    headers = house.customer_headers(await house.add_customer())
    headers |= {"Idempotency-Key": "one", "Content-Type": "application/json"}
    answer = await customer_client.post("/v1/redemptions", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.fixture
def direct_call(customer_client: httpx.AsyncClient, customer_app: FastAPI, house: House) -> Callable[..., DirectCall]:
    """Return what makes a call of a customer that is counted as a redemption in production."""
    assert customer_client
    port: Port = customer_app.state.port
    strict = RateLimiter(Profile.PRODUCTION, processes=1, shared=SharedCounters(port.sessions), keys=port.keys)

    def make(customer_id: UUID, *, counts: bool = False) -> DirectCall:
        header = house.customer_headers(customer_id)["Authorization"]
        token = port.tokens.verify([header])
        assert port.entrance is not None
        found = port.entrance.caller(token)
        assert found is not None
        actor, entry = found
        return DirectCall(
            request=Request({"type": "http"}),
            gate=port.gate,
            pool=port.direct,
            entrance=port.entrance,
            entry=entry,
            token=token,
            actor=actor,
            language="zh",
            request_id="one",
            peer="192.0.2.1",
            key=None,
            meaning=b"",
            body=None,
            counting=strict.counting(RateClass.REDEEM, token.subject) if counts else None,
        )

    return make


async def test_a_statement_does_nothing_for_who_may_not_come_in(
    direct_call: Callable[..., DirectCall], house: House
) -> None:
    me, closed = await house.add_customer(), await house.add_customer()
    async with house.sessions() as session:
        later = "UPDATE customer SET not_before = now() + interval '1 hour' WHERE id = :id"
        await session.execute(text(later), {"id": closed})
        await session.commit()
    own = "SELECT count(*) AS mine FROM customer WHERE 1 / (CASE WHEN id = $1 THEN 1 ELSE 0 END) = 1"

    row = await direct_call(me).writing.row(own, me)
    assert row is not None
    assert row["mine"] == 1
    for call in (direct_call(closed), direct_call(closed, counts=True)):
        with pytest.raises(TokenInvalid):
            await call.writing.row(FAULT)
    with pytest.raises(TokenInvalid):
        async with direct_call(closed).transaction():
            pytest.fail("nobody is in")
    assert await direct_call(me).reading.row("SELECT 1 AS one WHERE $1", False) is None


async def test_a_redemption_is_counted_in_the_statement_that_it_begins_with(
    direct_call: Callable[..., DirectCall], house: House
) -> None:
    me = await house.add_customer()
    with clock.fixed_at(NOON):
        for left in (5, 4, 3, 2, 1, 0):
            call = direct_call(me, counts=True)
            await call.reading.row("SELECT 1 AS one")
            await call.writing.row("SELECT 1 AS one")
            assert call.request.state.allowance.remaining == left
        for _ in range(2):
            with pytest.raises(RateLimited) as refused:
                await direct_call(me, counts=True).reading.row(FAULT)
    assert (refused.value.limit, refused.value.allowed) == ("redeem_per_minute", 6)
    async with house.sessions() as session:
        counted = await session.execute(text("SELECT name, calls FROM rate_counter ORDER BY name"))
        assert [tuple(row) for row in counted] == [("redeem_per_day", 6), ("redeem_per_minute", 6)]
