"""The keyed hash by which a holding is found: its number itself is not kept."""

from guibin.core.lines import Line
from guibin.security.ciphers import KeyRing


def holding_ref(keys: KeyRing, line: Line, holding_id: str) -> bytes:
    """Return the reference of a line's holding."""
    return keys.blind_index("holding", f"{line}|{holding_id}")
