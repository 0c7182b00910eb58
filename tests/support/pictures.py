"""Pictures to put up."""

import struct
import zlib


def png(width: int = 4, height: int = 3, *, shade: int = 0) -> bytes:
    """Make a grey picture; its data are of one row, whatever the height says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" + bytes([shade]) * width)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(name, content) for name, content in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def chunk(name: bytes, content: bytes) -> bytes:
    """Write a piece of a PNG with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
