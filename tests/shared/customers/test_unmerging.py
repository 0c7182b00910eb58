"""A merge that is undone: both customers are what they were, row by row, and no feed joins them again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from guibin import wiring
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.matching import compose_stale
from guibin.customers.merging import merge, objection_to_undoing, unmerge
from guibin.customers.models import Customer
from guibin.customers.personal import unseal
from guibin.feeds.models import FeedKind
from guibin.points import defaults as points
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.invariants import check
from guibin.points.service.earning import DRAWN_BY, earn_pending
from guibin.points.service.pending import activate_due
from guibin.points.service.returning import EventReturn, return_event
from guibin.privacy import defaults as privacy
from guibin.programme.models import Budget, BudgetDraw
from guibin.security.actors import NIGHTLY_JOB
from support.lines import (
    BALANCES,
    CARDS,
    DAY,
    EVENTS,
    FINANCE,
    HOLDINGS,
    LINKS,
    PARTIES,
    RESTRICTIONS,
    TOUCHES,
    Lines,
    Row,
    balance,
    event,
    holding,
    id_card,
    party,
)
from support.points import let_owner_post

TABLES = (
    *("source_record", "holding", "holding_balance", "holding_party", "customer_event", "business_event"),
    *("customer_ref", "customer_tag", "consent", "customer_restriction"),
)


async def furnish(lines: Lines) -> tuple[UUID, UUID]:
    """Make two customers with all that the lines tell of customers, and holdings that each shares with the other."""
    wiring.connect()
    await privacy.seed(lines.session)
    certificate = {"certificate_type": "id_card", "certificate_no": id_card(1)}
    await lines.take(PARTIES, party("A", customer_no="60000001", phone="15400000001"))
    await lines.take(PARTIES, party("B", **certificate, phone="15400000002"), line=CARDS)
    await lines.take(HOLDINGS, holding("A", "HA"))
    await lines.take(HOLDINGS, holding("B", "HB"), line=CARDS)
    await lines.take(BALANCES, balance("HB", "2026-11-23", "5.00"), line=CARDS)
    await lines.take(EVENTS, event("R1", "B"), line=CARDS)
    one, other = await lines.customer_of("A"), await lines.customer_of("B", CARDS)
    assert one is not None
    assert other is not None
    await lines.session.execute(
        text(
            "INSERT INTO holding_party (customer_id, holding_id, owner_id, as_of)"
            " SELECT CAST(:one AS uuid), id, customer_id, as_of FROM holding WHERE customer_id = :other"
        ),
        {"one": one, "other": other},
    )
    await lines.session.execute(
        text(
            "INSERT INTO consent (customer_id, id, purpose, channel, state, text_version, given_at, recorded_at,"
            " recorded_by) SELECT :other, :other, purpose, 'any', 'granted', version, 'customer_port', now(), :other"
            " FROM consent_text LIMIT 1"
        ),
        {"other": other},
    )
    return one, other


async def standing(lines: Lines) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the tables that a merge moves, whose it is included."""
    return {table: await lines.rows(f"SELECT * FROM {table} t ORDER BY t::text") for table in TABLES}


async def persons(lines: Lines, *customer_ids: UUID) -> list[dict[str, str | None]]:
    found = []
    for customer_id in customer_ids:
        customer = await lines.session.get_one(Customer, customer_id, populate_existing=True)
        found.append(unseal(lines.keys, "customer", customer.model_dump()))
    return found


