"""One access token for all processes: fetched once, followed in time, replaced once when it is rejected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from guibin.channels import tokens
from guibin.channels.errors import UpstreamBusy
from guibin.channels.jobs import keep_token
from guibin.channels.models import IdentityKind
from guibin.channels.wechat import WeChat, open_wechat
from guibin.core.settings import Settings
from guibin.security.ciphers import KeyRing
from guibin_tools.roles import driver_url
from support.databases import Database
from support.wechat import LI, MINI_PROGRAM, PATIENCE, PHONES, WeChatSimulator

STABLE = "/cgi-bin/stable_token"
PHONE = "/wxa/business/getuserphonenumber"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let those who wait for a token wait longer than a busy machine takes to fetch one."""
    monkeypatch.setattr(tokens, "_WAIT_SECONDS", 20.0)


async def ask(wechat: WeChat, simulator: WeChatSimulator) -> str:
    return await wechat.phone_number(simulator.phone_code(), openid=simulator.openid())


async def sql(database: Database, statement: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(driver_url(database.owner_url))
    try:
        found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        return found
    finally:
        await connection.close()


@asynccontextmanager
async def processes(
    count: int, simulator: WeChatSimulator, database: Database, keys: KeyRing
) -> AsyncIterator[list[WeChat]]:
    settings = simulator.settings(Settings(state_dir=Path()))
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                open_wechat(settings, keys, database_url=database.customer_url, patience=PATIENCE)
            )
            for _ in range(count)
        ]


