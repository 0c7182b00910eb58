"""Pairs that may be one customer over HTTP: seen with evidence, joined by two people, kept apart, parted again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select, update

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer, CustomerRef, MatchReview, RefKind
from guibin.customers.references import customer_no_ref
from guibin.organisation.models import StaffRole
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.invariants import check
from guibin.points.models import EntryKind
from support.house import EAST, WEST, House
from support.points import post_points, sessions_of
from support.shop import Shop
from support.tagging import add_manual_tag

SAME = {"reason": "柜面核对身份证原件，确为同一人"}


class Queue:
    """A pair of customers with points, about whom people decide."""

    def __init__(self, house: House, client: httpx.AsyncClient, pair: tuple[UUID, UUID], match_id: UUID) -> None:
        self.house = house
        self.client = client
        self.one, self.other = (to_public("cus", one) for one in pair)
        self.ids = pair
        self.url = f"/v1/matches/{to_public('mat', match_id)}"

    async def get(self, path: str, role: str = "hq_operator") -> httpx.Response:
        return await self.client.get(path, headers=self.house.headers(role))

    async def post(self, path: str, body: dict[str, Any], role: str = "hq_operator") -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.house.headers(role, key=str(new_id())))

    async def approve(self, submitted: httpx.Response) -> httpx.Response:
        assert submitted.status_code == 202, submitted.text
        return await self.post(f"/v1/approvals/{submitted.json()['approval_id']}/approve", {}, "compliance")

    async def agree(self, submitted: httpx.Response) -> dict[str, Any]:
        answer = await self.approve(submitted)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def accept(self, surviving: str) -> httpx.Response:
        return await self.post(f"{self.url}/accept", {"surviving_id": surviving, **SAME})

    async def reward(self, customer: str) -> int:
        answer = await self.get(f"/v1/customers/{customer}/points", "customer_service")
        return next(int(own["balance"]) for own in answer.json()["wallets"] if own["wallet"] == "reward")


@pytest.fixture
async def queue(house: House, bank_client: httpx.AsyncClient) -> Queue:
    one, other = await Shop(house).customers(2, 100)
    return Queue(house, bank_client, (one, other), await ask(house, one, other))


async def ask(house: House, one: UUID, other: UUID) -> UUID:
    match_id = new_id()
    async with house.sessions() as session:
        session.add(
            MatchReview(
                customer_id=one,
                id=match_id,
                other_customer_id=other,
                reason="same_certificate_other_customer_no",
                evidence={"line": "credit_card"},
                created_at=clock.now(),
            )
        )
        await session.commit()
    return match_id


async def test_a_pair_is_shown_with_its_evidence_and_masked(queue: Queue) -> None:
    (listed,) = (await queue.get("/v1/matches")).json()["items"]
    shown = (await queue.get(queue.url)).json()
    assert (listed["asked_because"], listed["line"], listed["state"]) == (
        "same_certificate_other_customer_no",
        "credit_card",
        "open",
    )
    assert [side["id"] for side in shown["sides"]] == [queue.one, queue.other]
    assert {side["name"] for side in shown["sides"]} == {"张*丰"}
    assert shown["equal"] == ["name"]


async def test_two_people_make_one_customer_of_a_pair_and_two_people_part_them_again(queue: Queue) -> None:
    submitted = await queue.accept(queue.one)
    assert await queue.reward(queue.one) == 100
    assert (await queue.agree(submitted))["state"] == "approved"
    assert await queue.reward(queue.one) == await queue.reward(queue.other) == 200
    (merged,) = (await queue.get("/v1/matches?state=merged")).json()["items"]
    assert merged["decided_reason"] == SAME["reason"]
    (journal,) = (await queue.get(f"/v1/customers/{queue.one}/merges")).json()["items"]
    assert (journal["losing_id"], journal["undone_at"]) == (queue.other, None)
    again = await queue.accept(queue.one)
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")

    wrong = {"merge_id": journal["id"], "reason": "客户本人到网点声明并非同一人"}
    first = await queue.post(f"/v1/customers/{queue.one}/unmerge", wrong)
    second = await queue.post(f"/v1/customers/{queue.other}/unmerge", wrong)
    assert (await queue.agree(first))["state"] == "approved"
    assert [await queue.reward(one) for one in (queue.one, queue.other)] == [100, 100]
    late = await queue.approve(second)
    assert (late.status_code, late.json()["code"], late.json()["reason"]) == (409, "merge_not_possible", "undone")
    (undone,) = (await queue.get(f"/v1/customers/{queue.one}/merges")).json()["items"]
    assert undone["undone_reason"] == wrong["reason"]
    refused = await queue.post(f"/v1/customers/{queue.one}/unmerge", wrong)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        409,
        "merge_not_possible",
        "undone",
    )


async def test_a_pair_that_is_kept_apart_is_decided(queue: Queue) -> None:
    unsaid = await queue.post(f"{queue.url}/reject", {})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "reason_required")
    kept = await queue.post(f"{queue.url}/reject", {"reason": "双胞胎，证件号码不同"})
    assert (kept.status_code, kept.json()["state"]) == (200, "apart")
    assert (await queue.get("/v1/matches")).json()["items"] == []
    late = await queue.accept(queue.one)
    assert (late.status_code, late.json()["from"], late.json()["to"]) == (409, "apart", "merged")


async def weigh(queue: Queue, match_id: UUID, score: int, probability: float) -> str:
    """Write on a review what the worker writes."""
    said = {"field": "name", "level": "sounds_equal", "says": "similar", "bits": 6.45}
    async with queue.house.sessions() as session:
        review = (await session.exec(select(MatchReview).where(MatchReview.id == match_id))).one()
        review.score, review.probability, review.reason = score, probability, "probable"
        review.evidence = {"weights": [said]}
        session.add(review)
        await session.commit()
    return to_public("mat", match_id)


async def test_the_likeliest_pair_comes_first_and_what_nobody_weighed_last(queue: Queue) -> None:
    third = await queue.house.add_customer()
    likely = await weigh(queue, await ask(queue.house, queue.ids[0], third), 741, 0.9942)
    less = await weigh(queue, await ask(queue.house, queue.ids[1], third), -120, 0.3033)
    unweighed = queue.url.rsplit("/", 1)[1]
    first = (await queue.get("/v1/matches?limit=1")).json()
    rest = (await queue.get(f"/v1/matches?limit=1&cursor={first['next_cursor']}")).json()
    last = (await queue.get(f"/v1/matches?limit=1&cursor={rest['next_cursor']}")).json()
    listed = [page["items"][0] for page in (first, rest, last)]
    assert [(one["id"], one["bits"], one["probability"]) for one in listed] == [
        (likely, 7.41, 0.9942),
        (less, -1.2, 0.3033),
        (unweighed, None, None),
    ]
    for query, found in (("min_probability=0.5", [likely]), ("asked_because=probable", [likely, less])):
        assert [one["id"] for one in (await queue.get(f"/v1/matches?{query}")).json()["items"]] == found
    shown = (await queue.get(f"/v1/matches/{likely}")).json()
    assert shown["weights"] == [{"field": "name", "level": "sounds_equal", "says": "similar", "bits": 6.45}]


async def test_a_pair_that_is_put_off_is_listed_apart_until_its_day(queue: Queue) -> None:
    today = clock.today()
    for until in (today, today + timedelta(days=367)):
        refused = await queue.post(
            f"{queue.url}/defer", {"until": until.isoformat(), "reason": "等待客户本人到网点补充身份证件"}
        )
        assert (refused.status_code, refused.json()["errors"][0]["type"]) == (422, "date_out_of_range")
    until = today + timedelta(days=7)
    unsaid = await queue.post(f"{queue.url}/defer", {"until": until.isoformat()})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "reason_required")
    put_off = await queue.post(
        f"{queue.url}/defer", {"until": until.isoformat(), "reason": "等待客户本人到网点补充身份证件"}
    )
    assert (put_off.status_code, put_off.json()["deferred_until"]) == (200, until.isoformat())
    assert (await queue.get("/v1/matches")).json()["items"] == []
    assert len((await queue.get("/v1/matches?deferred=true")).json()["items"]) == 1
    await queue.agree(await queue.accept(queue.one))
    late = await queue.post(
        f"{queue.url}/defer", {"until": until.isoformat(), "reason": "等待客户本人到网点补充身份证件"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "state_conflict")


async def test_whoever_sees_one_of_the_two_alone_sees_no_pair(queue: Queue) -> None:
    async with queue.house.sessions() as session:
        branch_id = (await session.get_one(Customer, await queue.house.add_customer(branch=WEST))).branch_id
        (await session.get_one(Customer, queue.ids[1])).branch_id = branch_id
        await session.commit()
    assert (await queue.get("/v1/matches", "branch_head")).json()["items"] == []
    assert (await queue.get(queue.url, "branch_head")).status_code == 404
    assert (await queue.get(queue.url)).status_code == 200
    async with queue.house.sessions() as session:
        mine = col(StaffRole.staff_id) == queue.house.staff["hq_operator"].id
        await session.exec(update(StaffRole).where(mine).values(branch_id=queue.house.branches[EAST].id))
        await session.commit()
    asked = (
        await queue.accept(queue.one),
        await queue.post(f"{queue.url}/reject", {"reason": "双胞胎，证件号码不同"}),
        await queue.post(f"{queue.url}/defer", {"until": "2099-01-01", "reason": "等待客户本人到网点补充身份证件"}),
        await queue.post(f"/v1/customers/{queue.other}/unmerge", {"merge_id": to_public("mrg", new_id()), **SAME}),
    )
    assert [(answer.status_code, answer.json()["code"]) for answer in asked] == [(404, "not_found")] * 4


async def test_only_one_of_the_pair_stays_and_one_customer_is_no_pair(queue: Queue) -> None:
    third = to_public("cus", await queue.house.add_customer())
    refused = await queue.accept(third)
    assert (refused.status_code, refused.json()["errors"][0]["type"]) == (422, "not_of_the_pair")
    queue.url = f"/v1/matches/{to_public('mat', await ask(queue.house, queue.ids[0], queue.ids[0]))}"
    alone = await queue.accept(queue.one)
    assert (alone.status_code, alone.json()["reason"]) == (409, "one_customer")


NUMBER = "C1029384756"
ONCE_A_YEAR = {
    "name_zh": "首笔赎回礼",
    "name_en": "First redemption of the year",
    "events": ["fund_redemption"],
    "cases": [
        {
            "gives": [{"wallet": "reward", "kind": "fixed", "points": 500, "pending_days": 5}],
            "effects": [{"kind": "tag", "tag": "friend"}, {"kind": "right", "right": "lounge", "quantity": 1}],
        }
    ],
    "frequency": [{"period": "year", "times": 1}],
}


async def put_in_force(house: House, terms: dict[str, Any]) -> None:
    since = clock.now() - timedelta(days=1)
    async with house.sessions() as session:
        await add_manual_tag(session, "friend")
        session.add(EarningRule(code="once", state=RuleState.ACTIVE, active_version=1, created_at=since))
        await session.flush()
        document = EarningTerms.of(terms).document()
        version = EarningRuleVersion(
            rule_code="once", version=1, terms=document, in_force_from=since, published_at=since
        )
        session.add(version)
        await session.commit()


class Line:
    """A line that tells of events and returns of the two."""

    def __init__(self, queue: Queue) -> None:
        self.queue, self.moment = queue, clock.now().isoformat()

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = self.queue.house.service_headers("core_banking", ["earn:post"], key=str(new_id()))
        answer = await self.queue.client.post(f"/v1/points/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def tells(self, reference: str, customer: str, kind: str = "card_spend", amount: str = "2000.00") -> Any:
        named = {"customer_id" if customer.startswith("cus_") else "customer_no": customer}
        one = {"line": "credit_card", "reference": reference, "event_type": kind, **named}
        one |= {"occurred_at": self.moment, "amount": amount}
        (result,) = (await self.post("events", {"events": [one]}))["results"]
        return result["status"], result["points"]

    async def takes_back(self, returns: str) -> int:
        told = {"line": "credit_card", "reference": f"R-{returns}", "returns": returns}
        return int((await self.post("event-returns", told))["points"])


async def test_what_events_earned_meanwhile_goes_with_whose_they_were(queue: Queue) -> None:
    """What is left of it, pending or not; with it go the bounds of the rule, and returns find it."""
    await put_in_force(queue.house, ONCE_A_YEAR)
    line, house, shop = Line(queue), queue.house, Shop(queue.house)
    lounge = await shop.right(code="lounge", stock=1)
    ref = customer_no_ref(house.keys, NUMBER)
    assert ref is not None
    async with house.sessions() as session:
        other_id, today = queue.ids[1], clock.today()
        session.add(CustomerRef(ref=ref, kind=RefKind.CUSTOMER_NO, customer_id=other_id, valid_from=today))
        await session.commit()
    await queue.agree(await queue.accept(queue.one))
    (journal,) = (await queue.get(f"/v1/customers/{queue.one}/merges")).json()["items"]
    told = [
        await line.tells("E1", NUMBER),
        await line.tells("E2", queue.one, amount="200.00"),
        await line.tells("E3", queue.other, "fund_redemption"),
        await line.tells("E4", queue.one, "fund_redemption"),
    ]
    assert told == [("earned", 100), ("earned", 10), ("earned", 500), ("nothing", 0)]
    async with sessions_of(house.database.customer_url, pool_size=1) as factory, factory() as session:
        await post_points(session, queue.ids[0], EntryKind.REDEEM, 230, at=clock.now())
        await session.commit()

    async def tags(customer: str) -> list[str]:
        return [one["code"] for one in (await queue.get(f"/v1/customers/{customer}/tags")).json()["items"]]

    async def pending(customer: str) -> int:
        answer = await queue.get(f"/v1/customers/{customer}/points", "customer_service")
        return next(int(own["pending"]) for own in answer.json()["wallets"] if own["wallet"] == "reward")

    assert (await queue.reward(queue.one), await tags(queue.one)) == (80, ["friend"])
    wrong = {"merge_id": journal["id"], "reason": "客户本人到网点声明并非同一人"}
    await queue.agree(await queue.post(f"/v1/customers/{queue.one}/unmerge", wrong))
    assert [await queue.reward(one) for one in (queue.one, queue.other)] == [10, 70]
    assert [await pending(one) for one in (queue.one, queue.other)] == [0, 500]
    assert [await tags(one) for one in (queue.one, queue.other)] == [[], ["friend"]]
    uses = {one.customer_id: one.state for one in await shop.redemptions_of(lounge)}
    assert uses == dict(zip(queue.ids, ("refunded", "confirmed"), strict=True))
    again = await line.tells("E1", NUMBER), await line.tells("E5", queue.one, "fund_redemption")
    late = await line.tells("E6", queue.other, "fund_redemption")
    assert (*again, late) == (("replayed", 0), ("earned", 500), ("nothing", 0))
    assert [await line.takes_back(one) for one in ("E1", "E3")] == [70, 500]
    assert [await queue.reward(one) for one in (queue.one, queue.other)] == [10, 0]
    assert (await pending(queue.other), await tags(queue.other)) == (0, [])
    async with house.sessions() as session:
        assert await check(session) == []
