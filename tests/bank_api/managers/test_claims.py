"""Claims over HTTP: what gives one, whom it gets the customer, who disputes it and who decides."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.service import assign
from support.care_records import Caring, code_of
from support.house import House
from support.tiers import give_tier

TODAY = clock.today()
YESTERDAY = clock.last_closed_day()
SPECIALIST = "产品咨询"


class Claiming(Caring):
    """A branch with two managers who log in: `manager`, and `branch_head`, who leads it."""

    async def customer(self, tier: str = "T2") -> UUID:
        """Add a customer of the east whom nobody serves."""
        customer_id = await self.house.add_customer()
        async with self.house.sessions() as session:
            await give_tier(session, customer_id, tier, on=YESTERDAY)
            await session.commit()
        return customer_id

    async def advise(self, customer_id: UUID) -> None:
        """Let the manager serve a customer as a specialist, so as to reach the customer."""
        body = {"manager_id": await self.id("manager"), "role": "specialist", "reason": SPECIALIST}
        joined = await self.post("branch_head", f"/v1/customers/{to_public('cus', customer_id)}/team", **body)
        assert joined.status_code == 201, joined.text

    async def enter(self, customer_id: UUID, role: str, by: str = "hq_operator") -> httpx.Response:
        """Enter a claim for the manager of a role."""
        url = f"/v1/customers/{to_public('cus', customer_id)}/claims"
        return await self.post(by, url, manager_id=await self.id(role), reason="陪同客户到网点")

    async def claims(self, role: str = "manager", **query: str) -> list[dict[str, Any]]:
        answer = await self.bank.get("/v1/claims", params=query, headers=self.house.headers(role))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def arrive(self, customer_id: UUID) -> dict[str, Any]:
        url = f"/v1/customers/{to_public('cus', customer_id)}/assignment"
        answer = await self.post("branch_head", url)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def dispute(self, claim: dict[str, Any], role: str = "branch_head") -> httpx.Response:
        return await self.post(role, f"/v1/claims/{claim['id']}/dispute", reason="走访在先")

    async def decide(self, claim: dict[str, Any], outcome: str, role: str = "hq_operator") -> httpx.Response:
        return await self.post(role, f"/v1/claims/{claim['id']}/decide", outcome=outcome, reason="以走访记录为准")

    async def id(self, role: str) -> str:
        return to_public("mgr", (await self.manager(role)).id)


@pytest.fixture
async def branch(bank_client: httpx.AsyncClient, house: House) -> Claiming:
    claiming = Claiming(house, bank_client)
    await claiming.manager("manager")
    await claiming.manager("branch_head")
    return claiming


async def test_the_first_touch_that_reached_the_customer_gives_the_claim_and_the_claimant_the_customer(
    branch: Claiming,
) -> None:
    customer_id = await branch.customer()
    await branch.advise(customer_id)
    await branch.touch(customer_id, result="no_answer")
    assert await branch.claims() == []
    reached = await branch.touch(customer_id)
    assert (await branch.touch(customer_id, "branch_head")).status_code == 201
    [claim] = await branch.claims()
    assert (claim["manager_id"], claim["origin"]) == (await branch.id("manager"), "touch")
    assert claim["valid_to"] == (TODAY + timedelta(days=90)).isoformat()
    assert claim["blocked_until"] == (TODAY + timedelta(days=120)).isoformat()
    wrong = {"corrects_id": reached.json()["id"], "result": "no_answer"}
    assert (await branch.touch(customer_id, "manager", **wrong)).status_code == 201
    assert await branch.claims(state="standing") == []
    await branch.touch(customer_id, "branch_head")
    arrival = await branch.arrive(customer_id)
    assert (arrival["manager_id"], arrival["strategy"]) == (await branch.id("branch_head"), "claim")
    last, first = await branch.claims("branch_head", customer_id=to_public("cus", customer_id))
    assert (last["end_reason"], first["end_reason"]) == ("placed", "corrected")
    refused = await branch.enter(customer_id, "manager")
    assert (*code_of(refused), refused.json()["reason"]) == (409, "claim_not_possible", "served")


async def test_colleagues_of_the_branch_see_a_claim_and_nobody_elsewhere_does(branch: Claiming) -> None:
    await branch.manager("manager_west", branch="310002")
    customer_id = await branch.customer()
    assert code_of(await branch.enter(customer_id, "manager", by="branch_head_west")) == (404, "not_found")
    assert code_of(await branch.enter(customer_id, "manager", by="manager")) == (403, "forbidden")
    elsewhere = await branch.enter(customer_id, "manager_west")
    assert elsewhere.json()["reason"] == "other_branch"
    entered = await branch.enter(customer_id, "branch_head", by="branch_head")
    assert (entered.status_code, entered.json()["origin"]) == (201, "entered")
    assert [one["id"] for one in await branch.claims("manager")] == [entered.json()["id"]]
    assert await branch.claims("manager_west") == []
    assert code_of(await branch.dispute(entered.json(), "manager_west")) == (404, "not_found")
    hidden = await branch.bank.get(
        f"/v1/customers/{to_public('cus', customer_id)}", headers=branch.house.headers("manager")
    )
    assert hidden.status_code == 404, "a claim opens no customer's file"


async def test_a_dispute_is_decided_by_who_is_no_party_and_who_loses_waits(branch: Claiming) -> None:
    customer_id = await branch.customer()
    claim = (await branch.enter(customer_id, "manager")).json()
    assert (await branch.enter(customer_id, "manager")).json()["reason"] == "claimed"
    assert code_of(await branch.decide(claim, "moves")) == (409, "no_open_dispute")
    assert (await branch.dispute(claim, "customer_service")).json()["reason"] == "not_a_manager"
    assert (await branch.dispute(claim, "manager")).json()["reason"] == "own_claim"
    assert (await branch.dispute(claim)).status_code == 201
    assert (await branch.dispute(claim)).json()["reason"] == "disputed"
    assert code_of(await branch.decide(claim, "moves", "branch_head")) == (403, "party_decides")
    moved = await branch.decide(claim, "moves")
    assert (moved.status_code, moved.json()["origin"]) == (200, "dispute"), moved.text
    assert moved.json()["manager_id"] == await branch.id("branch_head")
    [before] = [one for one in await branch.claims() if one["id"] == claim["id"]]
    assert (before["end_reason"], before["disputes"][0]["state"]) == ("moved", "moved")
    assert (await branch.enter(customer_id, "manager")).json()["reason"] == "cooling_down"
    arrival = await branch.arrive(customer_id)
    assert (arrival["manager_id"], arrival["strategy"]) == (await branch.id("branch_head"), "claim")


async def test_a_claim_that_stays_cannot_be_disputed_again_by_who_lost(branch: Claiming) -> None:
    claim = (await branch.enter(await branch.customer(), "manager")).json()
    await branch.dispute(claim)
    stays = (await branch.decide(claim, "stays")).json()
    assert (stays["id"], stays["end_reason"], stays["disputes"][0]["state"]) == (claim["id"], None, "stayed")
    assert (await branch.dispute(claim)).json()["reason"] == "cooling_down"


async def test_the_customer_goes_along_where_the_claimant_serves_by_now(branch: Claiming) -> None:
    customer_id = await branch.customer()
    claim = (await branch.enter(customer_id, "manager")).json()
    assert (await branch.arrive(customer_id))["manager_id"] == await branch.id("manager")
    assert (await branch.dispute(claim)).status_code == 201
    moved = await branch.decide(claim, "moves")
    assert (moved.status_code, moved.json()["end_reason"]) == (200, "moved"), moved.text
    served = await branch.get("branch_head", f"/v1/customers/{to_public('cus', customer_id)}/coverage")
    assert served["manager"]["id"] == await branch.id("branch_head")


async def test_the_code_that_a_customer_types_gives_the_claim(
    branch: Claiming, customer_client: httpx.AsyncClient
) -> None:
    codes = {role: (await branch.get(role, "/v1/me/referral-code"))["code"] for role in ("manager", "branch_head")}
    customer_id = await branch.customer()

    async def typed(code: str) -> httpx.Response:
        headers = branch.house.customer_headers(customer_id)
        return await customer_client.post("/v1/me/manager-code", json={"code": code}, headers=headers)

    assert code_of(await typed("ZZZZZZZZZZ")) == (404, "manager_code_unknown")
    first = await typed(codes["manager"])
    assert (first.status_code, first.json()["valid_from"]) == (200, TODAY.isoformat()), first.text
    assert (await typed(codes["manager"])).json() == first.json()
    assert code_of(await typed(codes["branch_head"])) == (409, "manager_code_unusable")
    [claim] = await branch.claims("branch_head")
    assert (claim["manager_id"], claim["origin"]) == (await branch.id("manager"), "code")
    async with branch.house.sessions() as session:
        await assign(session, day=TODAY)
        await session.commit()
    served = await branch.get("branch_head", f"/v1/customers/{to_public('cus', customer_id)}/coverage?as_of=2030-01-01")
    assert served["manager"]["id"] == await branch.id("manager"), "the night follows the claim too"
    assert code_of(await typed(codes["branch_head"])) == (409, "manager_code_unusable")
    nobody = await branch.bank.get("/v1/me/referral-code", headers=branch.house.headers("hq_operator"))
    assert nobody.status_code == 404


async def test_of_claims_at_the_same_moment_one_wins(branch: Claiming) -> None:
    customer_id = await branch.customer()
    answers = await asyncio.gather(
        *(branch.enter(customer_id, role) for role in ("manager", "branch_head") * 3),
        *(branch.touch(customer_id, "branch_head") for _ in range(2)),
    )
    assert [answer.text for answer in answers[6:] if answer.status_code != 201] == []
    assert all(code_of(answer) == (409, "claim_not_possible") for answer in answers[:6] if answer.status_code != 201)
    assert len(await branch.claims()) == 1
