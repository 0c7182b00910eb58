"""Feed files that are XLSX workbooks: their first sheet, within the bounds of `guibin.core.workbook`.

Cells are text. A day may be a date cell; a formula refuses its row; a number that the workbook has rounded is refused
as everywhere. Leading zeros are what the sender typed: a text cell keeps them.
"""

from collections.abc import Generator, Sequence
from typing import IO, Final

from guibin.core.workbook import Row as SheetRow
from guibin.core.workbook import day_of_cell, read_workbook
from guibin.feeds.arranging import Arrange, ColumnMapping, arrangement
from guibin.feeds.errors import FileEmpty
from guibin.feeds.models import FileKind
from guibin.feeds.rules import COLUMNS, DAYS, RowCode, RowRefused


class WorkbookRows:
    """The first sheet with anything in it; `columns` are its own names of the columns."""

    def __init__(self, file: IO[bytes], kind: FileKind, mapping: ColumnMapping) -> None:
        rows = next((sheet for sheet in read_workbook(file).values() if sheet), None)
        if rows is None:
            raise FileEmpty
        self.columns: Final = _header(rows[0])
        self._rows = rows[1:]
        self._names = COLUMNS[kind]
        self._days = [at for at, name in enumerate(self._names) if name in DAYS]
        self._arrange: Arrange | None = arrangement(self.columns, kind, mapping)

    def read(self) -> Generator[tuple[int, Sequence[str] | RowRefused], None, None]:
        """Yield the rows below the header."""
        for row in self._rows:
            yield row.number, self._cells(row)

    def _cells(self, row: SheetRow) -> Sequence[str] | RowRefused:
        width = len(self.columns)
        if any(column >= width for column in (*row.cells, *row.formulas)):
            return RowRefused(RowCode.ROW_INVALID)
        if row.formulas:
            return RowRefused(RowCode.FORMULA, self._ours(min(row.formulas)))
        cells = self._arranged([row.cells.get(column, "") for column in range(width)])
        for at in self._days:
            cells[at] = day_of_cell(cells[at])
        return cells

    def _arranged(self, cells: Sequence[str]) -> list[str]:
        return list(cells if self._arrange is None else self._arrange(cells))

    def _ours(self, column: int) -> str | None:
        """Return our name of a column of the sheet; None of one that is read past."""
        marked = self._arranged(["x" if at == column else "" for at in range(len(self.columns))])
        return next((name for name, cell in zip(self._names, marked, strict=True) if cell), None)


def _header(row: SheetRow) -> tuple[str, ...]:
    return tuple(row.cells.get(column, "").strip() for column in range(max(row.cells, default=-1) + 1))
