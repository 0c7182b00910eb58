"""Sessions over HTTP: opened by the bank's app, refreshed, ended (trust: T-SES-2, rows A14, A15, A18)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from customer_api.main import create_app, token_sources
from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.settings import Profile
from guibin.privacy.models import CustomerRestriction, RestrictionKind
from guibin.security.session_tokens import read_session_keys
from guibin.security.signing import new_private_jwk, sign
from guibin.sessions.refresh_tokens import RefreshToken
from guibin.web import StartRefused
from support.house import CUSTOMER_AUDIENCE, House, open_client
from support.logins import add_known, bank_token, bearer, log_in, refresh, session_row

DEVICE, OTHER_DEVICE = "device-of-wang-01", "device-of-li-0002"


async def whoami(client: httpx.AsyncClient, tokens: dict[str, Any]) -> int:
    return (await client.get("/v1/me", headers=bearer(tokens))).status_code


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def actions(house: House, customer_id: object) -> list[str]:
    async with house.sessions() as session:
        rows = await session.exec(select(AuditEntry).where(AuditEntry.owner_id == customer_id).order_by("at", "id"))
        return [row.action for row in rows]


async def test_a_token_of_the_bank_is_traded_for_a_session(customer_client: httpx.AsyncClient, house: House) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    me = await customer_client.get("/v1/me", headers=bearer(tokens))
    assert (me.status_code, me.json()["id"]) == (200, to_public("cus", known.id))
    assert (tokens["state"], tokens["token_type"], tokens["expires_in"]) == ("signed_in", "Bearer", 600)
    row = await session_row(house, tokens)
    assert row.expires_at - row.created_at == timedelta(days=7)
    assert row.idle_expires_at - row.created_at == timedelta(hours=24)
    assert await actions(house, known.id) == ["session.open"]


async def test_an_answer_with_tokens_is_kept_by_nobody(customer_client: httpx.AsyncClient, house: House) -> None:
    token = bank_token(house, (await add_known(house)).customer_no)
    answer = await customer_client.post("/v1/sessions/bank-app", json={"token": token})
    assert answer.headers["cache-control"] == "no-store"


async def test_no_secret_of_a_session_stands_in_the_database(customer_client: httpx.AsyncClient, house: House) -> None:
    tokens = await log_in(customer_client, house, await add_known(house), device_id=DEVICE)
    refreshed = (await refresh(customer_client, tokens["refresh_token"], device_id=DEVICE)).json()
    row = await session_row(house, refreshed)
    stored = repr(row.model_dump()).encode() + b"".join(v for v in row.model_dump().values() if isinstance(v, bytes))
    for secret in (tokens["refresh_token"], refreshed["refresh_token"], refreshed["access_token"], DEVICE):
        assert secret.encode() not in stored
    held = RefreshToken.read(refreshed["refresh_token"])
    assert held is not None
    assert held.secret not in stored


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a" * 10_240])
async def test_what_is_no_token_of_the_bank_opens_nothing(token: str, customer_client: httpx.AsyncClient) -> None:
    answer = await customer_client.post("/v1/sessions/bank-app", json={"token": token})
    assert refused(answer) == (401, "token_invalid")


async def test_a_number_that_nobody_has_opens_nothing(customer_client: httpx.AsyncClient, house: House) -> None:
    for number in ("ECIF00000404", "0", "!"):
        answer = await customer_client.post("/v1/sessions/bank-app", json={"token": bank_token(house, number)})
        assert refused(answer) == (401, "token_invalid"), number


async def test_a_token_for_another_purpose_is_not_traded(customer_client: httpx.AsyncClient, house: House) -> None:
    known = await add_known(house)
    for subject in (known.customer_no, to_public("cus", known.id)):
        token = bank_token(house, subject, audience=CUSTOMER_AUDIENCE)
        answer = await customer_client.post("/v1/sessions/bank-app", json={"token": token})
        assert refused(answer) == (401, "token_invalid")


async def test_a15_tokens_are_no_access_tokens_but_the_access_token(
    customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    for wrong in (tokens["refresh_token"], bank_token(house, known.customer_no)):
        answer = await customer_client.get("/v1/me", headers={"Authorization": f"Bearer {wrong}"})
        assert refused(answer) == (401, "token_invalid")
    assert refused(await refresh(customer_client, tokens["access_token"])) == (401, "token_invalid")
    assert refused(await bank_client.get("/v1/customers", headers=bearer(tokens))) == (401, "token_invalid")


@pytest.mark.parametrize("status", ["closed", "deceased"])
async def test_a_customer_who_is_not_active_is_told_so_after_the_proof(
    status: str, customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house, status=status)
    token = bank_token(house, known.customer_no)
    answer = await customer_client.post("/v1/sessions/bank-app", json={"token": token})
    assert refused(answer) == (403, "account_not_active")


async def test_a_customer_who_is_kept_out_is_told_so_after_the_proof_and_refreshes_no_more(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    async with house.sessions() as session:
        session.add(RestrictionKind(code="frozen", name_zh="账户冻结", name_en="Frozen", blocks_login=True))
        await session.flush()
        session.add(
            CustomerRestriction(
                customer_id=known.id,
                id=new_id(),
                kind="frozen",
                valid_from=clock.today(),
                reference="2026-001",
                set_by=house.staff["compliance"].id,
                set_at=clock.now(),
            )
        )
        await session.commit()
    token = bank_token(house, known.customer_no)
    answer = await customer_client.post("/v1/sessions/bank-app", json={"token": token})
    assert refused(answer) == (403, "account_not_active")
    assert refused(await refresh(customer_client, tokens["refresh_token"])) == (401, "token_invalid")


@pytest.mark.parametrize("kid", ["the right one", "unknown", "../../k"])
async def test_a_token_in_our_name_that_somebody_else_signed_is_refused(
    kid: str, customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    now = int(clock.now().timestamp())
    claims = {
        "iss": house.settings.session_issuer,
        "aud": CUSTOMER_AUDIENCE,
        "sub": to_public("cus", known.id),
        "sid": str(new_id()),
        "iat": now,
        "exp": now + 600,
        "scope": "profile:read:self",
    }
    ours = read_session_keys(house.settings.effective_session_keys_file).keys[0].kid
    forged = sign(claims, {**new_private_jwk(), "kid": ours if kid == "the right one" else kid})
    answer = await customer_client.get("/v1/me", headers={"Authorization": f"Bearer {forged}"})
    assert refused(answer) == (401, "token_invalid")


async def test_a_refresh_gives_new_tokens_and_the_session_goes_on(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    tokens = await log_in(customer_client, house, await add_known(house))
    second = (await refresh(customer_client, tokens["refresh_token"])).json()
    assert second["session_id"] == tokens["session_id"]
    assert second["refresh_token"] != tokens["refresh_token"]
    assert second["access_token"] != tokens["access_token"]
    assert await whoami(customer_client, second) == 200
    third = await refresh(customer_client, second["refresh_token"])
    assert third.status_code == 200


async def test_the_same_call_within_ten_seconds_answers_the_same(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    tokens = await log_in(customer_client, house, await add_known(house))
    now = clock.now()
    answers = []
    for seconds in (0, 4, 10):
        with clock.fixed_at(now + timedelta(seconds=seconds)):
            answers.append(await refresh(customer_client, tokens["refresh_token"]))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1
    assert (await refresh(customer_client, answers[0].json()["refresh_token"])).status_code == 200


async def test_parallel_calls_of_one_device_get_one_answer(customer_client: httpx.AsyncClient, house: House) -> None:
    tokens = await log_in(customer_client, house, await add_known(house), device_id=DEVICE)
    calls = [refresh(customer_client, tokens["refresh_token"], device_id=DEVICE) for _ in range(8)]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (await session_row(house, tokens)).generation == 1


async def test_parallel_calls_of_two_devices_end_the_family(customer_client: httpx.AsyncClient, house: House) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    answers = await asyncio.gather(
        *(refresh(customer_client, tokens["refresh_token"], agent=agent) for agent in ("app/1", "thief/1"))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    good = next(answer.json() for answer in answers if answer.status_code == 200)
    assert refused(await refresh(customer_client, good["refresh_token"])) == (401, "token_invalid")
    assert await whoami(customer_client, good) == 401
    assert (await session_row(house, tokens)).end_reason == "reused"
    assert (await actions(house, known.id)).count("session.token_reused") == 1


@pytest.mark.parametrize("generations", [1, 3])
async def test_a14_a_refresh_token_that_is_used_again_ends_the_family(
    generations: int, customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    first = tokens = await log_in(customer_client, house, known)
    for _ in range(generations):
        tokens = (await refresh(customer_client, tokens["refresh_token"])).json()
    with clock.fixed_at(clock.now() + timedelta(seconds=11)):
        assert refused(await refresh(customer_client, first["refresh_token"])) == (401, "token_invalid")
    assert refused(await refresh(customer_client, tokens["refresh_token"])) == (401, "token_invalid")
    assert await whoami(customer_client, tokens) == 401
    async with house.sessions() as session:
        rows = await session.exec(
            select(AuditEntry).where(AuditEntry.owner_id == known.id, AuditEntry.action == "session.token_reused")
        )
        entry = rows.one()
    assert (entry.result, entry.facts) == ("refused", {"reason": "reused", "generations_ago": generations})


async def test_a14_a_refresh_token_on_another_device_ends_the_family(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    tokens = await log_in(customer_client, house, await add_known(house), device_id=DEVICE)
    answer = await refresh(customer_client, tokens["refresh_token"], device_id=OTHER_DEVICE)
    assert refused(answer) == (401, "token_invalid")
    assert await whoami(customer_client, tokens) == 401
    assert (await session_row(house, tokens)).end_reason == "other_device"


async def test_a_refresh_token_that_somebody_made_up_ends_nothing(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    tokens = await log_in(customer_client, house, await add_known(house))
    genuine = RefreshToken.read(tokens["refresh_token"])
    assert genuine is not None
    forged = RefreshToken(genuine.customer_id, genuine.session_id, genuine.generation, bytes(32))
    unknown = RefreshToken.first(genuine.customer_id, new_id())
    for wrong in (forged.text, unknown.text, "", "x" * 91, tokens["refresh_token"] + "A"):
        assert refused(await refresh(customer_client, wrong)) == (401, "token_invalid")
    assert await whoami(customer_client, tokens) == 200


@pytest.mark.parametrize("idle", [timedelta(hours=24), timedelta(days=7)])
async def test_a_session_ends_when_nobody_refreshes_it_and_after_a_week_in_any_case(
    idle: timedelta, customer_client: httpx.AsyncClient, house: House
) -> None:
    tokens = await log_in(customer_client, house, await add_known(house))
    now = clock.now()
    step = timedelta(hours=20) if idle > timedelta(days=1) else timedelta(0)
    at = now
    while step and at + step < now + idle:
        at += step
        with clock.fixed_at(at):
            tokens = (await refresh(customer_client, tokens["refresh_token"])).json()
    with clock.fixed_at(now + idle):
        assert refused(await refresh(customer_client, tokens["refresh_token"])) == (401, "token_invalid")


async def test_an_access_token_is_good_for_ten_minutes(customer_client: httpx.AsyncClient, house: House) -> None:
    tokens = await log_in(customer_client, house, await add_known(house))
    for seconds, status in ((600, 200), (612, 401)):
        with clock.fixed_at(clock.now() + timedelta(seconds=seconds)):
            assert await whoami(customer_client, tokens) == status


async def test_a14_who_logs_out_is_out_at_once(customer_client: httpx.AsyncClient, house: House) -> None:
    known = await add_known(house)
    tokens, elsewhere = [await log_in(customer_client, house, known) for _ in range(2)]
    assert await whoami(customer_client, tokens) == 200
    answer = await customer_client.delete("/v1/sessions/current", headers=bearer(tokens))
    assert (answer.status_code, answer.content) == (204, b"")
    assert await whoami(customer_client, tokens) == 401
    assert refused(await refresh(customer_client, tokens["refresh_token"])) == (401, "token_invalid")
    assert await whoami(customer_client, elsewhere) == 200
    assert (await actions(house, known.id))[-1] == "session.log_out"


async def test_a_token_without_a_session_has_nothing_to_log_out(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    headers = house.customer_headers((await add_known(house)).id)
    answer = await customer_client.delete("/v1/sessions/current", headers=headers)
    assert refused(answer) == (404, "not_found")


async def test_i_see_my_devices_and_log_one_out(customer_client: httpx.AsyncClient, house: House) -> None:
    known = await add_known(house)
    here, lost = [await log_in(customer_client, house, known, device_id=device) for device in (DEVICE, OTHER_DEVICE)]
    stranger = await log_in(customer_client, house, await add_known(house))
    listed = (await customer_client.get("/v1/me/sessions", headers=bearer(here))).json()["items"]
    assert [(item["id"], item["current"]) for item in listed] == [
        (lost["session_id"], False),
        (here["session_id"], True),
    ]
    assert {item["way"] for item in listed} == {"bank_app"}
    url = f"/v1/me/sessions/{lost['session_id']}"
    assert refused(await customer_client.delete(url, headers=bearer(stranger))) == (404, "not_found")
    assert (await customer_client.delete(url, headers=bearer(here))).status_code == 204
    assert [await whoami(customer_client, tokens) for tokens in (here, lost)] == [200, 401]


async def test_a_login_takes_the_place_of_the_one_before_on_the_same_device(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    before, after = [await log_in(customer_client, house, known, device_id=DEVICE) for _ in range(2)]
    assert [await whoami(customer_client, tokens) for tokens in (before, after)] == [401, 200]


async def test_the_bank_ends_every_session_of_a_customer(
    customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    sessions = [await log_in(customer_client, house, known) for _ in range(2)]
    without = house.customer_headers(known.id)
    url = f"/v1/customers/{to_public('cus', known.id)}/sessions/revoke"
    answer = await bank_client.post(url, json={"reason": "客户来电报失手机"}, headers=house.headers("customer_service"))
    assert (answer.status_code, answer.json()) == (200, {"sessions": 2})
    assert [await whoami(customer_client, tokens) for tokens in sessions] == [401, 401]
    assert (await customer_client.get("/v1/me", headers=without)).status_code == 401
    for tokens in sessions:
        assert refused(await refresh(customer_client, tokens["refresh_token"])) == (401, "token_invalid")
    again = await log_in(customer_client, house, known)
    assert await whoami(customer_client, again) == 200
    assert "session.revoke" in await actions(house, known.id)


async def test_only_whom_one_may_see_is_logged_out_by_the_bank(
    customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    url = f"/v1/customers/{to_public('cus', known.id)}/sessions/revoke"
    for role, expected in (("branch_head_west", (404, "not_found")), ("lobby", (403, "forbidden"))):
        answer = await bank_client.post(url, json={"reason": "不在范围内的客户"}, headers=house.headers(role))
        assert refused(answer) == expected
    assert await whoami(customer_client, tokens) == 200


@pytest.mark.parametrize("change", ["status = 'closed'", "data_key = NULL", "not_before = now() + interval '1 second'"])
async def test_what_the_bank_says_of_a_customer_counts_at_once(
    change: str, customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    assert await whoami(customer_client, tokens) == 200
    async with house.sessions() as session:
        await session.execute(text(f"UPDATE customer SET {change} WHERE id = :id"), {"id": known.id})
        await session.commit()
    assert await whoami(customer_client, tokens) == 401
    assert refused(await refresh(customer_client, tokens["refresh_token"])) == (401, "token_invalid")


async def test_in_production_only_our_own_sessions_open_the_port(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    known = await add_known(house)
    tokens = await log_in(customer_client, house, known)
    settings = house.settings.model_copy(
        update={"profile": Profile.PRODUCTION, "session_keys_file": house.settings.effective_session_keys_file}
    )
    app = create_app(house.settings)
    strict = replace(app.state.life, settings=settings, tokens=tuple(token_sources(settings)))
    async with open_client(app, life=strict) as client:
        assert await whoami(client, tokens) == 200
        answer = await client.get("/v1/me", headers=house.customer_headers(known.id))
        assert refused(answer) == (401, "token_invalid")
    with pytest.raises(StartRefused, match="GUIBIN_SESSION_KEYS_FILE"):
        token_sources(settings.model_copy(update={"session_keys_file": None}))
