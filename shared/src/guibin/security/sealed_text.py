"""A text for one other system, sealed under a secret that both know: AES-256-GCM with a key derived from it."""

import os
from base64 import urlsafe_b64encode
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def seal_text(text: str, secret: str, *, purpose: str, bound_to: str) -> str:
    """Seal a text: base64url of 12 bytes of nonce, the ciphertext and its tag.

    The key is HKDF-SHA-256 of the secret, without salt, with the purpose as its info; the sealed text opens for
    `bound_to` alone, which is its associated data.
    """
    key = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode()).derive(secret.encode())
    nonce = os.urandom(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), bound_to.encode())).decode("ascii")
