"""What a picture is, told by its bytes."""

import struct

import pytest

from guibin.core.pictures import Picture, PictureDimensions, PictureInvalid, PictureKind, read_picture, without_metadata
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


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


PLACE = b"GPS 31.2304 121.4737"
COLOURS = b"ICC_PROFILE\0\x01\x01colours"


def test_what_a_jpeg_tells_of_its_making_is_taken_out() -> None:
    told = segment(0xE1, b"Exif\0\0" + PLACE) + segment(0xED, b"Photoshop 3.0\0" + PLACE) + segment(0xFE, PLACE)
    colours = segment(0xE2, COLOURS)
    bare = without_metadata(JPEG[:8] + told + colours + JPEG[8:], PictureKind.JPEG)
    assert PLACE not in bare
    assert bare == JPEG[:8] + colours + JPEG[9:]
    assert read_picture(bare) == Picture(PictureKind.JPEG, 64, 48)


def exif(order: str, turn: int) -> bytes:
    """Return Exif that says how the picture is turned, and where it was taken."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    maker = struct.pack(f"{order}HHII", 0x010F, 2, len(PLACE), 50)
    turned = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, turn, 0)
    place = struct.pack(f"{order}HHII", 0x8825, 4, 1, 50)
    directory = struct.pack(f"{order}H", 3) + maker + turned + place + b"\0" * 4
    return segment(0xE1, b"Exif\0\0" + mark + struct.pack(f"{order}I", 8) + directory + PLACE)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_a_jpeg_stays_turned_and_does_not_tell_where_it_was_taken(order: str) -> None:
    told = JPEG[:8] + exif(order, 6) + exif(order, 3) + JPEG[8:]
    bare = without_metadata(told, PictureKind.JPEG)
    only = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\0" * 4
    assert bare == JPEG[:8] + segment(0xE1, only) + JPEG[9:]
    assert PLACE not in bare
    assert without_metadata(bare, PictureKind.JPEG) == bare
    assert read_picture(bare) == Picture(PictureKind.JPEG, 64, 48)


@pytest.mark.parametrize(
    "said",
    [
        exif("<", 1),
        exif("<", 9),
        segment(0xE1, b"Exif\0\0II*\0" + b"\xff" * 4),
        segment(0xE1, b"Exif\0\0"),
        segment(0xE1, exif(">", 6)[10:]),
    ],
    ids=["not turned", "unknown", "nowhere", "empty", "no Exif"],
)
def test_exif_that_turns_nothing_is_not_kept(said: bytes) -> None:
    assert without_metadata(JPEG[:8] + said + JPEG[8:], PictureKind.JPEG) == JPEG[:8] + JPEG[9:]


def test_what_a_png_tells_of_its_making_is_taken_out() -> None:
    plain = png(64, 48)
    told = b"".join(chunk(name, PLACE) for name in (b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))
    head = plain.index(b"IDAT") - 4
    assert without_metadata(plain[:head] + told + plain[head:], PictureKind.PNG) == plain


def test_what_a_webp_tells_of_its_making_is_taken_out() -> None:
    def piece(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def whole(flags: int, *pieces: bytes) -> bytes:
        body = b"WEBP" + piece(b"VP8X", bytes([flags]) + b"\0" * 3 + b"\x3f\0\0" + b"\x2f\0\0") + b"".join(pieces)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    data, colours = piece(b"VP8 ", b"odd"), piece(b"ICCP", COLOURS)
    told = whole(0x2C, colours, data, piece(b"EXIF", PLACE), piece(b"XMP ", PLACE + b"!"))
    bare = without_metadata(told, PictureKind.WEBP)
    assert bare == whole(0x20, colours, data)
    assert read_picture(bare) == Picture(PictureKind.WEBP, 64, 48)


@pytest.mark.parametrize("content", [png(64, 48), WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED])
def test_a_picture_that_tells_nothing_stays_as_it_is(content: bytes) -> None:
    assert without_metadata(content, read_picture(content).kind) == content
