"""Opportunities through their lives over HTTP (CARE-07)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from guibin.audit.models import AuditEntry
from guibin.care.models import CareTask
from guibin.care.opportunities.models import Opportunity
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.merging import merge, unmerge
from guibin.customers.models import CustomerMerge
from guibin.organisation.models import Branch
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.row_scope import all_rows
from support.care_records import Caring, code_of
from support.chances import FUND, add_product, buy, opened, path_of
from support.house import EAST, House

TODAY = clock.today()
LATER = (TODAY + timedelta(days=7)).isoformat()
DUE = {"due_on": LATER}
NO = {"state": "refused", "result": "risk", "reason": "客户近期不愿承担净值波动"}


@pytest.fixture
async def caring(house: House, bank_client: httpx.AsyncClient) -> Caring:
    """Return who acts."""
    await add_product(house)
    return Caring(house, bank_client)


async def test_one_is_open_of_a_product_or_need_and_what_was_refused_sleeps_for_ninety_days(
    caring: Caring, house: House
) -> None:
    customer = await caring.served()
    path = path_of(customer)
    end, etag = await opened(caring, customer, product_code=FUND, amount="500000.00", due_on=LATER, note="大额存单到期")
    await opened(caring, customer, need="education", due_on=LATER, wished=True)
    double = await caring.post("branch_head", path, product_code=FUND, due_on=LATER)
    assert (code_of(double), double.json()["due_on"]) == ((409, "opportunity_is_open"), LATER)
    wrong = [
        ({"product_code": "nothing", "due_on": LATER}, (422, "touch_subject_unknown")),
        ({"need": "health", "due_on": "2020-01-01"}, (422, "due_day_invalid")),
        ({"need": "health", "product_code": FUND, "due_on": LATER}, (422, "validation_failed")),
        ({"due_on": LATER}, (422, "validation_failed")),
    ]
    assert [code_of(await caring.post("manager", path, **body)) for body, _ in wrong] == [code for _, code in wrong]
    assert code_of(await caring.post("manager_west", path, need="health", due_on=LATER)) == (404, "not_found")

    listed = {one["product_code"] or one["need"]: one for one in await caring.of(customer, "opportunities")}
    assert (listed[FUND]["amount"], listed[FUND]["note"], listed[FUND]["source"]) == (
        "500000.00",
        "大额存单到期",
        "staff",
    )
    assert (listed["education"]["source"], listed["education"]["amount"]) == ("wish", None)
    assert {one["manager_id"] for one in listed.values()} == {to_public("mgr", (await caring.manager()).id)}

    assert code_of(await caring.post("manager", end, **NO)) == (428, "precondition_required")
    assert code_of(await caring.post("manager", end, '"9"', **NO)) == (412, "version_conflict")
    silent = await caring.post("manager", end, etag, state="refused", result="risk")
    assert code_of(silent) == (422, "reason_required")
    assert code_of(await caring.post("manager", end, etag, state="lost", result="risk")) == (422, "validation_failed")
    refused = await caring.post("manager", end, etag, **NO)
    until = (TODAY + timedelta(days=90)).isoformat()
    assert (refused.json()["state"], refused.json()["sleeps_until"], refused.json()["proof"]) == (
        "refused",
        until,
        None,
    )
    assert code_of(await caring.post("manager", end, refused.headers["etag"], **NO)) == (409, "care_record_over")
    asleep = await caring.post("manager", path, product_code=FUND, due_on=LATER, wished=True)
    assert (code_of(asleep), asleep.json()["possible_from"]) == ((409, "opportunity_sleeps"), until)
    await _let_sleep_end(house)
    assert (await caring.post("manager", path, product_code=FUND, due_on=LATER)).status_code == 201
    async with house.sessions() as session:
        told = (await session.exec(select(AuditEntry).where(AuditEntry.action == "opportunity.refused"))).one()
        stored = (await session.exec(select(Opportunity).where(col(Opportunity.note_enc).is_not(None)))).one()
    assert (told.owner_id, "大额".encode() in (stored.note_enc or b"")) == (customer, False)


async def test_a_touch_opens_and_ends_opportunities_with_it_or_nothing_is_written(caring: Caring, house: House) -> None:
    customer = await caring.served()
    end, _ = await opened(caring, customer, product_code=FUND, amount="100000.00", due_on=LATER)
    standing = end.split("/")[-2]
    won = {"opportunity_id": standing, "state": "won", "result": "bought"}
    again = {"product_code": FUND, "due_on": LATER}
    wrong: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"opportunities": [again]}, (409, "opportunity_is_open")),
        ({"ended_opportunities": [{**won, "state": "refused", "result": "terms"}]}, (422, "reason_required")),
        ({"ended_opportunities": [won, won]}, (409, "care_record_over")),
        (
            {
                "ended_opportunities": [won],
                "opportunities": [again],
                "complaint": {"category": "fees", "severity": "minor", "text": "年费多扣"},
            },
            (409, "offers_wait"),
        ),
    ]
    for body, refusal in wrong:
        assert code_of(await caring.touch(customer, **body)) == refusal, body
    assert await caring.of(customer, "touches") == []
    task = await _triggered(house, customer)
    logged = await caring.touch(
        customer, completes_task_id=task, ended_opportunities=[won], opportunities=[again, {"need": "health", **DUE}]
    )
    assert logged.status_code == 201, logged.text
    said = logged.json()
    rows = {one["id"]: one for one in await caring.of(customer, "opportunities")}
    assert (rows[standing]["state"], rows[standing]["ended_in"]) == ("won", said["id"])
    new = [rows[one] for one in said["opportunity_ids"]]
    assert {(one["source"], one["reference"], one["touch_id"]) for one in new} == {
        ("trigger", "maturity_7", said["id"])
    }
    assert said["ended_opportunity_ids"] == [standing]
    shown = (await caring.get("manager", f"/v1/customers/{to_public('cus', customer)}"))["care"]
    assert {one["id"] for one in shown["open_opportunities"]} == set(said["opportunity_ids"])


async def _triggered(house: House, customer_id: UUID) -> str:
    """Make a call due as a trigger does; return its public id."""
    task = CareTask(
        customer_id=customer_id,
        id=new_id(),
        kind="call",
        origin="trigger",
        made_by="maturity_7",
        occasion=TODAY,
        starts_on=TODAY,
        due_on=TODAY,
        created_at=clock.now(),
    )
    async with house.sessions() as session:
        session.add(task)
        await session.commit()
        return to_public("ctk", task.id)


async def test_nothing_is_offered_while_a_complaint_is_in_progress(caring: Caring) -> None:
    customer = await caring.served()
    complaints = f"/v1/customers/{to_public('cus', customer)}/complaints"
    made = await caring.post("manager", complaints, category="fees", severity="minor", text="年费多扣")
    waits = await caring.post("manager", path_of(customer), need="health", due_on=LATER)
    assert code_of(waits) == (409, "offers_wait")
    assert "complaint" not in waits.text
    one = f"{complaints}/{made.json()['id']}"
    resolved = await caring.post("manager", f"{one}/resolve", made.headers["etag"], resolution="已退还年费")
    await caring.post("manager", f"{one}/close", resolved.headers["etag"], satisfied=True)
    assert (await caring.post("manager", path_of(customer), need="health", due_on=LATER)).status_code == 201


async def test_what_was_won_is_seen_once_a_holding_of_the_product_was_opened_since(
    caring: Caring, house: House
) -> None:
    customer = await caring.served()
    await buy(house, customer, on=TODAY - timedelta(days=1))
    won = {"state": "won", "result": "bought"}
    first, etag = await opened(caring, customer, product_code=FUND, amount="500000.00", due_on=LATER)
    unseen = (await caring.post("manager", first, etag, **won)).json()
    assert (unseen["won"], unseen["proof"], unseen["holding_id"]) == ("500000.00", "not_seen", None)
    second, etag = await opened(caring, customer, product_code=FUND, amount="500000.00", due_on=LATER)
    holding = await buy(house, customer)
    seen = (await caring.post("manager", second, etag, **won, amount="300000.00")).json()
    assert (seen["won"], seen["proof"], seen["proved_on"]) == ("300000.00", "seen", TODAY.isoformat())
    assert seen["holding_id"] == to_public("hld", holding)
    third, etag = await opened(caring, customer, need="education", due_on=LATER)
    met = (await caring.post("manager", third, etag, state="won", result="need_met")).json()
    assert (met["won"], met["proof"]) == (None, None)
    await opened(caring, customer, need="health", due_on=LATER, amount="1.00")

    funnel = await caring.get("branch_head", f"/v1/reports/opportunities?from={TODAY}&to={TODAY}")
    figures = {
        "opened": 4,
        "won": 3,
        "refused": 0,
        "lost": 0,
        "lapsed": 0,
        "still_open": 1,
        "won_percent": 100.0,
        "expected": "1000001.00",
        "won_amount": "800000.00",
        "proved": 1,
        "proved_percent": 50.0,
    }
    assert funnel["total"] == figures
    assert funnel["branches"] == [figures | {"branch": (await _code(house, EAST))}]
    assert funnel["managers"] == [figures | {"manager_id": to_public("mgr", (await caring.manager()).id)}]
    foreign = await caring.get("branch_head_west", f"/v1/reports/opportunities?from={TODAY}&to={TODAY}")
    assert (foreign["total"]["opened"], foreign["total"]["proved_percent"], foreign["branches"]) == (0, None, [])


async def test_what_is_open_is_listed_by_its_day_and_follows_the_customer_to_the_new_manager(caring: Caring) -> None:
    customer = await caring.served()
    await opened(caring, customer, product_code=FUND, due_on=LATER)
    await opened(caring, customer, need="health", due_on=TODAY.isoformat())
    await caring.hand_over(customer, "lobby")
    new = to_public("mgr", (await caring.manager("lobby")).id)
    rows = (await caring.get("branch_head", "/v1/opportunities"))["items"]
    assert [(one["need"], one["manager_id"], one["handed_over"]) for one in rows] == [
        ("health", new, 1),
        (None, new, 1),
    ]
    due = await caring.get("branch_head", f"/v1/opportunities?manager_id={new}&due_by={TODAY}&limit=1")
    assert ([one["need"] for one in due["items"]], due["next_cursor"]) == (["health"], None)
    assert (await caring.get("branch_head_west", "/v1/opportunities"))["items"] == []
    assert (await caring.get("branch_head", "/v1/opportunities?state=won"))["items"] == []


async def test_a_merge_lets_the_losers_double_lapse_and_heeds_what_it_refused_and_its_undoing_opens_it_again(
    caring: Caring, house: House
) -> None:
    loser, survivor = await caring.served(), await caring.served("lobby")
    end, etag = await opened(caring, loser, need="health", due_on=LATER)
    assert (await caring.post("manager", end, etag, **NO)).status_code == 200
    await opened(caring, loser, product_code=FUND, due_on=LATER)
    for about in ({"product_code": FUND}, {"need": "health"}):
        made = await caring.post("branch_head", path_of(survivor), **about, due_on=LATER)
        assert made.status_code == 201, made.text
    journal = await _merged(house, loser, survivor)
    rows = await caring.of(survivor, "opportunities", "branch_head")
    states = sorted((one["state"], one["result"]) for one in rows if one["product_code"])
    assert states == [("lapsed", "customer_merged"), ("open", None)]
    states = sorted((one["state"], one["result"]) for one in rows if one["need"])
    assert states == [("lapsed", "customer_merged"), ("refused", "risk")]
    asleep = await caring.post("branch_head", path_of(survivor), need="health", due_on=LATER)
    assert code_of(asleep) == (409, "opportunity_sleeps")
    await _undone(house, journal)
    (health,) = [one for one in await caring.of(survivor, "opportunities", "branch_head") if one["need"]]
    assert health["state"] == "open"
    (again,) = [one for one in await caring.of(loser, "opportunities", "branch_head") if one["product_code"]]
    assert (again["state"], again["manager_id"]) == ("open", to_public("mgr", (await caring.manager()).id))


async def test_undoing_a_merge_lets_be_what_was_opened_anew_since_then(caring: Caring, house: House) -> None:
    loser, survivor = await caring.served(), await caring.served("lobby")
    end, etag = await opened(caring, loser, need="health", due_on=LATER)
    assert (await caring.post("manager", end, etag, **NO)).status_code == 200
    made = await caring.post("branch_head", path_of(survivor), need="health", due_on=LATER)
    assert made.status_code == 201, made.text
    journal = await _merged(house, loser, survivor)
    async with house.sessions() as session:
        awake = update(Opportunity).where(col(Opportunity.state) == "refused").values(sleeps_until=TODAY)
        await session.execute(awake)
        await session.commit()
    anew = await caring.post("branch_head", path_of(survivor), need="health", due_on=LATER)
    assert anew.status_code == 201, anew.text
    await _undone(house, journal)
    of_survivor = await caring.of(survivor, "opportunities", "branch_head")
    assert sorted((one["id"] == anew.json()["id"], one["state"]) for one in of_survivor) == [
        (False, "lapsed"),
        (True, "open"),
    ]


async def _undone(house: House, journal: CustomerMerge) -> None:
    async with house.sessions() as session, all_rows(session):
        stored = await session.merge(journal)
        await unmerge(session, actor=NIGHTLY_JOB, journal=stored, day=TODAY, reason="两位不同的客户")
        await session.commit()


async def _code(house: House, branch: str) -> str:
    async with house.sessions() as session:
        return (await session.get_one(Branch, house.branches[branch].id)).code


async def _merged(house: House, loser: UUID, survivor: UUID) -> CustomerMerge:
    async with house.sessions() as session, all_rows(session):
        journal = await merge(
            session,
            actor=NIGHTLY_JOB,
            losing_id=loser,
            surviving_id=survivor,
            day=TODAY,
            reason="equal_references",
        )
        await session.commit()
    return journal


async def _let_sleep_end(house: House) -> None:
    async with house.sessions() as session:
        await session.execute(update(Opportunity).values(sleeps_until=TODAY).where(col(Opportunity.state) == "refused"))
        await session.commit()
