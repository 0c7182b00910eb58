"""The session_key of a mini-program login: used within the request that obtained it, never stored, never sent on.

Source: the mini-program documentation on signatures and on the decryption of open data (AES-128-CBC, PKCS7).
"""

import base64
import binascii
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from guibin.channels.errors import WeChatCodeInvalid
from guibin.core.strict_json import StrictJsonError, read_object

_DEEPEST = 5


class SessionKey:
    """A key as WeChat delivers it: 16 bytes in base64. It never shows itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "SessionKey(***)"

    def signature(self) -> str:
        """Return the proof of holding the key: HMAC-SHA-256 of nothing, keyed with the base64 text, in hex."""
        return hmac.digest(self._text.encode(), b"", "sha256").hex()

    def signs(self, raw_data: str, signature: str) -> bool:
        """Tell whether WeChat signed this text for the holder of the key."""
        made = hashlib.sha1((raw_data + self._text).encode()).hexdigest()  # noqa: S324 - WeChat's own scheme
        return hmac.compare_digest(made.encode(), signature.encode())

    def open(self, encrypted: str, iv: str, *, appid: str) -> dict[str, object]:
        """Decrypt open data (the phone number, for example) that a mini program was given.

        Raises:
            WeChatCodeInvalid: of another key, altered, or made for another account.
        """
        try:
            decryptor = Cipher(algorithms.AES128(_plain(self._text)), modes.CBC(_plain(iv))).decryptor()
            padded = decryptor.update(_plain(encrypted)) + decryptor.finalize()
            unpadder = PKCS7(128).unpadder()
            data = read_object(unpadder.update(padded) + unpadder.finalize(), max_depth=_DEEPEST)
        except (ValueError, StrictJsonError):
            raise WeChatCodeInvalid from None
        watermark = data.get("watermark")
        if not isinstance(watermark, dict) or watermark.get("appid") != appid:
            raise WeChatCodeInvalid
        return data


def _plain(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError from None
