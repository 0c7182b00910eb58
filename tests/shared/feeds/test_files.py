"""Whole files: what refuses them, the same again, trying first, and what a full one ends."""

import codecs
from datetime import date, timedelta

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.freshness import Freshness
from guibin.feeds.models import FeedKind
from guibin.feeds.service import calendar
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from support.lines import (
    BALANCES,
    CARDS,
    DAY,
    EVENTS,
    FINANCE,
    FULL,
    HOLDINGS,
    PARTIES,
    Lines,
    balance,
    csv_of,
    event,
    holding,
    id_card,
    party,
)

HEADER = b"record_id,party_type,name\n"
NAMED = "A,person,欧阳明\n"


def columns(*unknown_names: str, **facts: object) -> dict[str, object]:
    return {"line": 1, "unknown": len(unknown_names), "unknown_names": list(unknown_names), **facts}


BROKEN = [
    (b"", "file_empty", {}),
    (b" \n\n", "file_empty", {}),
    (codecs.BOM_UTF8, "file_empty", {}),
    (b"PK\x03\x04rest of a workbook", "file_type_invalid", {}),
    (b"\x1f\x8b\x08rest of an archive", "file_type_invalid", {}),
    (codecs.BOM_UTF16_LE + "record_id".encode("utf-16-le"), "encoding_invalid", {"line": 1}),
    (HEADER + b"A,person,\xff\xff\n", "encoding_invalid", {"line": 2}),
    (codecs.BOM_UTF8 + HEADER + NAMED.encode("gb18030"), "encoding_invalid", {"line": 2}),
    (HEADER + NAMED.encode() + "B,person,王小明\n".encode("gb18030"), "encoding_invalid", {"line": 3}),
    (b"record_id,party_type\nA,person\n", "columns_invalid", columns(missing=["name"], doubled=[])),
    (b"record_id,party_type,name,name\n", "columns_invalid", columns(missing=[], doubled=["name"])),
    (b"record_id,party_type,name,salary\n", "columns_invalid", columns("salary", missing=[], doubled=[])),
    (b"\x00\x01\x02\n", "columns_invalid", None),
    (HEADER + b'A,person,"B" C\n', "file_malformed", {"line": 2}),
    (HEADER + b'A,person,B\nC,person,"D\nE,person,F\n', "file_malformed", {"line": 3}),
    (HEADER + b'A,person,"' + b"x" * 200_000 + b'"\n', "file_malformed", {"line": 2}),
    (b'{"record_id": "A", "party_type": "person", "name": "B"}\n{"record_id": \n', "file_malformed", {"line": 2}),
    (b'{"record_id": "A", "record_id": "B", "party_type": "person", "name": "B"}\n', "file_malformed", {"line": 1}),
    (b'{"record_id": "A", "party_type": "person", "name": ["B"]}\n', "file_malformed", {"line": 1}),
    (b'{"record_id": "A", "salary": "1"}\n', "columns_invalid", columns("salary", missing=[], doubled=[])),
    (b'{"name": "\xb0\xa1"}\n', "encoding_invalid", {"line": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "code", "facts"), BROKEN)
async def test_x1_x2_x3_x4_a_file_that_cannot_be_read_is_refused_with_its_line(
    lines: Lines, raw: bytes, code: str, facts: dict[str, object] | None
) -> None:
    with pytest.raises(Refusal) as refused:
        await lines.take(PARTIES, raw=raw)
    assert refused.value.code == code
    assert facts is None or refused.value.facts == facts


async def test_a_broken_file_changes_nothing(lines: Lines) -> None:
    before = await lines.counts()
    good_rows = "".join(f"A{number},person,王{number}\n" for number in range(6_000))
    savepoint = await lines.session.begin_nested()
    with pytest.raises(Refusal):
        await lines.take(PARTIES, raw=HEADER + good_rows.encode() + b'B,person,"broken\n')
    await savepoint.rollback()
    assert await lines.counts() == before


@pytest.mark.parametrize("announced", [0, 1, 3])
async def test_another_number_of_rows_than_announced_refuses_the_file(lines: Lines, announced: int) -> None:
    with pytest.raises(Refusal) as refused:
        await lines.take(PARTIES, party("A"), party("B", gender="X"), expected_rows=announced)
    assert refused.value.code == "row_count_differs"
    assert refused.value.facts == {"announced": announced, "found": 2}


async def test_the_announced_number_of_rows_counts_refused_ones_too(lines: Lines) -> None:
    result = await lines.take(PARTIES, party("A"), party("B", gender="X"), expected_rows=2)
    assert (result.rows_read, result.rows_accepted) == (2, 1)


async def test_a_business_date_after_today_is_refused(lines: Lines) -> None:
    with pytest.raises(Refusal) as refused:
        await lines.take(PARTIES, party("A"), day=clock.today() + timedelta(days=1))
    assert refused.value.code == "business_date_invalid"


@pytest.mark.parametrize(
    "raw",
    [
        csv_of(party("A", customer_no="60000001")),
        codecs.BOM_UTF8 + csv_of(party("A", customer_no="60000001")),
        csv_of(party("A", customer_no="60000001")).decode().encode("gb18030"),
        csv_of(party("A", customer_no="60000001")).replace(b"\r\n", b"\n"),
        b'customer_no,name, record_id ,party_type\n" 60000001 ","\xe6\xac\xa7\xe9\x98\xb3\xe6\x98\x8e",A,person\n\n',
        '{"customer_no": "60000001", "record_id": "A", "name":"欧阳明", "party_type": "person", "phone":null}'.encode(),
    ],
)
async def test_x3_encodings_line_ends_order_of_columns_and_json_lines_all_say_the_same(
    lines: Lines, raw: bytes
) -> None:
    await lines.take(PARTIES, party("A", customer_no="60000001"))
    result = await lines.take(PARTIES, raw=raw, day=DAY)
    assert result.rows_accepted == 1
    assert result.repeated or (result.rows_changed, result.counts) == (0, {"unchanged": 1})


async def test_the_same_file_again_answers_the_first_result_and_changes_nothing(lines: Lines) -> None:
    first = await lines.take(PARTIES, party("A"), party("B", gender="X"))
    before = await lines.counts()
    again = await lines.take(PARTIES, party("A"), party("B", gender="X"))
    assert again.repeated
    assert (again.id, again.rows_changed, again.counts, again.rejects) == (
        first.id,
        first.rows_changed,
        first.counts,
        first.rejects,
    )
    assert await lines.counts() == before


async def test_the_same_content_for_another_day_kind_or_line_is_another_file(lines: Lines) -> None:
    first = await lines.take(PARTIES, party("A"))
    assert (await lines.take(PARTIES, party("A"), line=CARDS)).id != first.id
    assert (await lines.take(PARTIES, party("A"), day=DAY - timedelta(days=1))).id != first.id


async def test_a_dry_run_tells_what_would_happen_and_stores_nothing(lines: Lines) -> None:
    before = await lines.counts()
    result = await lines.take(PARTIES, party("A"), party("B", gender="X"), dry_run=True)
    assert (result.dry_run, result.rows_changed, result.counts) == (True, 1, {"customers_new": 1, "records_new": 1})
    assert [reject.code for reject in result.rejects] == ["value_unknown"]
    assert await lines.counts() == before
    assert not (await lines.take(PARTIES, party("A"), party("B", gender="X"))).repeated


async def test_a_full_parties_file_ends_what_it_leaves_out_but_not_what_it_spells_wrong(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), party("B", name="王明"), party("C", name="李明"))
    result = await lines.take(
        PARTIES, party("A"), party("B", name="王明", gender="X"), mode=FULL, day=DAY + timedelta(days=1)
    )
    assert result.counts["ended"] == 1
    customer = await lines.customer_of("C")
    assert await lines.value(
        "SELECT ended_on FROM source_record WHERE customer_id = :c", c=customer
    ) == DAY + timedelta(1)
    assert await lines.value("SELECT status FROM customer WHERE id = :c", c=customer) == "closed"
    assert await lines.value("SELECT count(*) FROM source_record WHERE ended_on IS NULL") == 2


