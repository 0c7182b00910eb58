"""Restrictions from a line's files: they begin, change and end by its word, and no one else's does (CUS-18)."""

from datetime import date, timedelta

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.privacy import defaults
from guibin.privacy.models import CustomerRestriction
from guibin.privacy.repository.restrictions import is_blocked
from guibin.privacy.rules import Act
from support.lines import CARDS, FULL, PARTIES, RESTRICTIONS, Lines, Row, party

TODAY = clock.today()
STANDING = (
    "SELECT kind, reference FROM customer_restriction WHERE valid_to IS NULL OR valid_to > CURRENT_DATE ORDER BY 2"
)


def restriction(record_id: str, reference: str, kind: str = "judicial_freeze", **values: str) -> Row:
    return {"record_id": record_id, "restriction": kind, "reference": reference, "valid_from": "2026-11-20", **values}


async def known(lines: Lines) -> None:
    await defaults.seed(lines.session)
    await lines.take(PARTIES, party("A"), party("B", name="王小明"))


async def test_a_restriction_begins_changes_and_ends_by_its_line(lines: Lines) -> None:
    await known(lines)
    first = await lines.take(RESTRICTIONS, restriction("A", "F-1"), restriction("A", "K-1", "complaint"))
    assert (first.rows_changed, first.rejects) == (2, ())
    customer_id = await lines.customer_of("A")
    assert customer_id is not None
    assert await is_blocked(lines.session, customer_id, Act.REDEEM, day=TODAY)
    again = await lines.take(RESTRICTIONS, restriction("A", "F-1"))
    assert again.rows_changed == 0
    over = await lines.take(RESTRICTIONS, restriction("A", "F-1", valid_to="2026-11-22"))
    assert over.rows_changed == 1
    assert await lines.rows(STANDING) == [("complaint", "K-1")]
    assert not await is_blocked(lines.session, customer_id, Act.REDEEM, day=TODAY)


async def test_one_without_a_first_day_stands_from_its_first_file_however_often_it_comes(lines: Lines) -> None:
    await known(lines)
    for day in (24, 25):
        said = restriction("A", "F-1", valid_from="")
        await lines.take(RESTRICTIONS, said, day=date(2026, 11, day), mode=FULL)
    ended = await lines.take(RESTRICTIONS, restriction("A", "F-1", valid_from="", valid_to="2026-11-26"))
    assert ended.rows_changed == 1
    assert await lines.rows("SELECT valid_from::text, valid_to::text FROM customer_restriction") == [
        ("2026-11-24", "2026-11-26")
    ]


async def test_a_full_file_ends_what_the_line_leaves_out_and_nothing_else(lines: Lines) -> None:
    await known(lines)
    await lines.take(PARTIES, party("C"), line=CARDS)
    await lines.take(RESTRICTIONS, restriction("C", "F-3"), line=CARDS)
    await lines.take(RESTRICTIONS, restriction("A", "F-1"), restriction("B", "F-2"))
    customer_id = await lines.customer_of("A")
    assert customer_id is not None
    by_hand = CustomerRestriction(
        customer_id=customer_id,
        id=new_id(),
        kind="complaint",
        valid_from=TODAY - timedelta(days=1),
        reference="by hand",
        set_by=new_id(),
        set_at=clock.now(),
    )
    lines.session.add(by_hand)
    await lines.session.flush()
    kept_though_refused = restriction("B", "F-2", valid_to="2026-01-01")
    result = await lines.take(RESTRICTIONS, kept_though_refused, restriction("A", "F-9"), mode=FULL)
    assert result.counts == {"ended": 1}
    assert [(one.code, one.column) for one in result.rejects] == [("date_out_of_range", "valid_to")]
    standing = {reference for _, reference in await lines.rows(STANDING)}
    assert standing == {"F-2", "F-3", "F-9", "by hand"}


async def test_bad_rows_are_refused_and_the_good_one_is_in(lines: Lines) -> None:
    await known(lines)
    result = await lines.take(
        RESTRICTIONS,
        restriction("A", "F-1"),
        restriction("nobody", "F-2"),
        restriction("A", "F-3", "grounded"),
        restriction("A", "F-1"),
        restriction("A", ""),
    )
    assert sorted((one.row, one.code.value, one.column) for one in result.rejects) == [
        (3, "record_unknown", "record_id"),
        (4, "value_unknown", "restriction"),
        (5, "duplicate_in_file", "reference"),
        (6, "missing_value", "reference"),
    ]
    assert await lines.rows(STANDING) == [("judicial_freeze", "F-1")]


async def test_one_that_keeps_from_logging_in_ends_the_logins_that_there_are(lines: Lines) -> None:
    await known(lines)
    await lines.take(RESTRICTIONS, restriction("A", "D-1", "deceased"), restriction("B", "F-2"))
    ended = await lines.rows(
        "SELECT r.kind FROM customer c JOIN customer_restriction r ON r.customer_id = c.id "
        "WHERE c.not_before IS NOT NULL"
    )
    assert ended == [("deceased",)]
