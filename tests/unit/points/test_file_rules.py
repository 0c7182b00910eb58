"""What a line of a file of points says, and how a file is read."""

import io
from datetime import date
from uuid import UUID

import pytest

from guibin.core.ids import to_public
from guibin.core.lines import Line
from guibin.core.workbook import write_workbook
from guibin.points.files.errors import PointsFileColumns, PointsFileUnreadable
from guibin.points.files.event_rules import (
    EVENT_COLUMNS,
    AskedEvent,
    AskedReturn,
    Told,
    from_stored,
    read_event,
    to_stored,
)
from guibin.points.files.models import FileKind
from guibin.points.files.reading import Form, form_of, read_cells
from guibin.points.files.rules import COLUMNS, Asked, LineCode, read_line

TODAY = date(2026, 11, 26)
GOOD = {"customer_no": "C1001", "wallet": "reward", "points": "100", "reason": "旧系统迁移的期初余额"}


def read(kind: FileKind = FileKind.GRANT, **cells: str) -> Asked | LineCode:
    return read_line(kind, dict.fromkeys(COLUMNS.known, "") | GOOD | cells, {"reward"}, today=TODAY)


def test_a_good_line_says_whose_points_and_how_many() -> None:
    assert read(expires_on="2027-12-31") == Asked(
        "C1001", None, "reward", 100, date(2027, 12, 31), "旧系统迁移的期初余额"
    )
    by_record = read(customer_no="", line="credit_card", record_id="K-1", points="-5")
    assert isinstance(by_record, Asked)
    assert (by_record.record, by_record.points) == ((Line.CREDIT_CARD, "K-1"), -5)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"customer_no": ""}, LineCode.CUSTOMER_MISSING),
        ({"record_id": "K-1", "line": "credit_card"}, LineCode.CUSTOMER_MISSING),
        ({"customer_no": "", "record_id": "K-1"}, LineCode.CUSTOMER_MISSING),
        ({"customer_no": "", "record_id": "K-1", "line": "gold"}, LineCode.CUSTOMER_MISSING),
        ({"wallet": "gold"}, LineCode.WALLET_UNKNOWN),
        ({"points": "0"}, LineCode.POINTS_INVALID),
        ({"points": "1.5"}, LineCode.POINTS_INVALID),
        ({"points": "1e3"}, LineCode.POINTS_INVALID),
        ({"points": "１００"}, LineCode.POINTS_INVALID),
        ({"points": "1000000000001"}, LineCode.POINTS_INVALID),
        ({"expires_on": "2026-02-30"}, LineCode.DATE_INVALID),
        ({"expires_on": "20271231"}, LineCode.DATE_INVALID),
        ({"expires_on": "2026-11-25"}, LineCode.DATE_INVALID),
        ({"expires_on": "2027-01-01", "points": "-1"}, LineCode.DATE_INVALID),
        ({"reason": "补录"}, LineCode.REASON_REQUIRED),
        ({"reason": "旧系统迁移的\x00期初余额"}, LineCode.REASON_REQUIRED),
    ],
)
def test_a_bad_line_refuses_itself(cells: dict[str, str], code: LineCode) -> None:
    assert read(FileKind.GRANT, **cells) is code


def test_an_opening_balance_takes_nothing_away() -> None:
    assert read(FileKind.OPENING, points="-1") is LineCode.POINTS_INVALID


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_in_either_encoding(encoding: str) -> None:
    file = io.BytesIO(
        "customer_no,wallet,points,reason\r\nC1,reward,1,旧系统迁移\r\n\r\nC2,reward\r\n".encode(encoding)
    )
    (first, cells), (second, broken) = list(read_cells(file, form_of(file), COLUMNS))
    assert cells is not None
    assert (first, cells["reason"], cells["expires_on"]) == (2, "旧系统迁移", "")
    assert (second, broken) == (4, None)


@pytest.mark.parametrize(
    "content", [b"", b"customer_no,wallet,points,reason\n\xff\xff", b'customer_no,wallet,points,reason\n"C1,reward']
)
def test_a_file_that_cannot_be_read_is_refused(content: bytes) -> None:
    file = io.BytesIO(content)
    with pytest.raises(PointsFileUnreadable):
        list(read_cells(file, form_of(file), COLUMNS))


@pytest.mark.parametrize(
    "header",
    ["wallet,points,reason", "customer_no,wallet,reason", "customer_no,wallet,points,reason,x", "wallet,wallet"],
)
def test_other_columns_are_refused(header: str) -> None:
    with pytest.raises(PointsFileColumns):
        list(read_cells(io.BytesIO(f"{header}\n".encode()), Form.UTF_8, COLUMNS))


