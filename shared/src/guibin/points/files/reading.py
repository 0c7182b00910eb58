"""From the bytes of a file to the cells of its lines, one pass at a time and never the whole in memory."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO, Final

from guibin.points.files.errors import PointsFileColumns, PointsFileTooLong, PointsFileUnreadable
from guibin.points.files.rules import COLUMNS, MOST_LINES, REQUIRED

Cells = dict[str, str] | None
"""The cells of a line by column; None when it has too few or too many."""

_CHUNK: Final = 1024 * 1024


def encoding_of(file: IO[bytes]) -> str:
    """Find out how a file is encoded.

    Raises:
        PointsFileUnreadable: it is empty, or in neither encoding.
    """
    file.seek(0, io.SEEK_END)
    if file.tell() == 0:
        raise PointsFileUnreadable(line=1)
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(file, encoding):
            return encoding
    raise PointsFileUnreadable(line=1)


def read_cells(file: IO[bytes], encoding: str) -> Iterator[tuple[int, Cells]]:
    """Yield the number and the cells of every line below the header; blank lines are none.

    Raises:
        PointsFileColumns, PointsFileUnreadable, PointsFileTooLong: as soon as they are met.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    reader = csv.reader(text, strict=True)
    begins, count = 1, 0
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                count += 1
                if count > MOST_LINES:
                    raise PointsFileTooLong
                named = dict(zip(header, cells, strict=False)) if len(cells) == len(header) else None
                yield begins, None if named is None else {name: named.get(name, "") for name in COLUMNS}
            begins = reader.line_num + 1
    except csv.Error:
        raise PointsFileUnreadable(line=begins) from None
    finally:
        text.detach()


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _check_header(header: list[str]) -> None:
    missing = sorted(REQUIRED - set(header))
    if not {"customer_no", "record_id"} & set(header):
        missing.insert(0, "customer_no")
    unknown = sum(name not in COLUMNS for name in header)
    if missing or unknown or len(set(header)) != len(header):
        raise PointsFileColumns(missing=missing, unknown=unknown)
