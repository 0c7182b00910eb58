"""Rules of earning over HTTP: drafted, tried out, in force by two people, edited without touching the past, ended."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.points.earning.models import EarningAward, EarningBudget, EarningEffect
from guibin.points.invariants import check
from guibin.points.models import PointsEntry, PointsLot
from support.house import EAST, WEST, House
from support.tagging import add_manual_tag

PATH = "/v1/earning-rules"
ENDS_UNSPENT = {"pending_days": 6, "expires_in_days": 5}
GIFT = {"wallet": "reward", "kind": "fixed", "points": 500}
TERMS: dict[str, Any] = {
    "name_zh": "满百赠积分",
    "name_en": "Large purchases",
    "events": ["card_spend"],
    "when": {"fact": "event.amount", "op": ">=", "value": "1000.00"},
    "cases": [{"gives": [GIFT]}],
}


def tagging(tag: str) -> dict[str, Any]:
    """Return terms that also give a tag."""
    return TERMS | {"cases": [{"gives": [GIFT], "effects": [{"kind": "tag", "tag": tag}]}]}


async def add_tag(house: House, code: str) -> None:
    async with house.sessions() as session:
        await add_manual_tag(session, code)
        await session.commit()


async def create(client: httpx.AsyncClient, house: House, role: str = "hq_operator", **parts: Any) -> httpx.Response:
    body = {"code": "large", "terms": TERMS} | parts
    return await client.post(PATH, json=body, headers=house.headers(role))


async def publish(client: httpx.AsyncClient, house: House, code: str = "large", role: str = "hq_operator") -> Any:
    submitted = await client.post(f"{PATH}/{code}/submit", headers=house.headers(role))
    assert submitted.status_code == 202, submitted.text
    approval = f"/v1/approvals/{submitted.json()['approval_id']}"
    approver = house.headers("hq_approver")
    shown = (await client.get(approval, headers=approver)).json()
    approved = await client.post(f"{approval}/approve", json={}, headers=approver)
    assert approved.status_code == 200, approved.text
    return shown["preview"]


async def send(client: httpx.AsyncClient, house: House, customer_id: UUID, **changes: Any) -> dict[str, Any]:
    row = {
        "line": "credit_card",
        "reference": str(new_id()),
        "customer_id": to_public("cus", customer_id),
        "event_type": "card_spend",
        "occurred_at": clock.now().isoformat(),
        "amount": "1000.00",
        **changes,
    }
    headers = house.service_headers("core_banking", ("earn:post",), key=str(new_id()))
    answer = await client.post("/v1/points/events", json={"events": [row]}, headers=headers)
    (result,) = answer.json()["results"]
    return dict(result)


async def test_a_rule_lives_from_its_draft_to_its_end(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    before = clock.now() - timedelta(minutes=1)
    operator = house.headers("hq_operator")

    created = await create(bank_client, house)
    assert (created.status_code, created.json()["state"], created.headers["ETag"]) == (201, "draft", '"1"')
    assert (await send(bank_client, house, customer_id))["points"] == 50, "a draft earns nothing"
    assert (await create(bank_client, house)).json()["code"] == "rule_code_taken"

    preview = await publish(bank_client, house)
    assert (preview["before"], preview["after"]["name_zh"], preview["cost"]) == (None, "满百赠积分", "0.00")
    assert (await send(bank_client, house, customer_id))["points"] == 500
    late = await send(bank_client, house, customer_id, occurred_at=before.isoformat())
    assert late["points"] == 50, "what occurred before it was in force earns by what was"

    other = TERMS | {"cases": [{"gives": [GIFT | {"points": 700, "pending_days": 7}]}]}
    edited = await bank_client.put(f"{PATH}/large", json={"terms": other}, headers=operator | {"If-Match": '"3"'})
    assert (edited.status_code, edited.json()["state"]) == (200, "active"), edited.text
    assert (await bank_client.put(f"{PATH}/large", json={"terms": other}, headers=operator)).status_code == 428
    assert (await send(bank_client, house, customer_id))["points"] == 500, "the draft does not count yet"
    await publish(bank_client, house)
    assert (await send(bank_client, house, customer_id))["points"] == 700

    ended = await bank_client.post(f"{PATH}/large/end", json={"reason": "the campaign is over"}, headers=operator)
    assert ended.json()["state"] == "ended"
    assert (await send(bank_client, house, customer_id))["points"] == 50
    again = await bank_client.post(f"{PATH}/large/submit", headers=operator)
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")
    versions = (await bank_client.get(f"{PATH}/large/versions", headers=operator)).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]

    history = f"/v1/customers/{to_public('cus', customer_id)}/points/entries"
    shown = (await bank_client.get(history, headers=operator)).json()["items"]
    assert [(one["kind"], one["rule"]["code"], one["rule"]["version"]) for one in shown[:3]] == [
        ("earn", "reward_card_spend", 1),
        ("pending_add", "large", 2),
        ("earn", "large", 1),
    ]
    async with house.sessions() as session:
        assert await check(session) == []
        awards = (await session.exec(select(EarningAward).where(EarningAward.rule_code == "large"))).all()
        assert sorted((one.version, one.points) for one in awards) == [(1, 500), (1, 500), (2, 700)]
        entries = (await session.exec(select(PointsEntry).where(PointsEntry.kind == "pending_add"))).all()
        assert [(one.pending_change, one.reason_zh) for one in entries] == [(700, "满百赠积分")]
        lots = (await session.exec(select(PointsLot).where(col(PointsLot.pending).is_(True)))).all()
        assert [lot.pending_until for lot in lots] == [clock.today() + timedelta(days=7)]


async def test_terms_that_name_what_there_is_not_are_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"terms": TERMS | {"cases": [{"gives": [GIFT | {"wallet": "gold"}]}]}}, 422, "rule_terms_invalid"),
        ({"terms": TERMS | {"cases": [{"gives": [GIFT | {"multipliers": {"T99": 120}}]}]}}, 422, "rule_terms_invalid"),
        ({"terms": tagging("nobody")}, 422, "rule_terms_invalid"),
        ({"terms": TERMS | {"cases": [{"gives": [GIFT | ENDS_UNSPENT]}]}}, 422, "points_end_unspent"),
        ({"terms": TERMS | {"events": ["tag_entered"], "tags": ["nobody"]}}, 422, "rule_terms_invalid"),
        ({"terms": TERMS | {"events": ["tag_entered"]}}, 422, "validation_failed"),
        ({"terms": TERMS | {"budget_line": "credit_card"}}, 422, "rule_terms_invalid"),
        ({"branch": "nowhere"}, 422, "rule_terms_invalid"),
        ({"terms": TERMS | {"when": {"fact": "shoe_size", "op": "=", "value": 42}}}, 422, "rule_field_unknown"),
        ({"terms": TERMS | {"cases": []}}, 422, "validation_failed"),
        ({"terms": TERMS | {"events": ["deposit"]}}, 409, "deposit_reward_forbidden"),
    ]
    for parts, status, code in wrong:
        answer = await create(bank_client, house, **parts)
        assert (answer.status_code, answer.json()["code"]) == (status, code), parts


async def test_a_branch_makes_rules_for_its_own_customers_only(bank_client: httpx.AsyncClient, house: House) -> None:
    east, west = await house.add_customer(), await house.add_customer(branch=WEST)
    for branch, role in ((None, "branch_head"), (WEST, "branch_head"), (EAST, "manager")):
        answer = await create(bank_client, house, role, branch=branch)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    assert (await create(bank_client, house, "branch_head", branch=EAST)).status_code == 201
    await publish(bank_client, house, role="branch_head")

    assert [(await send(bank_client, house, one))["points"] for one in (east, west)] == [500, 50]


async def test_a_budget_stops_a_rule_and_a_clone_has_one_of_its_own(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customers = [await house.add_customer(name=f"客户{number}") for number in range(3)]
    await create(bank_client, house, terms=TERMS | {"budgets": [{"period": "year", "cost": "100.00"}]})
    await publish(bank_client, house)
    results = [await send(bank_client, house, one) for one in customers]
    assert [(one["points"], one["missed"].get("large")) for one in results] == [
        (500, None),
        (500, None),
        (50, "budget_exhausted"),
    ]

    operator = house.headers("hq_operator")
    copy = await bank_client.post(f"{PATH}/large/clone", json={"code": "large_2"}, headers=operator)
    assert (copy.status_code, copy.json()["draft"]["budgets"][0]["cost"]) == (201, "100.00")
    body = {
        "customer_id": to_public("cus", customers[0]),
        "event_type": "card_spend",
        "occurred_at": clock.now().isoformat(),
        "amount": "1000.00",
    }
    tried = (await bank_client.post(f"{PATH}/large_2/simulate", json=body, headers=operator)).json()
    found = {one["code"]: (one["outcome"], one["version"]) for one in tried["rules"]}
    assert tried["points"] == {"reward": 500}
    assert found == {
        "large": ("budget_exhausted", 1),
        "large_2": ("hit", None),
        "reward_card_spend": ("outdone", 1),
    }
    async with house.sessions() as session:
        (budget,) = (await session.exec(select(EarningBudget))).all()
        assert (budget.points, budget.cost_fen, budget.awards) == (1_000, 100_00, 2)

    stranger = house.headers("manager_west")
    hidden = await bank_client.post(f"{PATH}/large_2/simulate", json=body, headers=stranger)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")


async def test_a_back_test_counts_a_past_month_and_writes_nothing(bank_client: httpx.AsyncClient, house: House) -> None:
    customers = [await house.add_customer(name=f"客户{number}") for number in range(2)]
    month = (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    for number, customer_id in enumerate((*customers, customers[0])):
        moment = clock.start_of_day(month + timedelta(days=number))
        await send(bank_client, house, customer_id, occurred_at=moment.isoformat())
    await send(bank_client, house, customers[0], occurred_at=clock.start_of_day(month).isoformat(), amount="999.99")
    await add_tag(house, "friend")
    await create(bank_client, house, terms=tagging("friend") | {"frequency": [{"period": "month", "times": 1}]})

    asked = {"month": month.isoformat()[:7]}
    answer = await bank_client.post(f"{PATH}/large/back-test", json=asked, headers=house.headers("hq_operator"))

    assert answer.status_code == 200, answer.text
    counted = {
        "winners": 2,
        "awards": 2,
        "points": {"reward": 1_000},
        "cost": "100.00",
        "effects": {"tag:friend": 2},
    }
    assert answer.json() == {
        "month": asked["month"],
        "events": 4,
        "total": counted,
        "tiers": [counted | {"tier": None}],
        "moves": [],
    }
    async with house.sessions() as session:
        awards = (await session.exec(select(EarningAward).where(EarningAward.rule_code == "large"))).all()
        assert list(awards) == []


async def test_a_rule_gives_a_tag_once_and_it_goes_when_the_points_of_all_its_events_are_taken_back(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id, operator = await house.add_customer(), house.headers("hq_operator")
    await add_tag(house, "friend")
    await create(bank_client, house, terms=tagging("friend"))
    await publish(bank_client, house)
    url = f"/v1/customers/{to_public('cus', customer_id)}"

    async def tags() -> list[tuple[str, str]]:
        answer = await bank_client.get(f"{url}/tags", headers=operator)
        return [(one["code"], one["reason"]) for one in answer.json()["items"]]

    async def take_back(entry: str) -> None:
        body = {"customer_id": to_public("cus", customer_id), "reason": "退货，积分冲回，按工单办理"}
        headers = house.headers("hq_operator", key=str(new_id()))
        asked = await bank_client.post(f"/v1/points/entries/{entry}/reverse", json=body, headers=headers)
        assert asked.status_code == 202, asked.text
        approval = f"/v1/approvals/{asked.json()['approval_id']}/approve"
        assert (await bank_client.post(approval, json={}, headers=house.headers("hq_approver"))).status_code == 200

    small = await send(bank_client, house, customer_id, amount="999.99")
    assert (small["points"], await tags()) == (49, []), "who earns nothing by the rule has nothing of it"
    first, second = [await send(bank_client, house, customer_id) for _ in range(2)]
    given = [("friend", "积分规则 large：满百赠积分")]
    assert await tags() == given
    await take_back(first["entry_ids"][0])
    assert await tags() == given, "the second event stands"
    await take_back(second["entry_ids"][0])
    assert await tags() == []

    async with house.sessions() as session:
        assert await check(session) == []
        effects = (await session.exec(select(EarningEffect).order_by(col(EarningEffect.made_at)))).all()
        assert [(one.subject, one.state) for one in effects] == [("friend", "ended")] * 2
    third = await send(bank_client, house, customer_id)
    assert (third["points"], await tags()) == (500, given), "on the day on which it ended it goes on"


async def test_every_template_makes_a_draft(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    items = (await bank_client.get("/v1/earning-rule-templates", headers=headers)).json()["items"]
    made = [
        await bank_client.post("/v1/earning-rules", json={"code": one["code"], "terms": one["terms"]}, headers=headers)
        for one in items
    ]
    assert [one["code"] for one in items] == sorted(one["code"] for one in items)
    assert len(items) >= 6
    assert [one.status_code for one in made] == [201] * len(items)
