"""The demo bank's pictures: a small drawing for each right, made by code and the same every time."""

import struct
import zlib
from hashlib import sha256
from typing import Final

WIDTH, HEIGHT = 320, 200

_COLOURS: Final = {
    "shopping": (232, 119, 34),
    "health": (46, 139, 87),
    "medical": (30, 120, 180),
    "education": (106, 90, 205),
    "social": (199, 21, 133),
    "travel": (0, 139, 139),
    "finance": (184, 134, 11),
}
_STRIPE: Final = 20


def picture_of(code: str, category: str) -> bytes:
    """Draw stripes in the colour of the category, each as light as the right's code says: a PNG of 320 by 200."""
    colour, shades = _COLOURS[category], sha256(code.encode()).digest()
    light = (shades[at // _STRIPE] / 255 / 3 for at in range(WIDTH + HEIGHT))
    line = bytes(int(one + (255 - one) * share) for share in light for one in colour)
    # A filter byte of 0 goes before the pixels of each row, which stand one pixel further than those of the row above.
    rows = (b"\0" + line[3 * row : 3 * (row + WIDTH)] for row in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
