"""Proposals over HTTP: a manager prepares, the customer decides, and nothing moves before."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.outbox.models import OutboxEvent
from guibin.rights.models import RedemptionProposal
from support.house import WEST
from support.shop import Shop

WORDS = "李女士，您本年度的体检名额尚未使用，建议预约。"


class Talk:
    """A member of staff and a customer."""

    def __init__(self, shop: Shop, customers: httpx.AsyncClient, bank: httpx.AsyncClient) -> None:
        self.shop, self.customers, self.bank = shop, customers, bank

    def url(self, customer: UUID) -> str:
        return f"/v1/customers/{to_public('cus', customer)}/redemption-proposals"

    async def propose(self, customer: UUID, right: str, *, role: str = "lobby", **body: Any) -> httpx.Response:
        headers = self.shop.house.headers(role, key=str(new_id()))
        return await self.bank.post(self.url(customer), json={"right_id": right} | body, headers=headers)

    async def proposed(self, customer: UUID, right: str, **body: Any) -> str:
        answer = await self.propose(customer, right, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def answer(self, customer: UUID, proposal: str, verb: str, **body: Any) -> httpx.Response:
        headers = self.shop.house.customer_headers(customer, key=str(new_id()))
        sent = body if verb == "accept" else None
        return await self.customers.post(f"/v1/me/proposals/{proposal}/{verb}", json=sent, headers=headers)

    async def mine(self, customer: UUID) -> list[dict[str, Any]]:
        answer = await self.customers.get("/v1/me/proposals", headers=self.shop.house.customer_headers(customer))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def outcome(self, customer: UUID, role: str = "lobby") -> list[str]:
        answer = await self.bank.get(self.url(customer), headers=self.shop.house.headers(role))
        assert answer.status_code == 200, answer.text
        return [one["state"] for one in answer.json()["items"]]


@pytest.fixture
def talk(shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient) -> Talk:
    return Talk(shop, customer_client, bank_client)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_proposal_becomes_a_redemption_when_the_customer_agrees(talk: Talk, shop: Shop) -> None:
    customer, right = await shop.customer(300), await shop.right(stock=5)
    proposal = await talk.proposed(customer, right, quantity=2, words=WORDS)
    assert await shop.redemptions_of(right) == []
    (mine,) = await talk.mine(customer)
    assert (mine["id"], mine["words"], mine["quantity"], mine["state"]) == (proposal, WORDS, 2, "waiting")
    home = await talk.customers.get("/v1/me/home", headers=shop.house.customer_headers(customer))
    assert "proposals_waiting" in [notice["kind"] for notice in home.json()["notices"]]

    refused = await talk.answer(customer, proposal, "accept", expected_points=1)
    assert code_of(refused) == (409, "price_changed")
    done = await talk.answer(customer, proposal, "accept", expected_points=200)

    assert (done.status_code, done.json()["points_charged"], done.json()["available_after"]) == (201, 200, 100)
    (mine,) = await talk.mine(customer)
    assert (mine["state"], mine["redemption_id"]) == ("accepted", done.json()["id"])
    assert await talk.outcome(customer) == ["accepted"]
    assert code_of(await talk.answer(customer, proposal, "accept")) == (409, "proposal_over")
    assert len(await shop.redemptions_of(right)) == 1
    async with shop.house.sessions() as session:
        told = (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type) == "proposal.made"))).one()
        kept = (await session.exec(select(RedemptionProposal.words_enc))).one()
        trail = (await session.exec(select(AuditEntry).where(AuditEntry.action == "proposal.make"))).one()
    assert (told.subject, trail.owner_id) == (proposal, customer)
    assert kept is not None
    assert WORDS.encode() not in kept


async def test_no_answer_a_no_and_a_withdrawal_end_a_proposal(talk: Talk, shop: Shop) -> None:
    customer, right = await shop.customer(), await shop.right()
    lapsing = await talk.proposed(customer, right)
    assert code_of(await talk.propose(customer, right)) == (409, "proposal_waiting")
    with clock.fixed_at(clock.now() + timedelta(days=7)):
        assert code_of(await talk.answer(customer, lapsing, "accept")) == (409, "proposal_over")
        assert [one["state"] for one in await talk.mine(customer)] == ["lapsed"]
        declined = await talk.proposed(customer, right)
        assert (await talk.answer(customer, declined, "decline")).json()["state"] == "declined"
        withdrawn = await talk.proposed(customer, right)
        url = f"{talk.url(customer)}/{withdrawn}/withdraw"
        assert (await talk.bank.post(url, headers=shop.house.headers("lobby"))).json()["state"] == "withdrawn"
        assert code_of(await talk.answer(customer, withdrawn, "decline")) == (409, "proposal_over")
        assert await talk.outcome(customer) == ["withdrawn", "declined", "lapsed"]
    assert await shop.redemptions_of(right) == []


async def test_what_a_customer_does_not_see_is_not_proposed_and_five_wait_at_most(talk: Talk, shop: Shop) -> None:
    customer, other = await shop.customer(), await shop.customer(branch=WEST)
    hidden = await shop.right(offer={"visibility": {"tiers": ["T5"]}})
    assert code_of(await talk.propose(customer, hidden)) == (409, "right_not_offered")
    rights = [await shop.right() for _ in range(6)]
    assert (await talk.propose(other, rights[0])).status_code == 404
    theirs = await talk.proposed(other, rights[0], role="lobby_west")
    assert (await talk.answer(customer, theirs, "accept")).status_code == 404
    for right in rights[:5]:
        await talk.proposed(customer, right)
    assert code_of(await talk.propose(customer, rights[5])) == (409, "too_many_proposals")


@pytest.mark.merge
async def test_a_proposal_answered_32_times_at_once_is_redeemed_once_at_most(talk: Talk, shop: Shop) -> None:
    customer, right = await shop.customer(), await shop.right()
    proposal = await talk.proposed(customer, right)
    answers = await asyncio.gather(
        *(talk.answer(customer, proposal, ("accept", "decline")[turn % 2]) for turn in range(32))
    )
    assert sum(answer.is_success for answer in answers) == 1
    assert {code_of(answer)[1] for answer in answers if not answer.is_success} <= {"proposal_over", "rate_limited"}
    states = await talk.outcome(customer)
    assert len(await shop.redemptions_of(right)) == (states == ["accepted"])