async def test_both_are_what_they_were_and_are_not_joined_again(lines: Lines) -> None:
    survivor, loser = await furnish(lines)
    before, called = await standing(lines), await persons(lines, survivor, loser)

    journal = await merge(
        lines.session, actor=NIGHTLY_JOB, losing_id=loser, surviving_id=survivor, day=DAY, reason="test", stale=True
    )
    assert await compose_stale(lines.session, open_keys=lambda: lines.keys, limit=10) == 1
    (one,) = await persons(lines, survivor)
    assert (one["phone"], one["certificate_no"]) == (called[0]["phone"], called[1]["certificate_no"])
    assert await lines.value("SELECT count(*) FROM holding_party") == 0
    assert {row[0] for row in await lines.rows("SELECT customer_id FROM holding")} == {survivor}

    assert await objection_to_undoing(lines.session, journal) is None
    await unmerge(lines.session, actor=NIGHTLY_JOB, journal=journal, day=DAY, reason="two people")
    assert await compose_stale(lines.session, open_keys=lambda: lines.keys, limit=10) == 1
    assert await persons(lines, survivor, loser) == called
    after = await standing(lines)
    words = [row for row in after["consent"] if row[0] == survivor]
    assert {table: rows for table, rows in after.items() if table != "consent"} == {
        table: rows for table, rows in before.items() if table != "consent"
    }
    assert [row for row in after["consent"] if row[0] == loser] == before["consent"]
    assert [row[4] for row in sorted(words, key=lambda row: row[8])] == ["granted", "unsaid"]

    certificate = {"certificate_type": "id_card", "certificate_no": id_card(1)}
    await lines.take(PARTIES, party("X", customer_no="60000001", **certificate), line=CARDS)
    assert await lines.value("SELECT merged_into FROM customer WHERE id = :c", c=loser) is None
    assert await lines.value("SELECT count(*) FROM match_review WHERE state = 'open'") == 0


async def test_a_record_that_came_since_goes_to_whose_number_it_bears(lines: Lines) -> None:
    for record, number in (("S", "60000011"), ("L", "60000012")):
        await lines.take(PARTIES, party(record, customer_no=number, name=f"钱{record}"))
    survivor, loser = await lines.customer_of("S"), await lines.customer_of("L")
    assert survivor is not None
    assert loser is not None
    journal = await merge(
        lines.session, actor=NIGHTLY_JOB, losing_id=loser, surviving_id=survivor, day=DAY, reason="test", stale=True
    )
    for record, number in (("K1", "60000011"), ("K2", "60000012")):
        await lines.take(PARTIES, party(record, customer_no=number, name="钱"), line=CARDS)
    assert await lines.customer_of("K2", CARDS) == survivor
    await unmerge(lines.session, actor=NIGHTLY_JOB, journal=journal, day=DAY, reason="two people")
    for name in ("钱", "钱钱"):
        assert [await lines.customer_of(record, CARDS) for record in ("K1", "K2")] == [survivor, loser], name
        await lines.take(PARTIES, party("K2", customer_no="60000012", name="钱钱"), line=CARDS)


def touch(reference: str, record_id: str) -> Row:
    said = {"occurred_at": "2026-11-20T10:00:00+08:00", "touch": "call", "by": "phone", "purpose": "care"}
    return {"reference": reference, "record_id": record_id, "result": "reached", **said}


def freeze(record_id: str, reference: str, **values: str) -> Row:
    return {"record_id": record_id, "restriction": "judicial_freeze", "reference": reference, **values}


def link(record_id: str, other: str, **values: str) -> Row:
    said = {"record_id": record_id, "link": "guarantor", "other_record_id": other, "valid_from": "2026-11-01"}
    return said | values


