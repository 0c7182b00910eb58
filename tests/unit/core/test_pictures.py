"""What a picture is, told by its bytes."""

import struct

import pytest

from guibin.core.pictures import Picture, PictureDimensions, PictureInvalid, PictureKind, read_picture
from support.pictures import chunk, png

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x04ab"
    b"\xff\xff\xc2\x00\x0b\x08\x00\x30\x00\x40\x01\x01\x11\x00"
    b"\xff\xda\x00\x02\x11\x22\xff\xd9"
)


def webp(form: bytes, body: bytes) -> bytes:
    chunk = form + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


WEBP_LOSSY = webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a\x40\x00\x30\x00")
WEBP_LOSSLESS = webp(b"VP8L", b"\x2f" + struct.pack("<I", 63 | 47 << 14) + b"\0" * 5)
WEBP_EXTENDED = webp(b"VP8X", b"\0" * 4 + b"\x3f\0\0" + b"\x2f\0\0")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(64, 48), PictureKind.PNG),
        (JPEG, PictureKind.JPEG),
        (WEBP_LOSSY, PictureKind.WEBP),
        (WEBP_LOSSLESS, PictureKind.WEBP),
        (WEBP_EXTENDED, PictureKind.WEBP),
    ],
)
def test_a_picture_tells_its_kind_and_its_sides(content: bytes, kind: PictureKind) -> None:
    assert read_picture(content) == Picture(kind, 64, 48)


@pytest.mark.parametrize("content", [png(64, 48), JPEG, WEBP_LOSSY], ids=["png", "jpeg", "webp"])
def test_a_picture_that_is_cut_or_goes_on_is_none(content: bytes) -> None:
    for wrong in (content[:-1], content[:11], content + b"<script>"):
        with pytest.raises(PictureInvalid):
            read_picture(wrong)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 40,
        png(64, 48).replace(b"IHDR", b"IHDX"),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        JPEG.replace(b"\xff\xc2", b"\xff\xc4"),
        JPEG.replace(b"ab", b"abc"),
        webp(b"VP8Z", b"\0" * 10),
        webp(b"VP8X", b"\0" * 9),
    ],
)
def test_what_is_no_whole_picture_of_three_kinds_is_refused(content: bytes) -> None:
    with pytest.raises(PictureInvalid):
        read_picture(content)


@pytest.mark.parametrize(("width", "height"), [(4_097, 1), (1, 4_097), (0, 10)])
def test_a_side_is_bounded(width: int, height: int) -> None:
    assert read_picture(png(4_096, 1)).width == 4_096
    with pytest.raises(PictureDimensions):
        read_picture(png(width, height))
