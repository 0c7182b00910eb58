"""From the bytes of a file to its rows: spooled and hashed once, decoded, split into cells in the order of its kind."""

import codecs
import csv
import hashlib
import io
import itertools
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from guibin.core.strict_json import StrictJsonError, read_object
from guibin.feeds.errors import ColumnsInvalid, EncodingInvalid, FileEmpty, FileMalformed, FileTypeInvalid
from guibin.feeds.models import FeedKind
from guibin.feeds.rules import COLUMNS, REQUIRED

Chunks = AsyncIterable[bytes] | Iterable[bytes]
Row = tuple[int, Sequence[str] | None]
"""The line at which a row begins, and its cells; None when it has too few, too many, or other than text."""

_IN_MEMORY: Final = 16 * 1024 * 1024
_NOT_TEXT: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"%PDF", b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD: Final = 4096
_THREE_BYTES: Final = 0x800
_MIXED_PERCENT: Final = 1


@dataclass(frozen=True, slots=True)
class FeedText:
    """A spooled file: its bytes, their SHA-256, its encoding, and whether it is JSON lines."""

    file: IO[bytes]
    sha256: bytes
    encoding: str
    is_json: bool

    def close(self) -> None:
        """Forget the bytes."""
        self.file.close()


async def spool(chunks: Chunks) -> FeedText:
    """Take in a file of any size and find out what it is.

    Raises:
        FileEmpty, FileTypeInvalid, EncodingInvalid.
    """
    file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - FeedText.close ends it
    digest, decoder, is_utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), True
    try:
        async for chunk in _each(chunks):
            file.write(chunk)
            digest.update(chunk)
            is_utf8 = is_utf8 and _decodes(decoder, chunk)
        is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
        file.seek(0)
        head = file.read(_HEAD)
        _check_text(head)
        is_json = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")
        encoding = "utf-8-sig" if is_utf8 else _other_encoding(file, is_json=is_json)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return FeedText(file, digest.digest(), encoding, is_json)


def read_rows(feed: FeedText, kind: FeedKind) -> Generator[Row, None, None]:
    """Yield the rows with their cells in the order of `COLUMNS[kind]`; blank lines are no rows.

    Raises:
        ColumnsInvalid, FileMalformed: as soon as they are met.
    """
    return _json_rows(feed.file, kind) if feed.is_json else _csv_rows(feed, kind)


async def _each(chunks: Chunks) -> "AsyncIterable[bytes]":
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _check_text(head: bytes) -> None:
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise FileEmpty
    if head.startswith(_NOT_TEXT):
        raise FileTypeInvalid
    if head.startswith(_UTF_16):
        raise EncodingInvalid(line=1)


def _other_encoding(file: IO[bytes], *, is_json: bool) -> str:
    """Hold a file that is not UTF-8 to GB18030, line by line; JSON is always UTF-8."""
    file.seek(0)
    with_bom = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    file.seek(0)
    first_other, utf8_lines, other_lines = 0, 0, 0
    for number, line in enumerate(file, start=1):
        if line.isascii():
            continue
        decoded = _as_utf8(line)
        if decoded is None:
            first_other = first_other or number
            other_lines += 1
            if with_bom or is_json or not _is_gb18030(line):
                raise EncodingInvalid(line=number)
        elif any(ord(letter) >= _THREE_BYTES for letter in decoded):
            # Two-byte characters of GB18030 are sometimes good UTF-8 by chance, rows of Chinese text hardly ever.
            utf8_lines += 1
    if utf8_lines * 100 > other_lines * _MIXED_PERCENT:
        raise EncodingInvalid(line=first_other)
    return "gb18030"


def _as_utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_gb18030(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _csv_rows(feed: FeedText, kind: FeedKind) -> Generator[Row, None, None]:
    text = io.TextIOWrapper(feed.file, encoding=feed.encoding, newline="")
    reader = csv.reader(text, strict=True)
    begins = 1
    try:
        header = next(reader, [])
        arrange, width = _arrangement([name.strip() for name in header], kind), len(header)
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                whole = len(cells) == width
                yield begins, (arrange(cells) if arrange else cells) if whole else None
            begins = reader.line_num + 1
    except csv.Error:
        raise FileMalformed(line=begins) from None
    finally:
        text.detach()


def _arrangement(header: list[str], kind: FeedKind) -> Callable[[list[str]], Sequence[str]] | None:
    """Check a header and return how its rows become the columns of the kind: None when they are, absent ones empty."""
    columns = COLUMNS[kind]
    missing = [name for name in REQUIRED[kind] if name not in header]
    doubled = sorted({name for name in header if name in columns and header.count(name) > 1})
    unknown = sum(1 for name in header if name not in columns)
    if missing or doubled or unknown:
        raise ColumnsInvalid(line=1, missing=missing, doubled=doubled, unknown=unknown)
    if tuple(header) == columns:
        return None
    positions = [header.index(name) if name in header else len(header) for name in columns]
    return lambda cells: [[*cells, ""][position] for position in positions]


def _json_rows(file: IO[bytes], kind: FeedKind) -> Generator[Row, None, None]:
    columns = COLUMNS[kind]
    known = frozenset(columns)
    for number, raw in enumerate(itertools.chain([file.readline().removeprefix(codecs.BOM_UTF8)], file), start=1):
        if not raw.strip():
            continue
        try:
            found = read_object(raw, max_depth=1)
        except StrictJsonError:
            raise FileMalformed(line=number) from None
        if not known.issuperset(found):
            raise ColumnsInvalid(line=number, missing=[], doubled=[], unknown=len(set(found) - known))
        cells = ["" if found.get(name) is None else found[name] for name in columns]
        yield number, [str(cell) for cell in cells] if all(isinstance(cell, str) for cell in cells) else None
