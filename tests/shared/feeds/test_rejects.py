"""A bad row is refused with its code and column, and no other row is."""

import pytest

from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.models import FeedKind
from guibin.feeds.rules import RowCode
from guibin.privacy.tombstones import lay, stones_of
from support.lines import (
    BALANCES,
    CARD,
    CARDS,
    EVENTS,
    FINANCE,
    HOLDINGS,
    LOAN,
    PARTIES,
    Lines,
    Row,
    balance,
    event,
    holding,
    id_card,
    party,
)


def certified(kind: str, number: str) -> Row:
    return party("B", certificate_type=kind, certificate_no=number)


BAD_PARTIES = [
    (party(""), "missing_value", "record_id"),
    (party("B", name=""), "missing_value", "name"),
    (party("B", name="　"), "missing_value", "name"),
    (party("B", party_type="robot"), "value_unknown", "party_type"),
    (party("B", party_type=""), "missing_value", "party_type"),
    (party("B", name="王\x00明"), "text_invalid", "name"),
    (party("B", name="王\n明"), "text_invalid", "name"),
    (party("B", name="王" * 201), "too_long", "name"),
    (party("B", customer_no="6.22202E+18"), "scientific_notation", "customer_no"),
    (party("B", customer_no="60#1"), "number_invalid", "customer_no"),
    (party("B", phone="1.38001E+10"), "scientific_notation", "phone"),
    (party("B", phone="12"), "phone_invalid", "phone"),
    (party("B", certificate_no=id_card(1)), "missing_value", "certificate_type"),
    (party("B", certificate_type="library_card", certificate_no="1"), "value_unknown", "certificate_type"),
    (certified("id_card", id_card(1)[:-1] + "?"), "certificate_invalid", "certificate_no"),
    (certified("id_card", "990000198002300014"), "certificate_invalid", "certificate_no"),
    (certified("id_card", id_card(1, "20261125")), "certificate_invalid", "certificate_no"),
    (certified("business_licence", "91990101MA00000007"), "certificate_invalid", "certificate_no"),
    (party("B", birth_date="1980-02-30"), "date_invalid", "birth_date"),
    (party("B", birth_date="1980/02/01"), "date_invalid", "birth_date"),
    (party("B", birth_date="2026-11-25"), "date_out_of_range", "birth_date"),
    (party("B", opened_on="0001-01-01"), "date_invalid", "opened_on"),
    (party("B", gender="X"), "value_unknown", "gender"),
    (party("B", status="gone"), "value_unknown", "status"),
    (party("B", city_code="上海"), "value_unknown", "city_code"),
    (party("B", branch_code="999999"), "branch_unknown", "branch_code"),
    (party("A", name="另一个"), "duplicate_in_file", "record_id"),
]  # fmt: skip

BAD_HOLDINGS = [
    (holding("A", ""), "missing_value", "holding_id"),
    (holding("A", "6.22202E+18"), "scientific_notation", "holding_id"),
    (holding("nobody", "H2"), "record_unknown", "record_id"),
    (holding("A", "H2", joint_record_ids="A|nobody"), "record_unknown", "joint_record_ids"),
    (holding("A", "H2", product_code="ZZ999"), "product_unknown", "product_code"),
    (holding("A", "H2", product_code=CARD, side="liability"), "product_line_mismatch", "product_code"),
    (holding("A", "H2", side="liability"), "side_mismatch", "side"),
    (holding("A", "H2", side="both"), "value_unknown", "side"),
    (holding("A", "H2", currency="USD"), "currency_unsupported", "currency"),
    (holding("A", "H2", credit_limit="-1.00"), "amount_invalid", "credit_limit"),
    (holding("A", "H2", credit_limit="1.001"), "amount_invalid", "credit_limit"),
    (holding("A", "H2", rate="3.5%"), "number_invalid", "rate"),
    (holding("A", "H2", matures_on="soon"), "date_invalid", "matures_on"),
    (holding("A", "H2", status="frozen"), "value_unknown", "status"),
    (holding("A", "H1"), "duplicate_in_file", "holding_id"),
]

BAD_BALANCES = [
    (balance("nothing", "2026-11-24", "1.00"), "holding_unknown", "holding_id"),
    (balance("", "2026-11-24", "1.00"), "missing_value", "holding_id"),
    (balance("6.22202E+18", "2026-11-24", "1.00"), "scientific_notation", "holding_id"),
    (balance("H1", "", "1.00"), "missing_value", "date"),
    (balance("H1", "2026-11-24", ""), "missing_value", "balance"),
    (balance("H1", "2026-11-25", "1.00"), "date_out_of_range", "date"),
    (balance("H1", "2026-08-23", "1.00"), "date_out_of_range", "date"),
    (balance("H1", "24.11.2026", "1.00"), "date_invalid", "date"),
    (balance("H1", "2026-11-24", "1,000.00"), "amount_invalid", "balance"),
    (balance("H1", "2026-11-24", "٣.00"), "amount_invalid", "balance"),
    (balance("H1", "2026-11-24", "01.00"), "amount_invalid", "balance"),
    (balance("H1", "2026-11-24", "1.5E+03"), "scientific_notation", "balance"),
    (balance("L1", "2026-11-24", "-1.00"), "amount_invalid", "balance"),
    (balance("H1", "2026-11-23", "9.00"), "duplicate_in_file", "date"),
]

