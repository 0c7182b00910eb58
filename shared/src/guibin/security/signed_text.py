"""Texts that leave the product and come back, in a picture for example: a mark, then content and signature in base64.

The mark is signed with the content, so that what was written for one use is no text of another with the same key.
"""

import base64
import binascii
from typing import Final

from guibin.security.ciphers import KeyRing
from guibin.security.key_file import SigningPurpose

_SIGNATURE_BYTES: Final = 32


def write_signed(keys: KeyRing, purpose: SigningPurpose, mark: str, content: bytes) -> str:
    """Write content as a signed text that begins with a mark of its use."""
    return _spelt(mark, content + keys.sign(purpose, mark.encode() + content))


def read_signed(keys: KeyRing, purpose: SigningPurpose, mark: str, text: str) -> bytes | None:
    """Return the content of a text of `write_signed`; None when it is not ours, altered or spelt in another way."""
    written = text.removeprefix(mark)
    try:
        signed = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    content, signature = signed[:-_SIGNATURE_BYTES], signed[-_SIGNATURE_BYTES:]
    if _spelt(mark, signed) != text or not keys.check(purpose, mark.encode() + content, signature):
        return None
    return content


def _spelt(mark: str, signed: bytes) -> str:
    """Spell a text in its one way."""
    return mark + base64.urlsafe_b64encode(signed).rstrip(b"=").decode("ascii")
