"""Pictures, known by what is in them: PNG, JPEG and WebP with their width and height. Nothing is unpacked or drawn.

What a file is called or says of itself in a header does not count. It must be whole, and be nothing else besides: what
follows the end of a picture could be another file.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from guibin.core.errors import Category, Refusal

MOST_SIDE: Final = 4_096
"""Pixels of the longer side."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_JPEG_SIZES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Segments that begin a picture and tell its size: baseline, extended, progressive."""

_JPEG_DATA: Final = 0xDA
_JPEG_MARK: Final = 0xFF
_PNG_TELLS: Final = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_JPEG_TELLS: Final = frozenset({*range(0xE3, 0xEE), 0xE1, 0xEF, 0xFE})
"""Comments and what applications add, but for JFIF (0xE0), the colour profile (0xE2) and Adobe's transform (0xEE)."""

_EXIF: Final = b"Exif\0\0"
_EXIF_MARK: Final = 0xE1
_EXIF_MOST: Final = 200
"""Entries that are looked at: no camera writes as many beside each other."""

_TURNED: Final = 0x0112
_TURNS: Final = range(2, 9)
"""What Exif says of a picture that is not seen as it is kept; 1 is one that is."""

_WEBP_TELLS: Final = frozenset({b"EXIF", b"XMP "})
_WEBP_TELLS_FLAGS: Final = 0x0C
_WEBP_HEAD: Final = 10
_WEBP_LOSSLESS: Final = 0x2F
_WEBP_KEY: Final = b"\x9d\x01\x2a"


class PictureKind(StrEnum):
    """The media types of pictures that are taken."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"


class PictureInvalid(Refusal):
    """No picture of a kind that is taken, or a broken one. Fact: accepted."""

    category = Category.UNSUPPORTED
    code = "picture_invalid"
    zh = "不是可用的图片"
    en = "Not a picture of a kind that is taken"


class PictureDimensions(Refusal):
    """More pixels than are shown anywhere. Facts: width, height, most."""

    category = Category.INVALID
    code = "picture_dimensions"
    zh = "图片尺寸超出限制"
    en = "The picture is larger than the limit"


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is: its kind, and its sides in pixels."""

    kind: PictureKind
    width: int
    height: int


def without_metadata(content: bytes, kind: PictureKind) -> bytes:
    """Return a picture that `read_picture` has taken without what it tells of where, when and by whom it was made.

    Out go Exif, XMP, IPTC, comments and texts; the picture's own data and its colour profile stay as they are. Of Exif
    a JPEG keeps how it is turned to be seen, and that alone.
    """
    parts = {PictureKind.PNG: _png_parts, PictureKind.JPEG: _jpeg_parts, PictureKind.WEBP: _webp_parts}
    return parts[kind](content)


class _BrokenError(Exception):
    """The bytes end too early or contradict themselves."""


def read_picture(content: bytes) -> Picture:
    """Tell what a picture is.

    Raises:
        PictureInvalid: neither PNG, JPEG nor WebP, broken, or followed by something else.
        PictureDimensions: a side of more than 4,096 pixels.
    """
    try:
        kind, sides = _reader_of(content)
        width, height = sides(content)
    except (_BrokenError, IndexError):
        raise PictureInvalid(accepted=list(PictureKind)) from None
    if not 0 < width <= MOST_SIDE or not 0 < height <= MOST_SIDE:
        raise PictureDimensions(width=width, height=height, most=MOST_SIDE)
    return Picture(kind, width, height)


def _reader_of(content: bytes) -> tuple[PictureKind, Callable[[bytes], tuple[int, int]]]:
    if content.startswith(_PNG):
        return PictureKind.PNG, _png_sides
    if content.startswith(_JPEG):
        return PictureKind.JPEG, _jpeg_sides
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return PictureKind.WEBP, _webp_sides
    raise _BrokenError


