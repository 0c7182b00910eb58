"""Identity events from a file: the same journal and the same guards as over HTTP, row by row (CUS-17)."""

from support.lines import CARDS, E_FINANCE, IDENTITY, PARTIES, Lines, Row, id_card, party

ONE, OTHER, THIRD = "6000048271", "6000096542", "6000000777"
OLD_CARD, NEW_CARD = id_card(1), id_card(2)


def event(reference: str, kind: str, **values: str) -> Row:
    return {"reference": reference, "event": kind, "customer_no": ONE, **values}


async def known(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE, certificate_type="id_card", certificate_no=OLD_CARD))
    await lines.take(PARTIES, party("X", customer_no=OTHER, name="欧阳鸣"), line=CARDS)


async def test_a_file_merges_renumbers_and_parts_each_row_once(lines: Lines) -> None:
    await known(lines)
    one, other = await lines.customer_numbered(ONE), await lines.customer_numbered(OTHER)
    changed = {"certificate_type": "id_card", "certificate_no": NEW_CARD, "name": "欧阳明"}
    result = await lines.take(
        IDENTITY,
        event("E-1", "merge", other_customer_no=OTHER),
        event("E-2", "renumber", other_customer_no=THIRD),
        event("E-3", "certificate_changed", replaces_certificate_no=OLD_CARD, **changed),
        event("E-4", "merge", other_customer_no=OTHER),
        line=E_FINANCE,
    )
    assert (result.rejects, result.rows_changed) == ((), 3)
    assert result.counts == {"merged": 1, "renumbered": 1, "certificate_added": 1, "unchanged": 1}
    assert await lines.customer_numbered(OTHER) == await lines.customer_numbered(THIRD) == one
    assert await lines.customer_certified(NEW_CARD, "欧阳明") == one
    # A file that was cut off is sent anew as a whole: what it did is known by its references.
    more = (event("E-1", "merge", other_customer_no=OTHER), event("E-5", "split", other_customer_no=OTHER))
    parted = await lines.take(IDENTITY, *more, line=E_FINANCE)
    assert (parted.rows_changed, parted.counts) == (1, {"parted": 1, "repeated": 1})
    assert await lines.customer_numbered(OTHER) == other
    assert (await lines.take(IDENTITY, *more, line=E_FINANCE)).repeated
    assert await lines.value("SELECT count(*) FROM customer_merge WHERE undone_at IS NOT NULL") == 1
    again = await lines.take(IDENTITY, event("E-6", "merge", other_customer_no=OTHER), line=E_FINANCE)
    assert [(one.code.value, one.column) for one in again.rejects] == [("merge_not_possible", "other_customer_no")]


async def test_a_row_that_cannot_be_carried_out_undoes_no_other(lines: Lines) -> None:
    await known(lines)
    result = await lines.take(
        IDENTITY,
        event("E-1", "renumber", other_customer_no=THIRD),
        event("E-2", "merge", other_customer_no="6999999999"),
        event("E-3", "split", other_customer_no=OTHER),
        event("E-1", "merge", other_customer_no=OTHER),
        event("E-5", "merge"),
        event("E-6", "merge", other_customer_no="号"),
        event("E-7", "certificate_changed", certificate_type="id_card", certificate_no="1", name="欧阳明"),
        event("E-8", "merge", other_customer_no=OTHER, occurred_on="2026-11-25"),
        event("E-9", "certificate_changed", certificate_no=NEW_CARD),
    )
    assert sorted((one.row, one.code.value, one.column) for one in result.rejects) == [
        (3, "customer_unknown", "customer_no"),
        (5, "reference_conflict", "reference"),
        (6, "missing_value", "other_customer_no"),
        (7, "number_invalid", "other_customer_no"),
        (8, "certificate_invalid", "certificate_no"),
        (9, "date_out_of_range", "occurred_on"),
        (10, "missing_value", "certificate_type"),
    ]
    assert result.counts == {"renumbered": 1, "unchanged": 1}


async def test_a_merge_against_which_something_stands_goes_before_people(lines: Lines) -> None:
    await known(lines)
    taken = {"certificate_type": "id_card", "certificate_no": id_card(3), "name": "欧阳鸣"}
    await lines.take(PARTIES, party("Y", customer_no=OTHER, **taken), line=CARDS)
    result = await lines.take(IDENTITY, event("E-1", "certificate_changed", **taken))
    assert (result.rows_changed, result.counts) == (0, {"review": 1})
    assert await lines.rows("SELECT reason FROM match_review") == [("same_certificate_other_customer_no",)]
