"""What kinds of entries are in statements and in the books, and how periods follow one another."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guibin.points.models import EntryKind
from guibin.points.report_rules import (
    Amount,
    Moved,
    Movement,
    Period,
    StatementLine,
    expected_breakage,
    line_of,
    movement_of,
    redemption_rate,
    roll_forward,
)

FIRST, LAST = date(2026, 10, 30), date(2026, 11, 2)
BETWEEN_ACCOUNTS = {"transfer_out", "transfer_in", "merge_out", "merge_in", "roll_out", "roll_in"}
BESIDE_THE_BALANCE = {EntryKind.PENDING_ADD, EntryKind.PENDING_CANCEL}


@pytest.mark.parametrize("kind", sorted({*EntryKind} - BETWEEN_ACCOUNTS))
def test_every_kind_of_entry_has_a_place_of_its_own_in_the_books(kind: EntryKind) -> None:
    assert movement_of(kind, 1) not in {Movement.TRANSFERRED_IN, Movement.TRANSFERRED_OUT}
    assert (line_of(kind) is StatementLine.TRANSFERRED) == (kind in BESIDE_THE_BALANCE)


@pytest.mark.parametrize(
    ("kind", "movement"),
    [
        (EntryKind.PENDING_ADD, Movement.ISSUED),
        (EntryKind.PENDING_ACTIVATE, Movement.REVERSED),  # the part that pays debt
        (EntryKind.PENDING_CANCEL, Movement.REVERSED),
        (EntryKind.ADJUST_CREDIT, Movement.ISSUED),
        (EntryKind.ADJUST_DEBIT, Movement.REVERSED),
        (EntryKind.REFUND, Movement.GIVEN_BACK),
        (EntryKind.EXPIRE_EARLY, Movement.EXPIRED),
    ],
)
def test_the_books_know_what_each_of_the_rarer_kinds_is(kind: EntryKind, movement: Movement) -> None:
    assert movement_of(kind, 5) is movement


def test_what_moves_between_accounts_is_told_apart_by_its_sign() -> None:
    assert line_of("transfer_out") is StatementLine.TRANSFERRED
    assert movement_of("transfer_in", 5) is Movement.TRANSFERRED_IN
    assert movement_of("merge_out", -5) is Movement.TRANSFERRED_OUT


def moved(day: date, kind: str, points: int, wallet: str = "reward") -> Moved:
    return Moved(day, wallet, kind, Amount(points, points * 10))


def test_used_is_less_what_came_back_and_both_are_shown() -> None:
    rows = [moved(FIRST, "earn", 100), moved(LAST, "redeem", -60), moved(LAST, "refund", 20)]

    lines = roll_forward(rows, first=FIRST, last=LAST, period=Period.MONTH)

    assert [(one.begins, one.opening.points, one.closing.points) for one in lines] == [
        (date(2026, 10, 1), 0, 100),
        (date(2026, 11, 1), 100, 60),
    ]
    assert (lines[1].used, lines[1].given_back) == (Amount(40, 400), Amount(20, 200))


KINDS = st.sampled_from([("earn", 1), ("redeem", -1), ("refund", 1), ("expire", -1), ("claw_back", -1), ("x", 1)])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(st.dates(date(2026, 10, 1), LAST), KINDS, st.integers(1, 99), st.sampled_from(["reward", "service"]))
    ),
    period=st.sampled_from(Period),
)
def test_opening_and_movements_are_the_closing_and_the_next_opening(
    rows: list[tuple[date, tuple[str, int], int, str]], period: Period
) -> None:
    all_of = [moved(day, kind, sign * size, wallet) for day, (kind, sign), size, wallet in rows]

    lines = roll_forward(all_of, first=FIRST, last=LAST, period=period)

    for wallet in {row.wallet for row in all_of}:
        own = [line for line in lines if line.wallet == wallet]
        assert own[0].opening.points == sum(
            row.amount.points for row in all_of if row.day < FIRST and row.wallet == wallet
        )
        assert own[-1].closing.points == sum(row.amount.points for row in all_of if row.wallet == wallet)
        assert [line.opening for line in own[1:]] == [line.closing for line in own[:-1]]
        for line in own:
            assert (
                line.closing.cost_fen
                == line.opening.cost_fen
                + line.issued.cost_fen
                - line.used.cost_fen
                - (line.expired.cost_fen + line.reversed.cost_fen)
                + line.transferred.cost_fen
            )


def test_breakage_is_the_share_of_closed_lots_that_expired_rounded_down() -> None:
    assert expected_breakage(Amount(100, 1_005), used=2, expired=1) == Amount(33, 335)
    assert expected_breakage(Amount(100, 1_000), used=0, expired=0) is None
    assert (redemption_rate(3, 1), redemption_rate(0, 0)) == (0.75, None)