def _png_sides(content: bytes) -> tuple[int, int]:
    """Walk the chunks, whose checksums tell whether the file came through whole."""
    at, sides = len(_PNG), None
    while True:
        length, name = _number(content, at, 4), content[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(content) or _number(content, end - 4, 4) != zlib.crc32(content[at + 4 : end - 4]):
            raise _BrokenError
        if sides is None:
            if name != b"IHDR":
                raise _BrokenError
            sides = _number(content, at + 8, 4), _number(content, at + 12, 4)
        if name == b"IEND":
            if end != len(content):
                raise _BrokenError
            return sides
        at = end


def _jpeg_sides(content: bytes) -> tuple[int, int]:
    """Walk the segments before the picture's data for the one that tells the size."""
    if not content.endswith(_JPEG_END):
        raise _BrokenError
    at, sides = 2, None
    while True:
        if content[at] != _JPEG_MARK:
            raise _BrokenError
        marker = content[at + 1]
        if marker == _JPEG_MARK:  # what fills up before a marker
            at += 1
            continue
        if marker in _JPEG_SIZES:
            sides = _number(content, at + 7, 2), _number(content, at + 5, 2)
        if marker == _JPEG_DATA:
            if sides is None:
                raise _BrokenError
            return sides
        at += 2 + _number(content, at + 2, 2)


def _webp_sides(content: bytes) -> tuple[int, int]:
    if int.from_bytes(content[4:8], "little") + 8 != len(content):
        raise _BrokenError
    form, body = content[12:16], content[20 : 20 + _WEBP_HEAD]
    if len(body) < _WEBP_HEAD:
        raise _BrokenError
    if form == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if form == b"VP8L" and body[0] == _WEBP_LOSSLESS:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and body[3:6] == _WEBP_KEY:
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise _BrokenError


def _png_parts(content: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at < len(content):
        end = at + 12 + _number(content, at, 4)
        if content[at + 4 : at + 8] not in _PNG_TELLS:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _jpeg_parts(content: bytes) -> bytes:
    kept, at, turn = [content[:2]], 2, None
    while content[at + 1] != _JPEG_DATA:
        if content[at + 1] == _JPEG_MARK:
            at += 1
            continue
        end = at + 2 + _number(content, at + 2, 2)
        if content[at + 1] not in _JPEG_TELLS:
            kept.append(content[at:end])
        elif content[at + 1] == _EXIF_MARK and turn is None:
            turn = _turn_of(content[at + 4 : end])
            kept += [] if turn is None else [_turned(turn)]
        at = end
    return b"".join([*kept, content[at:]])


def _turn_of(exif: bytes) -> int | None:
    """Read how a picture is turned out of its Exif: a TIFF of either byte order. What cannot be read says nothing."""
    tiff = exif[len(_EXIF) :]
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"
    if exif[: len(_EXIF)] != _EXIF or tiff[:2] not in {b"II", b"MM"}:
        return None
    first = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[first : first + 2], order)
    for at in range(first + 2, first + 2 + 12 * min(count, _EXIF_MOST), 12):
        if int.from_bytes(tiff[at : at + 2], order) == _TURNED:
            turn = int.from_bytes(tiff[at + 8 : at + 10], order)
            return turn if turn in _TURNS else None
    return None


def _turned(turn: int) -> bytes:
    """Write Exif that says how a picture is turned, and nothing else."""
    entry = struct.pack(">HHIHH", _TURNED, 3, 1, turn, 0)
    body = _EXIF + b"MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0" * 4
    return bytes([_JPEG_MARK, _EXIF_MARK]) + struct.pack(">H", len(body) + 2) + body


def _webp_parts(content: bytes) -> bytes:
    kept, at = [], 12
    while at + 8 <= len(content):
        name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2  # an odd chunk is followed by a filling byte
        part = content[at:end]
        if name == b"VP8X":
            part = part[:8] + bytes([part[8] & ~_WEBP_TELLS_FLAGS]) + part[9:]
        if name not in _WEBP_TELLS:
            kept.append(part)
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _number(content: bytes, at: int, size: int) -> int:
    if at + size > len(content):
        raise _BrokenError
    return int.from_bytes(content[at : at + size], "big")
