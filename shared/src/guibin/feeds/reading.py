"""The bytes of a file: spooled and hashed once, and what they are. Its rows are read by `guibin.feeds.rows`."""

import codecs
import hashlib
import zipfile
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from guibin.feeds.errors import EncodingInvalid, FileEmpty, FileTypeInvalid

Chunks = AsyncIterable[bytes] | Iterable[bytes]
_IN_MEMORY: Final = 16 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"
_WORKBOOK: Final = "xl/workbook.xml"
_NOT_TEXT: Final = (b"PK\x05\x06", b"\x1f\x8b", b"%PDF", b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD: Final = 4096
_THREE_BYTES: Final = 0x800
_MIXED_PERCENT: Final = 1


class Form(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSON_LINES = "json_lines"
    WORKBOOK = "workbook"


@dataclass(frozen=True, slots=True)
class FeedText:
    """A spooled file: its bytes, their SHA-256, how it is written, and the encoding of its text."""

    file: IO[bytes]
    sha256: bytes
    form: Form
    encoding: str

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
        form = _form_of(file, file.read(_HEAD))
        encoding = (
            "utf-8-sig" if is_utf8 or form is Form.WORKBOOK else _other_encoding(file, is_json=form is Form.JSON_LINES)
        )
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return FeedText(file, digest.digest(), form, encoding)


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


def _form_of(file: IO[bytes], head: bytes) -> Form:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise FileEmpty
    if head.startswith(_ZIP):
        if not _is_workbook(file):
            raise FileTypeInvalid
        return Form.WORKBOOK
    if head.startswith(_NOT_TEXT):
        raise FileTypeInvalid
    if head.startswith(_UTF_16):
        raise EncodingInvalid(line=1)
    return Form.JSON_LINES if text.startswith(b"{") else Form.CSV


def _is_workbook(file: IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(file) as parts:
            return _WORKBOOK in parts.namelist()
    except zipfile.BadZipFile:
        return False


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
