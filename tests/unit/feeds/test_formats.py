"""Workbooks, mappings of columns and schema drift, without a database."""

import io
import zipfile

import pytest

from guibin.core.workbook import write_workbook
from guibin.feeds.arranging import PLAIN, ColumnMapping
from guibin.feeds.drift import Drift, changed_columns, drift, nameable
from guibin.feeds.errors import ColumnsInvalid
from guibin.feeds.models import FeedKind
from guibin.feeds.reading import spool
from guibin.feeds.rows import FeedRows
from guibin.feeds.rules import RowCode, RowRefused

BALANCES, PARTIES = FeedKind.BALANCES, FeedKind.PARTIES
HEADER = ("holding_id", "date", "balance")
THEIRS = ColumnMapping(
    columns={"客户编号": "record_id", "客户姓名": "name", "类型": "party_type", "性别": "gender"},
    values={"gender": {"男": "M", "女": "F"}, "party_type": {"个人": "person"}},
    ignored=frozenset({"备注"}),
)


def workbook(*rows: tuple[str | int, ...]) -> bytes:
    return write_workbook({"Sheet1": [HEADER, *rows]})


def with_formula(raw: bytes) -> bytes:
    """Turn the cells with the number 7 into formulas."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            content = before.read(name).replace(b"<v>7</v>", b"<f>HYPERLINK(1)</f><v>7</v>")
            after.writestr(name, content)
    return made.getvalue()


async def read(
    raw: bytes, kind: FeedKind = BALANCES, mapping: ColumnMapping = PLAIN
) -> list[tuple[int, list[str] | tuple[str, str | None]]]:
    feed = await spool([raw])
    try:
        return [
            (line, (cells.code.value, cells.column) if isinstance(cells, RowRefused) else list(cells))
            for line, cells in FeedRows(feed, kind, mapping)
        ]
    finally:
        feed.close()


async def test_a_workbook_keeps_leading_zeros_and_reads_days_and_amounts() -> None:
    rows = await read(workbook(("0012", 46350, "10.50"), ("0013", "2026-11-24", 7)))
    assert rows == [(2, ["0012", "2026-11-24", "10.50"]), (3, ["0013", "2026-11-24", "7"])]


async def test_a_formula_refuses_its_row_and_no_other() -> None:
    rows = await read(with_formula(workbook(("0012", 46350, 7), ("0013", 46350, 8))))
    assert rows == [(2, ("formula", "balance")), (3, ["0013", "2026-11-24", "8"])]


async def test_a_number_of_an_account_that_the_workbook_has_rounded_stays_recognisable() -> None:
    ((_, cells),) = await read(workbook((6222021234567890123, 46350, 1)))
    assert cells[0] == "6.22202123456789e+18"


async def test_an_archive_that_is_no_workbook_is_no_file_of_a_line() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        parts.writestr("balances.csv", "holding_id,date,balance\n")
    with pytest.raises(Exception, match="file_type_invalid"):
        await spool([made.getvalue()])


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
async def test_a_mapping_names_columns_and_values_in_every_form(form: str) -> None:
    header, values = ("客户编号", "备注", "类型", "客户姓名", "性别"), ("A1", "=1", "个人", "王明", "女")
    raw = {
        "csv": f"{','.join(header)}\n{','.join(values)}\n".encode("gb18030"),
        "json": b'{"%s"}' % b'","'.join(f'{n}":"{v}'.encode() for n, v in zip(header, values, strict=True)),
        "xlsx": write_workbook({"客户": [header, values]}),
    }[form]
    ((_, cells),) = await read(raw, PARTIES, THEIRS)
    assert [cells[at] for at in (0, 2, 3, 8)] == ["A1", "person", "王明", "F"]


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        (THEIRS, None),
        (ColumnMapping(columns={"a": "salary"}), "column_unknown"),
        (ColumnMapping(values={"salary": {}}), "column_unknown"),
        (ColumnMapping(columns={"a": "name", "b": "name"}), "column_twice"),
        (ColumnMapping(columns={"a": "name"}, ignored=frozenset({"a"})), "column_ignored"),
    ],
)
def test_a_mapping_must_fit_the_columns_of_its_kind(mapping: ColumnMapping, fault: str | None) -> None:
    assert mapping.fault(PARTIES) == fault


async def test_a_first_row_of_data_is_no_header_and_is_not_repeated() -> None:
    with pytest.raises(ColumnsInvalid) as refused:
        await read("欧阳明,2026-11-24,1.00\n".encode())
    assert (refused.value.facts["unknown"], refused.value.facts["unknown_names"]) == (3, [])


def test_drift_names_what_came_went_and_moved() -> None:
    found = drift(["a", "b", "c", "d"], ["a", "c", "b", "e"], ["balance"])
    assert found.facts() == {"came": ["e"], "went": ["d"], "moved": ["c", "b"], "changed": ["balance"]}
    assert not drift(["a", "b"], ["a", "b"])
    assert drift(["a", "b"], ["b", "a", "a"]) == Drift(moved=("b", "a"))  # a header that names a column twice
    assert not drift(None, ["a", "b"])


def test_a_column_has_changed_when_half_of_its_cells_have_another_form() -> None:
    rejects = [(RowCode.DATE_INVALID, "date")] * 5 + [(RowCode.HOLDING_UNKNOWN, "holding_id")] * 9
    assert changed_columns(rejects, 10) == ["date"]
    assert changed_columns(rejects, 11) == []


@pytest.mark.parametrize(
    ("name", "told"), [("salary", True), ("客户姓名", True), ("opened on", True), ("6222021234", False), ("=1", False)]
)
def test_only_what_reads_like_a_name_of_a_column_is_named(name: str, told: bool) -> None:
    assert nameable(name) is told
