"""Goals that several events reach together, and events that are undone: what they earned is taken back."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.invariants import check
from support.house import House

GOAL = {
    "name_zh": "月刷三笔",
    "name_en": "Three a month",
    "events": ["fund_redemption"],
    "cases": [{"gives": [{"wallet": "reward", "kind": "fixed", "points": 500}]}],
    "goal": {"period": "year", "times": 3},
}


async def put_in_force(house: House) -> None:
    document, since = EarningTerms.of(GOAL).document(), clock.now() - timedelta(days=1)
    async with house.sessions() as session:
        session.add(EarningRule(code="three", state=RuleState.ACTIVE, active_version=1, created_at=clock.now()))
        await session.flush()
        session.add(
            EarningRuleVersion(
                rule_code="three",
                version=1,
                terms=document,
                in_force_from=since,
                published_at=since,
            )
        )
        await session.commit()


class Line:
    """A line that tells of events and of returns."""

    def __init__(self, house: House, client: httpx.AsyncClient) -> None:
        self.house, self.client = house, client

    async def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = self.house.service_headers("core_banking", ["earn:post"], key=str(new_id()))
        return await self.client.post(path, json=body, headers=headers)

    async def event(self, customer: UUID, reference: str, kind: str = "fund_redemption", amount: str = "100.00") -> int:
        one = {"line": "credit_card", "reference": reference, "customer_id": to_public("cus", customer)}
        one |= {"event_type": kind, "occurred_at": clock.now().isoformat(), "amount": amount}
        answer = await self._post("/v1/points/events", {"events": [one]})
        return int(answer.json()["results"][0]["points"])

    async def undo(self, reference: str, returns: str, amount: str | None = None) -> httpx.Response:
        told = {"line": "credit_card", "reference": reference, "returns": returns}
        return await self._post("/v1/points/event-returns", told | ({"amount": amount} if amount else {}))

    async def balance(self, customer: UUID) -> tuple[int, int]:
        path = f"/v1/customers/{to_public('cus', customer)}/points"
        answer = await self.client.get(path, headers=self.house.headers("hq_operator"))
        (reward,) = [one for one in answer.json()["wallets"] if one["wallet"] == "reward"]
        return reward["balance"], reward["debt"]


async def test_what_is_returned_is_no_step_to_a_goal_and_what_it_earned_is_taken_back(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await put_in_force(house)
    line, me, other = Line(house, bank_client), await house.add_customer(), await house.add_customer()

    first = [await line.event(me, "P1"), await line.event(me, "P2")]
    undone = await line.undo("R1", "P1")
    then = [await line.event(other, "X1"), await line.event(me, "P3"), await line.event(me, "P4")]
    spent = await line.event(me, "C1", "card_spend", "200.00")
    part = await line.undo("R2", "C1", "50.00")
    again = await line.undo("R2", "C1", "50.00")
    other_amount = await line.undo("R2", "C1", "60.00")
    other_event = await line.undo("R2", "P2", "50.00")
    too_much = await line.undo("R3", "C1", "200.01")
    rest = await line.undo("R4", "C1")
    over = await line.undo("R4", "C1")
    reached = await line.undo("R5", "P4")
    unknown = await line.undo("R6", "P9")

    assert (first, then, spent) == ([0, 0], [0, 0, 500], 10)
    assert (undone.status_code, undone.json()["points"], undone.json()["replayed"]) == (201, 0, False)
    assert (part.json()["points"], part.json()["replayed"]) == (2, False)
    assert (again.json()["points"], again.json()["replayed"]) == (0, True)
    taken = (409, "return_reference_taken")
    assert [(one.status_code, one.json()["code"]) for one in (other_amount, other_event)] == [taken, taken]
    assert (too_much.status_code, too_much.json()["code"]) == (422, "amount_out_of_range")
    assert (rest.json()["points"], rest.json()["replayed"]) == (8, False)
    assert (over.json()["points"], over.json()["replayed"]) == (0, True)
    assert (reached.json()["points"], unknown.status_code) == (500, 404)
    assert await line.balance(me) == (0, 0)
    async with house.sessions() as session:
        assert await check(session) == []


async def test_parts_of_an_event_give_back_together_what_the_whole_would_and_are_never_more_than_it(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    line, me = Line(house, bank_client), await house.add_customer()
    earned = [await line.event(me, reference, "card_spend", "100.00") for reference in ("C1", "C2")]

    small = [(await line.undo(f"S{n}", "C1", "10.00")).json()["points"] for n in range(9)]
    last = await line.undo("S9", "C1", "9.99")
    fen = await line.undo("S10", "C1", "0.01")
    over = await line.undo("S11", "C1", "0.01")
    told = await asyncio.gather(*(line.undo(f"T{n}", "C2", "30.00") for n in range(5)))

    assert earned == [5, 5]
    assert (sum(small), last.json()["points"], fen.json()["points"]) == (4, 0, 1)
    assert (over.status_code, over.json()["code"]) == (422, "amount_out_of_range")
    assert sorted(one.status_code for one in told) == [201, 201, 201, 422, 422]
    assert sum(one.json()["points"] for one in told if one.status_code == 201) == 4
    assert await line.balance(me) == (1, 0)
    async with house.sessions() as session:
        assert await check(session) == []