def test_a_workbook_is_read_with_its_days() -> None:
    rows: list[list[str | int | None]] = [
        ["customer_no", "wallet", "points", "reason", "expires_on"],
        ["C1", "reward", 100, GOOD["reason"], 46752],
        ["C2", "reward", -5, GOOD["reason"], "2028-01-01"],
    ]
    file = io.BytesIO(write_workbook({"points": rows}))
    found = read_cells(file, form_of(file), COLUMNS)
    lines = [(number, read(FileKind.GRANT, **(cells or {}))) for number, cells in found]
    assert lines == [
        (2, Asked("C1", None, "reward", 100, date(2027, 12, 31), GOOD["reason"])),
        (3, LineCode.DATE_INVALID),  # what takes away has no last day
    ]


def test_json_lines_hold_texts_and_whole_numbers() -> None:
    file = io.BytesIO(
        b'{"customer_no": "C1", "wallet": "reward", "points": 5, "line": null}\n\n{"points": 1.5}\n{"x": "1"}\n'
    )
    found = list(read_cells(file, form_of(file), COLUMNS))
    assert [number for number, _ in found] == [1, 3, 4]
    assert [cells is not None and cells["points"] for _, cells in found] == ["5", False, False]
    broken = io.BytesIO(b'{"points": "1"}\n{"points":')
    with pytest.raises(PointsFileUnreadable):
        list(read_cells(broken, form_of(broken), COLUMNS))


EVENT = {
    "line": "credit_card",
    "reference": "T1",
    "customer_no": "C1001",
    "event_type": "card_spend",
    "occurred_at": "2026-11-26T10:00:00+08:00",
}


def event(**cells: str) -> Told | LineCode:
    return read_event(dict.fromkeys(EVENT_COLUMNS.known, "") | EVENT | cells)


def test_an_event_is_kept_while_it_waits_as_it_was_read() -> None:
    named = event(customer_no="", customer_id=to_public("cus", UUID(int=7)), amount="1.5", inflow_class="payroll")
    assert isinstance(named, AskedEvent)
    assert (named.customer_id, named.content.amount_fen) == (UUID(int=7), 150)
    assert from_stored(to_stored(named)) == named


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"line": "gold"}, LineCode.LINE_INVALID),
        ({"customer_no": ""}, LineCode.CUSTOMER_MISSING),
        ({"record_id": "K-1"}, LineCode.CUSTOMER_MISSING),
        ({"customer_no": "", "customer_id": "K-1"}, LineCode.CUSTOMER_UNKNOWN),
        ({"reference": "a b"}, LineCode.REFERENCE_INVALID),
        ({"event_type": "gift"}, LineCode.EVENT_TYPE_UNKNOWN),
        ({"occurred_at": "2026-11-26"}, LineCode.DATE_INVALID),
        ({"occurred_at": "2026-02-30T10:00:00Z"}, LineCode.DATE_INVALID),
        ({"amount": "-1.00"}, LineCode.AMOUNT_INVALID),
        ({"amount": "1.005"}, LineCode.AMOUNT_INVALID),
        ({"channel": "=1"}, LineCode.VALUE_UNKNOWN),
        ({"inflow_class": "gold"}, LineCode.VALUE_UNKNOWN),
    ],
)
def test_a_bad_event_says_why(cells: dict[str, str], code: LineCode) -> None:
    assert event(**cells) is code


RETURN = {"line": "credit_card", "reference": "R1", "returns": "T1"}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({}, AskedReturn(Line.CREDIT_CARD, "R1", "T1", None)),
        ({"amount": "5.00"}, AskedReturn(Line.CREDIT_CARD, "R1", "T1", 500)),
        ({"amount": "five"}, LineCode.AMOUNT_INVALID),
        ({"line": "nowhere"}, LineCode.LINE_INVALID),
        ({"customer_no": "C1"}, LineCode.LINE_INVALID),
        ({"reference": ""}, LineCode.REFERENCE_INVALID),
        ({"returns": "T 1"}, LineCode.REFERENCE_INVALID),
    ],
)
def test_a_line_that_undoes_an_event_names_nothing_else(cells: dict[str, str], told: AskedReturn | LineCode) -> None:
    read = read_event(dict.fromkeys(EVENT_COLUMNS.known, "") | RETURN | cells)

    assert read == told
    if isinstance(read, AskedReturn):
        assert from_stored(to_stored(read)) == read
