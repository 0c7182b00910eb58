"""Links from a line's files: they begin, change and end by its word, and no one else's does (CUS-11)."""

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.relations.models import CustomerLink, LinkKind
from support.lines import CARDS, DELTA, FINANCE, FULL, LINKS, PARTIES, Lines, Row, party

ALL = "SELECT kind, line, valid_from::text, valid_to::text FROM customer_link ORDER BY kind, valid_from, line"


def link(holder: str, kind: str, other: str = "C", **values: str) -> Row:
    return {"record_id": holder, "link": kind, "other_record_id": other, **values}


async def known(lines: Lines) -> None:
    for line in (FINANCE, CARDS):
        company = party("C", name="星河贸易有限公司", party_type="company", customer_no="6000000001")
        person = party("A", name="王小明", customer_no="6000000002")
        await lines.take(PARTIES, company, person, line=line)


async def test_links_begin_change_and_end_by_their_line_alone(lines: Lines) -> None:
    await known(lines)
    rows = (link("A", "owner", valid_from="2020-01-01"), link("A", "employee"))
    first = await lines.take(LINKS, *rows)
    assert (first.rows_changed, first.rejects) == (2, ())
    assert (await lines.take(LINKS, *rows)).repeated
    assert (await lines.take(LINKS, *rows, link("A", "guarantor"), mode=DELTA)).rows_changed == 1
    await lines.take(LINKS, link("A", "employee"), line=CARDS)
    ended = await lines.take(LINKS, link("A", "owner", valid_from="2020-01-01", valid_to="2026-11-01"), mode=FULL)
    assert (ended.rows_changed, ended.counts) == (1, {"ended": 2})
    assert await lines.rows(ALL) == [
        ("employee", "credit_card", "2026-11-24", None),
        ("employee", "personal_finance", "2026-11-24", "2026-11-24"),
        ("guarantor", "personal_finance", "2026-11-24", "2026-11-24"),
        ("owner", "personal_finance", "2020-01-01", "2026-11-01"),
    ]
    over = await lines.take(LINKS, link("A", "employee", deleted="Y"), line=CARDS)
    assert (over.rows_changed, over.counts) == (1, {"deleted": 1})
    assert (await lines.rows(ALL))[0] == ("employee", "credit_card", "2026-11-24", "2026-11-24")


async def test_what_a_person_set_is_left_alone(lines: Lines) -> None:
    await known(lines)
    one, other = await lines.customer_of("A"), await lines.customer_of("C")
    assert one is not None
    assert other is not None
    lines.session.add(
        CustomerLink(
            customer_id=one,
            id=new_id(),
            other_id=other,
            kind=LinkKind.OWNER,
            valid_from=clock.today(),
            reason="章程",
            set_by=new_id(),
            set_at=clock.now(),
        )
    )
    await lines.session.flush()
    result = await lines.take(LINKS, link("A", "owner", deleted="Y"), link("A", "employee"), mode=FULL)
    assert [(one.row, one.code.value) for one in result.rejects] == [(2, "link_unknown")]
    assert await lines.value("SELECT valid_to FROM customer_link WHERE line IS NULL") is None


async def test_rows_that_cannot_stand_are_refused_and_the_good_one_is_in(lines: Lines) -> None:
    await known(lines)
    await lines.take(LINKS, link("A", "owner", valid_from="2020-01-01"))
    result = await lines.take(
        LINKS,
        link("A", "owner", valid_from="2021-01-01"),
        link("nobody", "owner"),
        link("A", "owner", "nobody"),
        link("C", "employee", "A"),
        link("A", "friend"),
        link("A", "guarantor", "A"),
        link("A", "employee", valid_from="2021-01-01", valid_to="2020-01-01"),
        link("A", "finance_head", valid_to="2026-01-01"),
    )
    assert sorted((one.row, one.code.value, one.column) for one in result.rejects) == [
        (2, "link_overlaps", "valid_from"),
        (3, "record_unknown", "record_id"),
        (4, "record_unknown", "other_record_id"),
        (5, "link_not_possible", "link"),
        (6, "value_unknown", "link"),
        (7, "link_not_possible", "link"),
        (8, "date_out_of_range", "valid_to"),
    ]
    assert result.rows_changed == 1
