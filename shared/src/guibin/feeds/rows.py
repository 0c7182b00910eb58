"""The rows of a spooled file, in the order of its kind's columns."""

import codecs
import csv
import io
import itertools
from collections.abc import Generator, Iterator, Sequence
from typing import Final

from guibin.core.strict_json import StrictJsonError, read_object
from guibin.feeds.arranging import PLAIN, Arrange, ColumnMapping, arrangement
from guibin.feeds.errors import FileMalformed
from guibin.feeds.models import FileKind
from guibin.feeds.reading import FeedText, Form
from guibin.feeds.rules import RowCode, RowRefused
from guibin.feeds.workbooks import WorkbookRows

Row = tuple[int, Sequence[str] | RowRefused]
"""The line at which a row begins, and its cells; or why it is refused whatever stands in it."""

MOST_SHOWN: Final = 10
_NO_TEXT: Final = RowRefused(RowCode.ROW_INVALID)


class FeedRows:
    """The rows of a file, read once; blank lines are no rows.

    `columns` are the file's own names of its columns, known from the first row on, and `first` its first rows.
    Iterating raises ColumnsInvalid, FileMalformed, FileEmpty, WorkbookUnreadable or WorkbookTooLarge as it meets them.
    """

    def __init__(self, feed: FeedText, kind: FileKind, mapping: ColumnMapping = PLAIN) -> None:
        self.columns: tuple[str, ...] | None = None
        self.first: list[Row] = []
        self._feed = feed
        self._kind = kind
        self._mapping = mapping
        self._rows = self._read()

    def __iter__(self) -> Iterator[Row]:
        """Return the rows from the first one on."""
        self.first = list(itertools.islice(self._rows, MOST_SHOWN))
        return itertools.chain(self.first, self._rows)

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def _read(self) -> Generator[Row, None, None]:
        readers = {Form.CSV: self._csv_rows, Form.JSON_LINES: self._json_rows, Form.WORKBOOK: self._workbook_rows}
        yield from readers[self._feed.form]()

    def _csv_rows(self) -> Generator[Row, None, None]:
        text = io.TextIOWrapper(self._feed.file, encoding=self._feed.encoding, newline="")
        reader = csv.reader(text, strict=True)
        begins = 1
        try:
            self.columns = tuple(name.strip() for name in next(reader, []))
            arrange, width = arrangement(self.columns, self._kind, self._mapping), len(self.columns)
            begins = reader.line_num + 1
            for cells in reader:
                if cells:
                    whole = len(cells) == width
                    yield begins, (arrange(cells) if arrange else cells) if whole else _NO_TEXT
                begins = reader.line_num + 1
        except csv.Error:
            raise FileMalformed(line=begins) from None
        finally:
            text.detach()

    def _json_rows(self) -> Generator[Row, None, None]:
        file = self._feed.file
        known: dict[tuple[str, ...], Arrange | None] = {}
        for number, raw in enumerate(itertools.chain([file.readline().removeprefix(codecs.BOM_UTF8)], file), start=1):
            if not raw.strip():
                continue
            try:
                found = read_object(raw, max_depth=1)
            except StrictJsonError:
                raise FileMalformed(line=number) from None
            names = tuple(found)
            if names not in known:
                known[names] = arrangement(names, self._kind, self._mapping, line=number, is_whole=False)
            self.columns = self.columns or names
            arrange, cells = known[names], ["" if cell is None else cell for cell in found.values()]
            texts = [cell for cell in cells if isinstance(cell, str)]
            yield number, (arrange(texts) if arrange else texts) if len(texts) == len(cells) else _NO_TEXT

    def _workbook_rows(self) -> Generator[Row, None, None]:
        sheet = WorkbookRows(self._feed.file, self._kind, self._mapping)
        self.columns = sheet.columns
        yield from sheet.read()