async def test_a_token_is_fetched_once_and_used_by_everybody(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    async with processes(4, wechat_simulator, no_tokens, keys) as clients:
        asked = [ask(client, wechat_simulator) for client in clients for _ in range(4)]
        assert set(await asyncio.gather(*asked)) == {PHONES[LI]}
    assert len(wechat_simulator.requests(STABLE)) == 1
    assert wechat_simulator.requests(STABLE)[0]["body"]["force_refresh"] is False


async def test_the_token_rests_encrypted(
    wechat: WeChat, wechat_simulator: WeChatSimulator, no_tokens: Database
) -> None:
    await ask(wechat, wechat_simulator)
    row = (await sql(no_tokens, "SELECT * FROM wechat_token"))[0]
    held = await wechat._tokens.current(tokens.WeChatAccount(MINI_PROGRAM, "", IdentityKind.MINI_PROGRAM))  # noqa: SLF001 - what must not be found
    assert len(held.value) > 100
    assert held.value.encode() not in row["token_enc"]
    assert held.value not in repr(held)


async def test_near_the_end_one_fetches_and_the_others_go_on_with_the_old_token(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    async with processes(4, wechat_simulator, no_tokens, keys) as clients:
        await ask(clients[0], wechat_simulator)
        await sql(
            no_tokens,
            "UPDATE wechat_token SET expires_at = now() + interval '100 s', fetched_at = now() - interval '7100 s'",
        )
        wechat_simulator.fail(STABLE, "slow", seconds=0.2)
        await asyncio.gather(*(ask(client, wechat_simulator) for client in clients))
    assert len(wechat_simulator.requests(STABLE)) == 2
    row = (await sql(no_tokens, "SELECT generation, leased_until FROM wechat_token"))[0]
    assert (row["generation"], row["leased_until"]) == (2, None)


async def test_while_the_old_token_is_valid_a_failed_refresh_stops_nobody(
    wechat: WeChat, wechat_simulator: WeChatSimulator, no_tokens: Database
) -> None:
    await ask(wechat, wechat_simulator)
    await sql(
        no_tokens,
        "UPDATE wechat_token SET expires_at = now() + interval '100 s', fetched_at = now() - interval '7100 s'",
    )
    wechat_simulator.fail(STABLE, "errcode", errcode=-1)
    assert await ask(wechat, wechat_simulator) == PHONES[LI]
    assert (await sql(no_tokens, "SELECT leased_until FROM wechat_token"))[0]["leased_until"] is None


async def test_without_a_valid_token_nobody_waits_for_ever_for_who_fetches_it(
    wechat: WeChat, wechat_simulator: WeChatSimulator, no_tokens: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_WAIT_SECONDS", 0.2)
    await ask(wechat, wechat_simulator)
    await sql(no_tokens, "UPDATE wechat_token SET expires_at = now(), leased_until = now() + interval '10 s'")
    with pytest.raises(UpstreamBusy):
        await ask(wechat, wechat_simulator)
    assert len(wechat_simulator.requests(STABLE)) == 1


async def test_the_lease_of_a_process_that_died_lapses(
    wechat: WeChat, wechat_simulator: WeChatSimulator, no_tokens: Database
) -> None:
    await ask(wechat, wechat_simulator)
    await sql(no_tokens, "UPDATE wechat_token SET expires_at = now(), leased_until = now() - interval '1 s'")
    assert await ask(wechat, wechat_simulator) == PHONES[LI]
    assert (await sql(no_tokens, "SELECT generation FROM wechat_token"))[0]["generation"] == 2


async def test_a_token_that_another_cluster_killed_is_replaced_and_the_call_made_once_more(
    wechat: WeChat, wechat_simulator: WeChatSimulator
) -> None:
    await ask(wechat, wechat_simulator)
    wechat_simulator.fail(PHONE, "supersede", count=1)
    assert await ask(wechat, wechat_simulator) == PHONES[LI]
    assert [row["errcode"] for row in wechat_simulator.requests(PHONE)] == [0, 40001, 0]
    assert len(wechat_simulator.requests(STABLE)) == 2


async def test_a_token_that_ended_early_is_replaced(wechat: WeChat, wechat_simulator: WeChatSimulator) -> None:
    await ask(wechat, wechat_simulator)
    wechat_simulator.advance(7_201)
    assert await ask(wechat, wechat_simulator) == PHONES[LI]
    assert [row["errcode"] for row in wechat_simulator.requests(PHONE)] == [0, 42001, 0]


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_that_is_rejected_twice_is_an_error_and_no_loop(
    wechat: WeChat, wechat_simulator: WeChatSimulator, errcode: int
) -> None:
    wechat_simulator.fail(PHONE, "errcode", errcode=errcode)
    with pytest.raises(UpstreamBusy):
        await ask(wechat, wechat_simulator)
    assert len(wechat_simulator.requests(PHONE)) == 2
    assert len(wechat_simulator.requests(STABLE)) == 2


async def test_who_finds_a_newer_token_does_not_fetch_another(
    wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing
) -> None:
    async with processes(4, wechat_simulator, no_tokens, keys) as clients:
        await ask(clients[0], wechat_simulator)
        wechat_simulator.fail(PHONE, "supersede", count=1)
        await asyncio.gather(*(ask(client, wechat_simulator) for client in clients))
    assert len(wechat_simulator.requests(STABLE)) == 2


@pytest.mark.parametrize("life", [60, None], ids=["a minute", "not said"])
async def test_a_token_of_short_life_is_not_fetched_with_every_call(
    wechat: WeChat, wechat_simulator: WeChatSimulator, life: int | None
) -> None:
    wechat_simulator.fail(STABLE, "expires_in", value=life)
    for _ in range(3):
        await ask(wechat, wechat_simulator)
    assert len(wechat_simulator.requests(STABLE)) == 1


@pytest.mark.parametrize("errcode", [40001, 40125, 40243, 40164])
async def test_an_account_without_a_right_secret_gets_no_token_and_is_asked_once(
    wechat: WeChat, wechat_simulator: WeChatSimulator, errcode: int
) -> None:
    wechat_simulator.fail(STABLE, "errcode", errcode=errcode)
    for _ in range(2):
        with pytest.raises(UpstreamBusy):
            await ask(wechat, wechat_simulator)
    assert len(wechat_simulator.requests(STABLE)) == 1
    assert wechat_simulator.requests(PHONE) == []


async def test_a_token_of_keys_that_are_gone_is_fetched_anew(
    wechat: WeChat, wechat_simulator: WeChatSimulator, no_tokens: Database, tmp_path: Path
) -> None:
    await ask(wechat, wechat_simulator)
    others = KeyRing.create(tmp_path / "keys.json")
    async with processes(1, wechat_simulator, no_tokens, others) as (client,):
        assert await ask(client, wechat_simulator) == PHONES[LI]
    assert len(wechat_simulator.requests(STABLE)) == 2


async def test_the_job_fetches_ten_minutes_before_the_end_and_not_earlier(
    wechat: WeChat, wechat_simulator: WeChatSimulator, no_tokens: Database
) -> None:
    await keep_token(wechat)
    await keep_token(wechat)
    assert len(wechat_simulator.requests(STABLE)) == 1
    await sql(
        no_tokens,
        "UPDATE wechat_token SET expires_at = now() + interval '590 s', fetched_at = now() - interval '6610 s'",
    )
    await keep_token(wechat)
    assert len(wechat_simulator.requests(STABLE)) == 2