BAD_EVENTS = [
    (event("", "A"), "missing_value", "reference"),
    (event("R2", "nobody"), "record_unknown", "record_id"),
    (event("R2", "A", event_type="gift"), "value_unknown", "event_type"),
    (event("R2", "A", occurred_at="2026-11-20T10:00:00"), "date_invalid", "occurred_at"),
    (event("R2", "A", occurred_at="2026-11-20"), "date_invalid", "occurred_at"),
    (event("R2", "A", occurred_at="2026-11-24T16:00:00Z"), "date_out_of_range", "occurred_at"),
    (event("R2", "A", occurred_at="2026-08-23T23:59:59+08:00"), "date_out_of_range", "occurred_at"),
    (event("R2", "A", amount="-0.01"), "amount_invalid", "amount"),
    (event("R2", "A", merchant_category="餐饮"), "value_unknown", "merchant_category"),
    (event("R2", "A", inflow_class="lottery"), "value_unknown", "inflow_class"),
    (event("R1", "A", amount="99.00"), "duplicate_in_file", "reference"),
    (event("R0", "A", amount="99.00"), "reference_conflict", "reference"),
    (event("R0", "other"), "reference_conflict", "reference"),
]

CASES = [
    *((PARTIES, bad, code, column) for bad, code, column in BAD_PARTIES),
    *((HOLDINGS, bad, code, column) for bad, code, column in BAD_HOLDINGS),
    *((BALANCES, bad, code, column) for bad, code, column in BAD_BALANCES),
    *((EVENTS, bad, code, column) for bad, code, column in BAD_EVENTS),
]

GOOD = {
    PARTIES: party("A"),
    HOLDINGS: holding("A", "H1"),
    BALANCES: balance("H1", "2026-11-23", "1.00"),
    EVENTS: event("R1", "A"),
}


async def arranged(lines: Lines, kind: FeedKind) -> None:
    """Let everything be known that the good row of a kind needs."""
    if kind is not PARTIES:
        await lines.take(PARTIES, party("A"), party("other", name="司徒静"))
    if kind is BALANCES:
        loan = holding("A", "L1", product_code=LOAN, side="liability")
        await lines.take(HOLDINGS, holding("A", "H1"), loan)
    if kind is EVENTS:
        await lines.take(EVENTS, event("R0", "A"))


@pytest.mark.parametrize(("kind", "bad", "code", "column"), CASES)
async def test_x4_x6_a_bad_row_is_refused_and_the_good_one_is_in(
    lines: Lines, kind: FeedKind, bad: Row, code: str, column: str
) -> None:
    await arranged(lines, kind)
    result = await lines.take(kind, GOOD[kind], bad)
    assert [(reject.row, reject.code, reject.column) for reject in result.rejects] == [(3, code, column)]
    assert (result.rows_read, result.rows_accepted, result.rows_changed, result.rows_rejected) == (2, 1, 1, 1)
    assert await lines.rows('SELECT code, "column" FROM feed_reject WHERE file_id = :id', id=result.id) == [
        (code, column)
    ]


async def test_x4_a_row_with_too_many_or_too_few_cells_is_refused(lines: Lines) -> None:
    result = await lines.take(
        PARTIES, raw="record_id,party_type,name\nA,person\nB,person,王明,x\nC,person,王明\n".encode()
    )
    assert [(reject.row, reject.code) for reject in result.rejects] == [(2, "row_invalid"), (3, "row_invalid")]
    assert result.rows_accepted == 1


async def test_a_json_row_with_other_than_text_is_refused(lines: Lines) -> None:
    rows = ('{"party_type": "person", "name": "A", "record_id": "A"}', '{"party_type": "person", "record_id": 1}')
    result = await lines.take(PARTIES, raw="\n".join(rows).encode())
    assert [(reject.row, reject.code) for reject in result.rejects] == [(2, "row_invalid")]


async def test_a_record_and_a_number_of_an_erased_customer_are_refused_in_every_line(lines: Lines) -> None:
    stones = stones_of(lines.keys, FINANCE, "B", "60000001")
    await lay(lines.session, stones, at=clock.now())
    rows = (party("A"), party("B"), party("C", customer_no="6000 0001"))
    here = await lines.take(PARTIES, *rows)
    elsewhere = await lines.take(PARTIES, *rows, line=CARDS)
    refused = [(one.row, one.code, one.column) for one in here.rejects]
    assert refused == [(3, "customer_erased", "record_id"), (4, "customer_erased", "record_id")]
    assert [(one.row, one.code) for one in elsewhere.rejects] == [(4, "customer_erased")]
    assert await lines.customer_of("B") is None


def test_every_code_has_a_case() -> None:
    of_the_organisation_and_whole_rows = {"row_invalid", "customer_erased", "formula", "branch_moved"}
    # Those of links and identity events: test_links.py and test_identity.py beside this file.
    of_links = {"link_not_possible", "link_overlaps", "link_unknown"}
    of_events = {"customer_unknown", "merge_not_possible"}
    of_tags = {"customer_ambiguous"}  # tests/bank_api/tags/test_imports.py
    elsewhere = of_the_organisation_and_whole_rows | of_links | of_events | of_tags
    assert {code for _, _, code, _ in CASES} | elsewhere == {code.value for code in RowCode}


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+86张三", "-1", "@SUM(A1)", "＝1+1", "<script>", "' OR 1=1 --"])
async def test_x5_text_that_looks_like_a_formula_is_text(lines: Lines, name: str) -> None:
    result = await lines.take(PARTIES, party("A", name=name))
    assert (result.rows_accepted, result.rejects) == (1, ())


async def test_a_product_of_another_line_is_right_in_its_own(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), line=CARDS)
    result = await lines.take(HOLDINGS, holding("A", "H1", product_code=CARD, side="liability"), line=CARDS)
    assert result.rejects == ()


async def test_a_record_is_known_to_its_own_line_only(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), line=Line.AGRI_CREDIT)
    result = await lines.take(HOLDINGS, holding("A", "H1"), line=FINANCE)
    assert [reject.code for reject in result.rejects] == ["record_unknown"]
