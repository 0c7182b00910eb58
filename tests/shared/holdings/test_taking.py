"""What feeds write of holdings, balances and events."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.holdings.models import EventType
from guibin.holdings.rows import EventContent, EventOutcome, LineEvent
from guibin.holdings.service import record_events
from support.lines import (
    BALANCES,
    CARD,
    CARDS,
    DAY,
    EVENTS,
    FINANCE,
    HOLDINGS,
    LOAN,
    PARTIES,
    Lines,
    balance,
    event,
    holding,
    open_lines,
    party,
)

SPENT = EventContent(EventType.CARD_SPEND, datetime(2026, 11, 20, 2, 0, tzinfo=UTC), amount_fen=1250)


@pytest.fixture
async def lines(session: AsyncSession) -> Lines:
    opened = await open_lines(session)
    await opened.take(PARTIES, party("A"), party("B", name="王明"))
    return opened


async def stored(lines: Lines) -> list[tuple[str, int]]:
    rows = await lines.rows("SELECT day, balance_fen FROM holding_balance ORDER BY holding_id, day")
    return [(day.isoformat(), fen) for day, fen in rows]


async def test_a_holding_says_what_its_row_says(lines: Lines) -> None:
    await lines.take(
        HOLDINGS,
        holding(
            "A",
            "6222020000001234",
            opened_on="2024-02-29",
            matures_on="2027-01-31",
            credit_limit="50000.00",
            rate="0.035",
        ),
    )
    columns = "last4, line, side, opened_on, closed_on, matures_on, credit_limit_fen, CAST(rate AS text), status"
    assert await lines.rows(f"SELECT {columns} FROM holding") == [
        ("1234", FINANCE, "asset", date(2024, 2, 29), None, date(2027, 1, 31), 5_000_000, "0.035000", "active")
    ]


async def test_the_same_holding_again_changes_nothing(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1", joint_record_ids="B"))
    before = await lines.rows("SELECT * FROM holding")
    result = await lines.take(HOLDINGS, holding("A", "H1", joint_record_ids="B"), day=DAY + timedelta(days=1))
    assert result.rows_changed == 0
    assert await lines.rows("SELECT * FROM holding") == before


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("active", None)),
        ({"closed_on": "2026-11-24"}, ("closed", date(2026, 11, 24))),
        ({"closed_on": "2026-12-24"}, ("active", date(2026, 12, 24))),
        ({"status": "closed"}, ("closed", DAY)),
    ],
)
async def test_status_and_closing_day_complete_each_other(
    lines: Lines, values: dict[str, str], expected: tuple[str, date | None]
) -> None:
    await lines.take(HOLDINGS, holding("A", "H1", **values))
    assert await lines.rows("SELECT status, closed_on FROM holding") == [expected]


async def test_a_joint_holding_counts_for_its_record_and_names_the_others(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1", joint_record_ids="B|A| "))
    owner, other = await lines.customer_of("A"), await lines.customer_of("B")
    assert await lines.rows("SELECT customer_id FROM holding") == [(owner,)]
    assert await lines.rows("SELECT customer_id, owner_id FROM holding_party") == [(other, owner)]


async def test_who_no_longer_shares_a_holding_is_dropped(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1", joint_record_ids="B"), holding("A", "H2", joint_record_ids="B"))
    result = await lines.take(HOLDINGS, holding("A", "H1"))
    assert result.rows_changed == 1
    assert await lines.value("SELECT count(*) FROM holding_party") == 1


async def test_a_holding_with_a_new_owner_takes_its_balances_along(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1", joint_record_ids="B"))
    await lines.take(BALANCES, balance("H1", "2026-11-20", "5.00"))
    await lines.take(HOLDINGS, holding("B", "H1", joint_record_ids="A"))
    before, after = await lines.customer_of("A"), await lines.customer_of("B")
    for table in ("holding", "holding_balance"):
        assert await lines.rows(f"SELECT customer_id FROM {table}") == [(after,)]
    assert await lines.rows("SELECT customer_id, owner_id FROM holding_party") == [(before, after)]
    assert (await lines.take(BALANCES, balance("H1", "2026-11-21", "6.00"))).rows_changed == 1


async def test_a_balance_is_stored_when_it_changes_and_at_month_ends(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1"))
    rows = [balance("H1", f"2026-10-{day}", "5.00") for day in range(28, 32)]
    rows += [balance("H1", "2026-11-01", "5.00"), balance("H1", "2026-11-02", "6.00"), balance("H1", "2026-11-03", "6")]
    result = await lines.take(BALANCES, *rows)
    assert (result.rows_accepted, result.rows_changed) == (7, 3)
    assert await stored(lines) == [("2026-10-28", 500), ("2026-10-31", 500), ("2026-11-02", 600)]


async def test_an_unchanged_balance_of_a_later_file_is_not_stored(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1"))
    await lines.take(BALANCES, balance("H1", "2026-11-20", "5.00"))
    assert (await lines.take(BALANCES, balance("H1", "2026-11-22", "5.00"))).rows_changed == 0
    assert (await lines.take(BALANCES, balance("H1", "2026-11-23", "5.01"))).rows_changed == 1
    assert await stored(lines) == [("2026-11-20", 500), ("2026-11-23", 501)]


async def test_what_lies_between_two_rows_of_a_file_is_not_overlooked(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1"))
    await lines.take(BALANCES, balance("H1", "2026-11-20", "5.00"), balance("H1", "2026-11-21", "9.00"))
    await lines.take(BALANCES, balance("H1", "2026-11-20", "5.00"), balance("H1", "2026-11-22", "5.00"))
    assert await stored(lines) == [("2026-11-20", 500), ("2026-11-21", 900), ("2026-11-22", 500)]


async def test_a_balance_is_corrected_by_a_later_file(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1"))
    await lines.take(BALANCES, balance("H1", "2026-11-20", "5.00"), balance("H1", "2026-11-21", "7.00"))
    result = await lines.take(BALANCES, balance("H1", "2026-11-20", "5.00"), balance("H1", "2026-11-21", "5.00"))
    assert result.rows_changed == 1
    assert await stored(lines) == [("2026-11-20", 500), ("2026-11-21", 500)]


async def test_an_asset_may_be_overdrawn_and_days_reach_back_92_days(lines: Lines) -> None:
    await lines.take(HOLDINGS, holding("A", "H1"), holding("A", "L1", product_code=LOAN, side="liability"))
    result = await lines.take(
        BALANCES,
        balance("H1", "2026-08-24", "-86.50"),
        balance(" L1 ", " 2026-11-24 ", " 0 "),
        balance("H1", "2026-11-24", "0.1"),
    )
    assert result.rejects == ()
    assert await stored(lines) == [("2026-08-24", -8650), ("2026-11-24", 10), ("2026-11-24", 0)]


async def test_balances_of_more_than_one_batch_are_all_in(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guibin.feeds.balances._BATCH", 2)
    await lines.take(HOLDINGS, holding("A", "H1"))
    days = [DAY - timedelta(days=back) for back in range(5)]
    result = await lines.take(BALANCES, *[balance("H1", day.isoformat(), f"{day.day}.00") for day in days])
    assert (result.rows_read, result.rows_changed) == (5, 5)


async def test_an_event_stands_once_by_reference_and_once_by_customer(lines: Lines) -> None:
    await lines.take(EVENTS, event("R1", "A", channel="pos", inflow_class="other"))
    customer = await lines.customer_of("A")
    assert await lines.rows("SELECT reference, line, customer_id, state FROM business_event") == [
        ("R1", FINANCE, customer, "pending")
    ]
    columns = "customer_id, reference, event_type, occurred_at, occurred_on, amount_fen, channel, inflow_class"
    assert await lines.rows(f"SELECT {columns} FROM customer_event") == [
        (customer, "R1", "card_spend", datetime(2026, 11, 20, 2, tzinfo=UTC), date(2026, 11, 20), 1250, "pos", "other")
    ]


async def test_an_event_of_the_evening_in_utc_belongs_to_the_next_day_of_business(lines: Lines) -> None:
    await lines.take(EVENTS, event("R1", "A", occurred_at="2026-11-20T16:00:00Z"))
    assert await lines.value("SELECT occurred_on FROM customer_event") == date(2026, 11, 21)


async def test_the_same_event_in_another_file_changes_nothing(lines: Lines) -> None:
    await lines.take(EVENTS, event("R1", "A"))
    result = await lines.take(EVENTS, event("R1", "A", occurred_at="2026-11-20T02:00:00Z"), event("R2", "A"))
    assert (result.rows_accepted, result.rows_changed, result.rejects) == (2, 1, ())


async def test_one_reference_of_two_lines_is_two_events(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), line=CARDS)
    await lines.take(EVENTS, event("R1", "A"))
    assert (await lines.take(EVENTS, event("R1", "A"), line=CARDS)).rows_changed == 1


async def test_an_event_that_came_by_itself_is_the_same_in_a_file(lines: Lines) -> None:
    customer = await lines.customer_of("A")
    assert customer is not None
    assert await record_events(lines.session, [LineEvent(FINANCE, "R1", customer, SPENT)]) == [EventOutcome.NEW]
    result = await lines.take(EVENTS, event("R1", "A"), event("R1x", "A"))
    assert (result.rows_accepted, result.rows_changed) == (2, 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, EventOutcome.SAME),
        ({"occurred_at": SPENT.occurred_at.astimezone()}, EventOutcome.SAME),
        ({"amount_fen": 1251}, EventOutcome.CONFLICT),
        ({"amount_fen": None}, EventOutcome.CONFLICT),
        ({"event_type": EventType.PAYMENT}, EventOutcome.CONFLICT),
        ({"channel": "pos"}, EventOutcome.CONFLICT),
        ({"merchant_category": "pos"}, EventOutcome.CONFLICT),
        ({"occurred_at": SPENT.occurred_at + timedelta(seconds=1)}, EventOutcome.CONFLICT),
    ],
)
async def test_a_known_reference_is_the_same_or_a_conflict_and_writes_nothing(
    lines: Lines, changes: dict[str, object], expected: EventOutcome
) -> None:
    customer = await lines.customer_of("A")
    assert customer is not None
    first = LineEvent(Line.E_FINANCE, "R1", customer, SPENT)
    again = replace(first, content=replace(SPENT, **changes))  # type: ignore[arg-type] # by name from the table of cases
    assert await record_events(lines.session, [first, again]) == [EventOutcome.NEW, expected]
    assert await record_events(lines.session, [again]) == [expected]
    assert await lines.value("SELECT count(*) FROM customer_event") == 1


async def test_a_reference_of_another_customer_is_a_conflict(lines: Lines) -> None:
    one, other = await lines.customer_of("A"), await lines.customer_of("B")
    assert one is not None
    assert other is not None
    await record_events(lines.session, [LineEvent(FINANCE, "R1", one, SPENT)])
    outcomes = await record_events(lines.session, [LineEvent(FINANCE, "R1", other, SPENT)])
    assert outcomes == [EventOutcome.CONFLICT]


async def test_a_card_of_its_own_line_has_a_limit(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), line=CARDS)
    await lines.take(HOLDINGS, holding("A", "C1", product_code=CARD, side="liability", credit_limit="0.10"), line=CARDS)
    assert await lines.value("SELECT credit_limit_fen FROM holding") == 10
