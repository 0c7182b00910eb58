"""XLSX in and out: bounded, without formulas, without anything that XML can do beyond being read."""

import io
import zipfile
from collections.abc import Mapping

import pytest

from guibin.core import workbook
from guibin.core.workbook import Row, WorkbookTooLarge, WorkbookUnreadable, read_workbook, write_workbook

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def altered(changes: Mapping[str, str], names: str = "a") -> io.BytesIO:
    """Return a small workbook with some parts written otherwise."""
    written = zipfile.ZipFile(io.BytesIO(write_workbook({name: [["code"], ["x"]] for name in names})))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as parts:
        for name in {**dict.fromkeys(written.namelist()), **changes}:
            parts.writestr(name, changes[name] if name in changes else written.read(name))
    return target


def sheet(data: str) -> dict[str, str]:
    return {"xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData>{data}</sheetData></worksheet>"}


def test_what_is_written_is_read_again_and_the_same_content_gives_the_same_bytes() -> None:
    content: dict[str, list[list[str | int | None]]] = {
        "权益 & co": [["code", "名称"], ["=1+1", 150], [None, "两行\n <b>"]],
        "b": [["x"]],
    }

    written = write_workbook(content)
    found = read_workbook(io.BytesIO(written))

    assert written == write_workbook(content)
    assert list(found) == ["权益 & co", "b"]
    assert found["权益 & co"] == [
        Row(1, {0: "code", 1: "名称"}),
        Row(2, {0: "=1+1", 1: "150"}),
        Row(3, {1: "两行\n <b>"}),
    ]


def test_shared_texts_numbers_truth_and_formulas_are_told_apart() -> None:
    strings = f"<sst {MAIN}><si><t>机场</t><rPh><t>ji</t></rPh></si><si><r><t>A</t></r><r><t>B</t></r></si></sst>"
    row = (
        '<row r="7"><c r="B7" t="s"><v>0</v></c><c t="s"><v>1</v></c><c r="E7"><v>0.29999999999999999</v></c>'
        '<c r="F7"><v>1.5E2</v></c><c r="G7" t="b"><v>1</v></c><c r="H7"><f>SUM(A1)</f><v>3</v></c></row>'
    )

    found = read_workbook(altered({**sheet(row), "xl/sharedStrings.xml": strings}))

    expected = {1: "机场", 2: "AB", 4: "0.3", 5: "150", 6: "true", 7: "3"}
    assert found["a"] == [Row(7, expected, frozenset({7}))]


@pytest.mark.parametrize(
    "changes",
    [
        {"xl/workbook.xml": "<workbook>"},
        {"xl/workbook.xml": f'<workbook {MAIN}><workbookPr date1904="1"/></workbook>'},
        {"xl/_rels/workbook.xml.rels": "<Relationships/>"},
        sheet('<row><c t="s"><v>9</v></c></row>'),
        sheet('<row><c t="s"><v>-1</v></c></row>'),
        sheet("<row><c><v>many</v></c></row>"),
        {"xl/worksheets/sheet1.xml": '<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'},
    ],
)
def test_a_broken_workbook_is_refused_as_a_whole(changes: dict[str, str]) -> None:
    with pytest.raises(WorkbookUnreadable):
        read_workbook(altered(changes))


def test_text_is_no_workbook() -> None:
    with pytest.raises(WorkbookUnreadable):
        read_workbook(io.BytesIO(b"code,wallet\n"))


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 100_000)
    bomb = altered(sheet(" " * 5_000_000))
    assert len(bomb.getvalue()) < 10_000

    with pytest.raises(WorkbookTooLarge) as refused:
        read_workbook(bomb)

    assert refused.value.facts == {"limit": "unpacked"}


@pytest.mark.parametrize(
    ("data", "limit"),
    [('<row><c r="ZZZZ1"><v>1</v></c></row>', "columns"), ("<row><c><v>1</v></c></row>" * 4, "rows")],
)
def test_too_many_columns_or_rows_are_refused(data: str, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)

    with pytest.raises(WorkbookTooLarge) as refused:
        read_workbook(altered(sheet(data)))

    assert refused.value.facts == {"limit": limit}


def test_a_large_file_and_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkbookTooLarge):
        read_workbook(altered({f"extra/{number}": "" for number in range(workbook.MOST_PARTS)}))
    monkeypatch.setattr(workbook, "MOST_BYTES", 10)
    with pytest.raises(WorkbookTooLarge):
        read_workbook(altered({}))
