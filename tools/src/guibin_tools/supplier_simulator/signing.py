"""Signatures as a supplier writes and checks them: with what docs/integrators.md says, and nothing of the product."""

import hashlib
import hmac
import re
import time

_HEADER = re.compile(r"t=(\d+)((?:,k\d+=[0-9a-f]{64})+)")
WITHIN_SECONDS = 300


def signature_of(body: bytes, secret: str, *, number: int = 1) -> str:
    """Write the header `Guibin-Signature` for now."""
    seconds = int(time.time())
    return f"t={seconds},k{number}={_mark(seconds, body, secret)}"


def is_signed(header: str | None, body: bytes, secret: str) -> bool:
    """Tell whether a header signs these bytes, within 300 seconds."""
    read = _HEADER.fullmatch(header or "")
    if read is None or abs(time.time() - int(read[1])) > WITHIN_SECONDS:
        return False
    expected = _mark(int(read[1]), body, secret)
    return any(hmac.compare_digest(mark.partition("=")[2], expected) for mark in read[2].split(",")[1:])


def _mark(seconds: int, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
