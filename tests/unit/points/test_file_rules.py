"""What a line of a file of points says, and how a file is read."""

import io
from datetime import date

import pytest

from guibin.core.lines import Line
from guibin.points.files.errors import PointsFileColumns, PointsFileUnreadable
from guibin.points.files.models import FileKind
from guibin.points.files.reading import encoding_of, read_cells
from guibin.points.files.rules import COLUMNS, Asked, LineCode, read_line

TODAY = date(2026, 11, 26)
GOOD = {"customer_no": "C1001", "wallet": "reward", "points": "100", "reason": "旧系统迁移的期初余额"}


def read(kind: FileKind = FileKind.GRANT, **cells: str) -> Asked | LineCode:
    return read_line(kind, dict.fromkeys(COLUMNS, "") | GOOD | cells, {"reward"}, today=TODAY)


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
    (first, cells), (second, broken) = list(read_cells(file, encoding_of(file)))
    assert cells is not None
    assert (first, cells["reason"], cells["expires_on"]) == (2, "旧系统迁移", "")
    assert (second, broken) == (4, None)


@pytest.mark.parametrize(
    "content", [b"", b"customer_no,wallet,points,reason\n\xff\xff", b'customer_no,wallet,points,reason\n"C1,reward']
)
def test_a_file_that_cannot_be_read_is_refused(content: bytes) -> None:
    file = io.BytesIO(content)
    with pytest.raises(PointsFileUnreadable):
        list(read_cells(file, encoding_of(file)))


@pytest.mark.parametrize(
    "header",
    ["wallet,points,reason", "customer_no,wallet,reason", "customer_no,wallet,points,reason,x", "wallet,wallet"],
)
def test_other_columns_are_refused(header: str) -> None:
    with pytest.raises(PointsFileColumns):
        list(read_cells(io.BytesIO(f"{header}\n".encode()), "utf-8-sig"))