async def test_what_came_since_goes_to_whom_the_line_named(lines: Lines) -> None:
    """Events, touches, restrictions and links: what a line says again after the undoing changes nothing."""
    await privacy.seed(lines.session)
    for record, number in (("S", "60000011"), ("L", "60000012"), *((one, f"600001{ord(one)}") for one in "XYZ")):
        await lines.take(PARTIES, party(record, customer_no=number, name=f"钱{record}"))
    survivor, loser = await lines.customer_of("S"), await lines.customer_of("L")
    assert survivor is not None
    assert loser is not None
    await lines.take(LINKS, link("L", "X"))
    begun = {"valid_from": "2026-11-20"}
    await lines.take(RESTRICTIONS, freeze("L", "D0", **begun))
    journal = await merge(
        lines.session, actor=NIGHTLY_JOB, losing_id=loser, surviving_id=survivor, day=DAY, reason="test", stale=True
    )
    said: list[tuple[FeedKind, Row]] = [
        *((EVENTS, event(f"E{record}", record)) for record in ("S", "L", "K")),
        *((TOUCHES, touch(f"T{record}", record)) for record in ("S", "L")),
        *((RESTRICTIONS, freeze(record, f"D{record}", **begun)) for record in ("S", "L")),
        (RESTRICTIONS, freeze("L", "D0", **begun, valid_to="2026-11-22")),
        *((LINKS, link(*pair)) for pair in (("S", "Y"), ("L", "Z"), ("Y", "L"), ("Z", "S"))),
        (LINKS, link("L", "X", valid_to="2026-11-10")),
        *((HOLDINGS, holding("X", f"H{record}", joint_record_ids=record)) for record in ("S", "L")),
        *((HOLDINGS, holding(record, f"O{record}")) for record in ("S", "L")),
        *((BALANCES, balance(f"O{record}", "2026-11-23", "5.00")) for record in ("S", "L")),
    ]
    await lines.take(PARTIES, party("K", customer_no="60000012", name="钱L"))
    for kind, row in said:
        assert (await lines.take(kind, row)).rows_changed >= 1, row
    await unmerge(lines.session, actor=NIGHTLY_JOB, journal=journal, day=DAY, reason="two people")

    async def of(sql: str) -> list[list[str]]:
        return [
            [row[0].split(":")[-1] for row in await lines.rows(f"{sql} ORDER BY 1", c=one)] for one in (survivor, loser)
        ]

    whose = [["ES"], ["EK", "EL"]]
    assert await of("SELECT reference FROM customer_event WHERE customer_id = :c") == whose
    assert await of("SELECT reference FROM business_event WHERE customer_id = :c") == whose
    counted = "SELECT reference FROM touch WHERE corrected_by IS NULL AND customer_id = :c"
    assert await of(counted) == [["TS"], ["TL"]]
    stands = "SELECT reference FROM customer_restriction WHERE valid_to IS NULL AND customer_id = :c"
    assert await of(stands) == [["DS"], ["DL"]]
    for table in ("holding", "holding_balance", "holding_party"):
        assert [len(one) for one in await of(f"SELECT '' FROM {table} WHERE customer_id = :c")] == [1, 1], table
    others = {await lines.customer_of(one): one for one in "XYZ"}
    links = "SELECT customer_id, other_id FROM customer_link WHERE valid_to IS NULL AND :c IN (customer_id, other_id)"
    found = [await lines.rows(links, c=one) for one in (survivor, loser)]
    assert [sorted("".join(others.get(end, "-") for end in ends) for ends in of_one) for of_one in found] == [
        ["-Y", "Z-"],
        ["-Z", "Y-"],
    ]
    for kind, row in said:
        again = await lines.take(kind, row, day=DAY + timedelta(days=1))
        assert (again.rows_changed, again.rejects) == (0, ()), row


async def test_a_merge_under_another_one_is_not_undone_before_it(lines: Lines) -> None:
    survivor, loser = await furnish(lines)
    await lines.take(PARTIES, party("C", customer_no="60000003"))
    third = await lines.customer_of("C")
    assert third is not None

    async def become_one(losing_id: UUID, surviving_id: UUID) -> Any:
        return await merge(
            lines.session,
            actor=NIGHTLY_JOB,
            losing_id=losing_id,
            surviving_id=surviving_id,
            day=DAY,
            reason="test",
        )

    first, second = await become_one(loser, survivor), await become_one(survivor, third)
    assert await objection_to_undoing(lines.session, first) == "merged_further"
    assert await objection_to_undoing(lines.session, second) is None
    await unmerge(lines.session, actor=NIGHTLY_JOB, journal=second, day=DAY, reason="two people")
    assert await lines.value("SELECT merged_into FROM customer WHERE id = :c", c=loser) == survivor
    assert await objection_to_undoing(lines.session, first) is None


LATER = {
    "name_zh": "赎回礼",
    "name_en": "Redemption of a fund",
    "events": ["fund_redemption"],
    "cases": [{"gives": [{"wallet": "reward", "kind": "fixed", "points": 100, "pending_days": 1}]}],
}


async def give_later(lines: Lines) -> None:
    """Put a rule in force whose points come free a day later."""
    lines.session.add(EarningRule(code="later", state=RuleState.ACTIVE, active_version=1, created_at=points.ALWAYS))
    await lines.session.flush()
    terms = EarningTerms.of(LATER).document()
    since = points.ALWAYS
    version = EarningRuleVersion(rule_code="later", version=1, terms=terms, in_force_from=since, published_at=since)
    lines.session.add(version)
    await lines.session.flush()


