"""Touches from a line's files: taken as they were, however long ago, each once (CARE-01)."""

from sqlmodel import select

from guibin.care.models import Touch
from guibin.core import clock
from guibin.managers.models import Grade
from guibin.organisation.models import Branch, Staff
from support.lines import CARDS, FINANCE, PARTIES, TOUCHES, Lines, Row, party
from support.tiers import add_manager


def touch(reference: str, record_id: str = "A", **values: str) -> Row:
    said = {"occurred_at": "2019-03-05T10:00:00+08:00", "touch": "call", "by": "phone", "purpose": "care"}
    return {"reference": reference, "record_id": record_id, "result": "reached", **said, **values}


async def test_touches_of_years_ago_are_taken_once_with_who_was_in_touch(lines: Lines) -> None:
    for line in (FINANCE, CARDS):
        await lines.take(PARTIES, party("A", customer_no="6000000002"), line=line)
    branch = (await lines.session.exec(select(Branch))).first()
    assert branch is not None
    manager = await add_manager(lines.session, branch.id, Grade.SENIOR)
    staff = await lines.session.get_one(Staff, manager.staff_id)
    rows = (
        touch("T-1", staff_no=staff.no, minutes="30"),
        touch("T-2", direction="in", result="sold", product_code="PF101"),
    )
    first = await lines.take(TOUCHES, *rows)
    assert (first.rows_changed, first.rejects) == (2, ())
    assert (await lines.take(TOUCHES, *rows, touch("T-3", by="wecom"))).rows_changed == 1
    assert (await lines.take(TOUCHES, touch("T-1"), line=CARDS)).rows_changed == 1, (
        "another line has its own references"
    )
    owner = await lines.customer_of("A")
    taken = {one.reference: one for one in (await lines.session.exec(select(Touch))).all()}
    assert {one.customer_id for one in taken.values()} == {owner}
    one = taken["personal_finance:T-1"]
    assert (one.staff_id, one.manager_id, one.minutes, one.source) == (staff.id, manager.id, 30, "system")
    assert (one.at.year, clock.business_day(one.recorded_at)) == (2019, clock.today())
    assert taken["personal_finance:T-2"].product_code == "PF101"


async def test_a_row_that_cannot_be_is_refused_with_its_reason(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"))
    await lines.take(TOUCHES, touch("T-1"))
    result = await lines.take(
        TOUCHES,
        touch("T-1", minutes="5"),
        touch("T-2", "nobody"),
        touch("T-3", occurred_at="2026-11-25T00:00:00+08:00"),
        touch("T-4", touch="telegram"),
        touch("T-5", product_code="none"),
        touch("T-6", staff_no="none"),
        touch("T-7", minutes="1441"),
        touch("T-7"),
        touch("T-8"),
    )
    assert {(one.row, str(one.code), one.column) for one in result.rejects} == {
        (2, "reference_conflict", "reference"),
        (3, "record_unknown", "record_id"),
        (4, "date_out_of_range", "occurred_at"),
        (5, "value_unknown", "touch"),
        (6, "product_unknown", "product_code"),
        (7, "value_unknown", "staff_no"),
        (8, "number_invalid", "minutes"),
        (9, "duplicate_in_file", "reference"),
    }
    assert result.rows_changed == 1
