"""The bank's identity provider changes its keys while staff work (T-JWT-2): a real port, a real provider, traffic."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from bank_api.main import create_app
from guibin.core import clock
from guibin.organisation.models import Staff
from support.house import BANK_AUDIENCE, House, open_client
from support.identity_provider import IdentityProvider, identity_provider

TASKS, SECONDS = 8, 12
START = clock.now()


@asynccontextmanager
async def bank_of(house: House, provider: IdentityProvider) -> AsyncIterator[httpx.AsyncClient]:
    """Run the bank port with this provider's keys over HTTP, and let it know the house's staff."""
    async with house.sessions() as session:
        await session.execute(update(Staff).where(col(Staff.no) != "").values(issuer=provider.name))
        await session.commit()
    settings = house.settings.model_copy(
        update={"bank_issuer": provider.name, "bank_jwks": provider.url, "token_max_life_seconds": 300}
    )
    async with open_client(create_app(settings)) as client:
        yield client


async def ask(client: httpx.AsyncClient, house: House, provider: IdentityProvider, kid: str) -> int:
    token = provider.issue(kid, house.staff["manager"].subject, BANK_AUDIENCE)
    answer = await client.get("/v1/branches", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def test_staff_log_in_with_the_providers_keys_and_a_new_key_needs_no_restart(house: House) -> None:
    async with identity_provider() as provider, bank_of(house, provider) as client:
        assert await ask(client, house, provider, "k1") == 200
        provider.add_key("k2")
        with clock.fixed_at(clock.now() + timedelta(minutes=1)):
            assert await ask(client, house, provider, "k2") == 200
        assert provider.fetches == 2


@pytest.mark.merge
async def test_no_request_is_refused_while_keys_are_published_used_and_retired(house: House) -> None:
    """A published key is used five minutes later, the old one is retired when none of its tokens lives."""
    async with identity_provider() as provider, bank_of(house, provider) as client:
        signing, over = ["k1"], asyncio.Event()
        answers: Counter[tuple[str, int]] = Counter()
        minute = [0]

        async def work() -> None:
            while not over.is_set():
                kid = signing[-1]
                with clock.fixed_at(START + timedelta(minutes=minute[0])):
                    answers[kid, await ask(client, house, provider, kid)] += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(work())
            for number in range(2, 6):
                await asyncio.sleep(SECONDS / 10)
                provider.add_key(f"k{number}")
                for _ in range(6):
                    minute[0] += 1
                    await asyncio.sleep(SECONDS / 60)
                signing.append(f"k{number}")
                minute[0] += 6
                await asyncio.sleep(SECONDS / 60)
                provider.published.remove(f"k{number - 1}")
            minute[0] += 6
            await asyncio.sleep(SECONDS / 10)
            over.set()
        assert {status for _, status in answers} == {200}
        assert {kid for kid, _ in answers} == {"k1", "k2", "k3", "k4", "k5"}
        assert answers.total() > 100
        assert provider.fetches <= minute[0] / 5 + 5
        with clock.fixed_at(START + timedelta(minutes=minute[0])):
            assert [await ask(client, house, provider, kid) for kid in ("k1", "k4", "k5")] == [401, 401, 200]


@pytest.mark.merge
async def test_staff_work_on_for_a_day_without_the_provider_and_are_then_refused(house: House) -> None:
    async with identity_provider() as provider:
        with clock.fixed_at(START):
            opened = bank_of(house, provider)
            client = await opened.__aenter__()
        await provider.close()
        try:
            for hours, status in ((1.0, 200), (12.0, 200), (23.9, 200), (24.0, 401), (48.0, 401)):
                with clock.fixed_at(START + timedelta(hours=hours)):
                    assert await ask(client, house, provider, "k1") == status, hours
            await provider.open()
            with clock.fixed_at(START + timedelta(hours=49)):
                assert await ask(client, house, provider, "k1") == 200
        finally:
            await opened.__aexit__(None, None, None)