async def test_an_ended_record_that_comes_back_lives_again(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), party("B", name="王明"))
    await lines.take(PARTIES, party("A"), mode=FULL)
    await lines.take(PARTIES, party("A"), party("B", name="王明"), mode=FULL, day=DAY + timedelta(days=1))
    assert await lines.value("SELECT count(*) FROM source_record WHERE ended_on IS NULL") == 2
    customer = await lines.customer_of("B")
    assert await lines.value("SELECT status FROM customer WHERE id = :c", c=customer) == "active"


async def test_a_full_file_of_one_line_ends_nothing_of_another(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), line=CARDS)
    await lines.take(PARTIES, party("B", name="王明"), mode=FULL, line=FINANCE)
    assert await lines.value("SELECT count(*) FROM source_record WHERE ended_on IS NOT NULL") == 0


async def test_a_full_holdings_file_closes_what_it_leaves_out_on_the_business_date(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"))
    await lines.take(
        HOLDINGS, holding("A", "H1"), holding("A", "H2"), holding("A", "H3", status="closed", closed_on="2026-01-05")
    )
    await lines.take(HOLDINGS, holding("A", "H1"), mode=FULL)
    assert await lines.rows("SELECT status, closed_on FROM holding ORDER BY id") == [
        ("active", None),
        ("closed", DAY),
        ("closed", date(2026, 1, 5)),
    ]


@pytest.mark.parametrize("kind", [PARTIES, HOLDINGS])
async def test_a_full_file_without_rows_would_end_everything_and_is_refused(lines: Lines, kind: FeedKind) -> None:
    header = {PARTIES: HEADER, HOLDINGS: b"record_id,holding_id,product_code,side\n"}[kind]
    with pytest.raises(Refusal) as refused:
        await lines.take(kind, raw=header, mode=FULL)
    assert refused.value.code == "file_empty"


async def test_an_older_file_does_not_undo_a_newer_one(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", phone="15400000001", city_code="310100"))
    result = await lines.take(PARTIES, party("A", city_code="110100"), day=DAY - timedelta(days=3))
    assert result.rows_changed == 0
    assert await lines.value("SELECT city_code FROM customer") == "310100"


async def test_a_balances_file_makes_its_day_fresh_even_without_rows(lines: Lines) -> None:
    await lines.take(BALANCES, raw=b"holding_id,date,balance\n", day=DAY - timedelta(days=2))
    shown = await calendar(lines.session, first=DAY - timedelta(days=3), last=DAY)
    assert [view.state for view in shown[FINANCE]] == [
        Freshness.MISSING,
        Freshness.FRESH,
        Freshness.STALE,
        Freshness.STALE,
    ]
    assert {view.state for view in shown[CARDS]} == {Freshness.MISSING}
    assert len(shown) == 7


async def test_other_kinds_of_files_make_no_day_fresh(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"))
    await lines.take(EVENTS, event("R1", "A"))
    assert await lines.value("SELECT count(*) FROM line_day") == 0


async def test_personal_values_stand_nowhere_in_clear(lines: Lines) -> None:
    number, phone, card = "6000123456", "15400001234", id_card(77)
    await lines.take(
        PARTIES,
        party(
            "PF99887766",
            customer_no=number,
            certificate_type="id_card",
            certificate_no=card,
            phone=phone,
            birth_date="1980-02-29",
            address="示范路7号",
            employer="示范纺织",
        ),
    )
    await lines.take(HOLDINGS, holding("PF99887766", "6222020000001234"))
    await lines.take(BALANCES, balance("6222020000001234", "2026-11-24", "1.00"))
    await lines.take(EVENTS, event("R1", "PF99887766"))
    secrets = ("欧阳明", number, phone, card, "1980-02-29", "示范路7号", "示范纺织", "PF99887766", "622202000000")
    written = [*secrets, *(secret.encode().hex() for secret in secrets)]
    for table in await lines.counts():
        for (row,) in await lines.rows(f"SELECT CAST(t.* AS text) FROM {table} t"):
            assert not [secret for secret in written if secret in row], table


async def test_a_bank_without_head_office_takes_no_customers(session: AsyncSession) -> None:
    with pytest.raises(Refusal) as refused:
        await Lines(session, KeyRing(KeyMaterial.generate())).take(PARTIES, party("A"))
    assert refused.value.code == "head_office_missing"
