"""Codes of campaigns: typed by customers, let earn by the worker, each once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.settings import Profile
from guibin.points.campaign_codes.service import earn_codes
from guibin.points.defaults import ALWAYS
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.web.counters import SharedCounters
from guibin.web.limiter import RateLimiter
from guibin.web.port import Port
from support.house import House
from support.points import sessions_of


async def _campaign(house: House, code: str, name: str, **terms: object) -> None:
    gives = [{"wallet": "reward", "kind": "fixed", "points": 60}]
    body = {"name_zh": name, "name_en": "Campaign", "events": ["code"], "codes": [code], "cases": [{"gives": gives}]}
    async with house.sessions() as session:
        session.add(EarningRule(code=code.lower(), state=RuleState.ACTIVE, active_version=1, created_at=clock.now()))
        await session.flush()
        document = EarningTerms.of(body | terms).document()
        session.add(
            EarningRuleVersion(
                rule_code=code.lower(), version=1, terms=document, in_force_from=ALWAYS, published_at=clock.now()
            )
        )
        await session.commit()


class Phone:
    """A customer's app."""

    def __init__(self, client: httpx.AsyncClient, house: House, customer_id: UUID) -> None:
        self.client, self.house, self.customer_id = client, house, customer_id

    async def enter(self, code: str) -> tuple[int, str]:
        headers = self.house.customer_headers(self.customer_id, key=str(new_id()))
        answer = await self.client.post("/v1/me/points/codes", json={"code": code}, headers=headers)
        return answer.status_code, answer.json().get("code")

    async def codes(self) -> dict[str, tuple[str, int]]:
        headers = self.house.customer_headers(self.customer_id)
        items = (await self.client.get("/v1/me/points/codes", headers=headers)).json()["items"]
        return {one["code"]: (one["state"], one["points"]) for one in items}


async def test_a_code_earns_once_within_its_window_and_budget(customer_client: httpx.AsyncClient, house: House) -> None:
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    await _campaign(house, "SPRING2027", "春季活动", budgets=[{"period": "lifetime", "awards": 1}])
    await _campaign(house, "WINTER2020", "冬季活动", window={"ends_on": yesterday})
    first = Phone(customer_client, house, await house.add_customer())
    second = Phone(customer_client, house, await house.add_customer())

    entered, twice, late = (
        await first.enter("SPRING2027"),
        await first.enter("SPRING2027"),
        await first.enter("WINTER2020"),
    )
    waiting = await first.codes()
    async with sessions_of(house.database.worker_url) as sessions, sessions() as session:
        looked_at = await earn_codes(session)
        await session.commit()
    await second.enter("SPRING2027")
    async with sessions_of(house.database.worker_url) as sessions, sessions() as session:
        looked_at += await earn_codes(session) + await earn_codes(session)
        await session.commit()

    assert (entered, twice, late) == ((202, "SPRING2027"), (409, "code_entered"), (404, "code_unknown"))
    assert (waiting, looked_at) == ({"SPRING2027": ("accepted", 0)}, 2)
    assert (await first.codes(), await second.codes()) == (
        {"SPRING2027": ("earned", 60)},
        {"SPRING2027": ("nothing", 0)},
    )


@pytest.fixture
def production_limits(customer_client: httpx.AsyncClient, customer_app: FastAPI) -> Iterator[None]:  # noqa: ARG001 - it runs the port
    """Let the customer port count as in production."""
    port: Port = customer_app.state.port
    strict = RateLimiter(Profile.PRODUCTION, processes=1, shared=SharedCounters(port.sessions), keys=port.keys)
    customer_app.state.port = replace(port, limiter=strict)
    yield
    customer_app.state.port = port


@pytest.mark.usefixtures("production_limits")
async def test_too_many_wrong_codes_close_the_entry(customer_client: httpx.AsyncClient, house: House) -> None:
    phone = Phone(customer_client, house, await house.add_customer())
    answers = [await phone.enter(f"WRONG{number}") for number in range(10, 16)]
    assert answers == [(404, "code_unknown")] * 5 + [(429, "code_locked")]
