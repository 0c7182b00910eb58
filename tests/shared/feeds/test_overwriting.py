"""What a line's file overwrites, what it only fills, how it writes days, and the rows that say something is over."""

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.feeds.mappings.models import FeedMapping, MappingState
from guibin.feeds.models import FeedKind
from support.lines import FINANCE, FULL, HOLDINGS, PARTIES, Lines, holding, party

STANDING = "SELECT status, opened_on::text, matures_on::text FROM holding ORDER BY last4"


async def in_force(lines: Lines, kind: FeedKind, *, fills: list[str], dates: dict[str, str]) -> None:
    lines.session.add(
        FeedMapping(
            line=Line(FINANCE),
            kind=kind,
            version=1,
            state=MappingState.ACTIVE,
            columns={},
            values={"deleted": {"是": "Y"}},
            ignored=[],
            dates=dates,
            fills=fills,
            created_by=new_id(),
            created_at=clock.now(),
        )
    )
    await lines.session.flush()


async def test_columns_that_only_fill_let_the_record_stand_and_the_others_overwrite(lines: Lines) -> None:
    await in_force(lines, PARTIES, fills=["phone", "city_code", "gender"], dates={"birth_date": "dd.mm.yyyy"})
    said = {"phone": "13800000001", "employer": "甲公司", "birth_date": "29.02.1980", "gender": "U"}
    await lines.take(PARTIES, party("A", **said))
    changed = {
        "phone": "13900000002",
        "employer": "乙公司",
        "birth_date": "1.3.1980",
        "gender": "M",
        "city_code": "310",
    }
    assert (await lines.take(PARTIES, party("A", **changed))).rows_changed == 1
    again = await lines.take(PARTIES, party("A", **changed | {"phone": "13900000003"}))
    assert (again.rows_changed, again.counts) == (0, {"unchanged": 1})
    assert await lines.rows("SELECT gender, city_code, birth_mmdd FROM customer") == [("M", "310", "0301")]
    refused = await lines.take(PARTIES, party("A", birth_date="01.03.80"))
    assert [(one.code.value, one.column) for one in refused.rejects] == [("date_invalid", "birth_date")]


async def test_terms_of_a_holding_are_filled_once(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"))
    await in_force(lines, HOLDINGS, fills=["opened_on"], dates={"opened_on": "excel_serial", "matures_on": "yyyymmdd"})
    await lines.take(HOLDINGS, holding("A", "H1", opened_on="45351", matures_on="20270101"))
    await lines.take(HOLDINGS, holding("A", "H1", opened_on="45352", matures_on="20280101"))
    assert await lines.rows(STANDING) == [("active", "2024-02-29", "2028-01-01")]


async def test_a_row_that_says_deleted_ends_what_it_names_and_nothing_else(lines: Lines) -> None:
    await in_force(lines, PARTIES, fills=[], dates={})
    await lines.take(PARTIES, party("A"), party("B", name="王小明"))
    await lines.take(HOLDINGS, holding("A", "H1"), holding("B", "H2"))
    over = {"record_id": "A", "party_type": "", "name": "", "deleted": "是"}
    result = await lines.take(PARTIES, over, over | {"record_id": "nobody"}, party("B", name="王小明", deleted="?"))
    assert (result.rows_changed, result.counts) == (1, {"deleted": 1})
    assert sorted((one.row, one.code.value, one.column) for one in result.rejects) == [
        (3, "record_unknown", "record_id"),
        (4, "value_unknown", "deleted"),
    ]
    assert await lines.rows("SELECT status FROM customer ORDER BY 1") == [("active",), ("closed",)]
    closed = {"record_id": "", "product_code": "", "side": "", "holding_id": "H1", "deleted": "Y"}
    gone = await lines.take(HOLDINGS, closed, closed | {"holding_id": "H9"})
    assert (gone.rows_changed, [one.code.value for one in gone.rejects]) == (1, ["holding_unknown"])
    again = await lines.take(HOLDINGS, closed, holding("B", "H2"), mode=FULL)
    assert (again.rows_changed, again.counts) == (0, {})
    assert await lines.rows("SELECT last4, status FROM holding ORDER BY 1") == [("H1", "closed"), ("H2", "active")]