async def let_a_branch_pay(lines: Lines, reference: str) -> None:
    """Let a branch's budget have paid for what is left of what an event earned."""
    drawn: dict[str, Any] = {"branch_id": await lines.value("SELECT id FROM branch LIMIT 1"), "points": 60, "fen": 0}
    budget = Budget(
        branch_id=drawn["branch_id"],
        id=new_id(),
        year=DAY.year,
        line=FINANCE,
        points_limit=60,
        points_spent=60,
        created_at=clock.now(),
    )
    entry = await lines.value(
        "SELECT entry_id FROM earning_award WHERE source_id LIKE :source", source=f"%:{reference}"
    )
    lines.session.add(budget)
    await lines.session.flush()
    source: dict[str, Any] = {"source_kind": DRAWN_BY, "source_id": to_public("ent", entry)}
    lines.session.add(BudgetDraw(**drawn, **source, budget_id=budget.id, drawn_at=clock.now()))
    await lines.session.flush()


async def test_what_was_earned_meanwhile_finds_its_way_through_a_merge_within_a_merge(lines: Lines) -> None:
    await points.seed(lines.session)
    await let_owner_post(lines.session)
    await give_later(lines)
    for record in ("L", "S", "T"):
        await lines.take(PARTIES, party(record, customer_no=f"6000002{ord(record)}", name=f"孙{record}"))
    loser, survivor, last = [await lines.customer_of(one) for one in ("L", "S", "T")]
    assert loser is not None
    assert survivor is not None
    assert last is not None

    async def become_one(losing_id: UUID, surviving_id: UUID) -> Any:
        return await merge(
            lines.session, actor=NIGHTLY_JOB, losing_id=losing_id, surviving_id=surviving_id, day=DAY, reason="test"
        )

    async def comes(reference: str, record: str, kind: str = "card_spend") -> None:
        await lines.take(EVENTS, event(reference, record, event_type=kind, amount="2000.00"))
        assert (await earn_pending(lines.session))["points"] == 100

    async def returns(reference: str, part_fen: int) -> int:
        told = EventReturn(FINANCE, f"R{reference}-{part_fen}", reference, part_fen)
        return (await return_event(lines.session, actor_id=NIGHTLY_JOB.id, told=told)).points

    async def standing() -> list[tuple[int, int]]:
        counted = "SELECT count(*) FROM customer_event WHERE customer_id = :c"
        held = "SELECT coalesce(sum(balance), 0)::int FROM points_account WHERE customer_id = :c"
        return [(await lines.value(held, c=one), await lines.value(counted, c=one)) for one in (loser, survivor, last)]

    with clock.fixed_at(datetime(2026, 11, 24, 4, tzinfo=UTC)):
        await comes("E0", "L")
        first = await become_one(loser, survivor)
        await comes("E1", "L")
        second = await become_one(survivor, last)
        for record in ("L", "S", "T"):
            await comes(f"E2{record}", record)
        assert await standing() == [(0, 0), (0, 0), (500, 5)]
        await unmerge(lines.session, actor=NIGHTLY_JOB, journal=second, day=DAY, reason="two people")
        assert await standing() == [(0, 0), (400, 4), (100, 1)]
        await unmerge(lines.session, actor=NIGHTLY_JOB, journal=first, day=DAY, reason="two people")
        assert await standing() == [(300, 3), (100, 1), (100, 1)]
        again = await become_one(loser, survivor)
        await comes("E3", "L")
        await comes("E4", "L", "fund_redemption")
        assert await returns("E3", 800_00) == 40
        await let_a_branch_pay(lines, "E3")
        assert (await activate_due(lines.session, day=DAY + timedelta(days=1)))["activated"] == 1
        await unmerge(lines.session, actor=NIGHTLY_JOB, journal=again, day=DAY, reason="two people")
        assert await standing() == [(460, 5), (100, 1), (100, 1)]
        assert [await returns("E3", part) for part in (200_00, 1000_00)] == [10, 50]
        assert await lines.value("SELECT points FROM budget_draw") == 0
        assert await standing() == [(400, 5), (100, 1), (100, 1)]
        assert await check(lines.session) == []
