"""The two authenticated ciphers: AES-256-GCM, and SM4-GCM for banks whose cryptography must be the national one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CipherName = Literal["aes-256-gcm", "sm4-gcm"]

_TAG_BYTES: Final = 16
_SM4_KEY_BYTES: Final = 16
_AES_KEY_BYTES: Final = 32


class Aead(Protocol):
    """An authenticated cipher with one key; the tag stands behind the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Encrypt and bind to the associated data."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Return the data; raises InvalidTag when anything was changed."""


class Sm4Gcm:
    """SM4 in Galois/Counter mode (RFC 8998), with the interface of the library's own AEAD classes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Encrypt and bind to the associated data."""
        encryptor = Cipher(self._cipher, GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Return the data; raises InvalidTag when anything was changed."""
        decryptor = Cipher(self._cipher, GCM(nonce, data[-_TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-_TAG_BYTES]) + decryptor.finalize()


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm as ciphertexts name it: one byte, the size of its keys, the cipher."""

    mark: int
    key_bytes: int
    cipher: Callable[[bytes], Aead]


ALGORITHMS: Final[Mapping[CipherName, Algorithm]] = {
    "aes-256-gcm": Algorithm(1, _AES_KEY_BYTES, AESGCM),
    "sm4-gcm": Algorithm(2, _SM4_KEY_BYTES, Sm4Gcm),
}


def key_encryption(name: CipherName, key: bytes) -> Aead:
    """Return the cipher that wraps data keys under a key of 32 bytes; SM4 takes a key derived from it (HKDF-SM3)."""
    if name == "aes-256-gcm":
        return AESGCM(key)
    derived = HKDF(hashes.SM3(), _SM4_KEY_BYTES, salt=None, info=b"guibin sm4 key wrap").derive(key)
    return Sm4Gcm(derived)
