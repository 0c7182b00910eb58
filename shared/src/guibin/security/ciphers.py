"""Personal values at rest: envelope encryption, blind indexes and signatures, from one ring of keys.

A key-encryption key wraps one data key per owner (a customer or a source record); the data key encrypts the owner's
personal fields with AES-256-GCM. Destroying the wrapped data key makes the owner's fields unreadable for good.

Layout of a ciphertext, in bytes: format 1, algorithm 1, version of the data key 2, nonce 12, ciphertext, tag 16.
Layout of a wrapped data key: format 1, algorithm 1, version of the key-encryption key 2, version of the data key 2,
nonce 12, encrypted key 32, tag 16.
"""

import hmac
import os
from functools import lru_cache
from pathlib import Path
from typing import Final, NewType, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guibin.security.key_file import IndexField, KeyMaterial, SigningPurpose, read_key_file, write_key_file

WrappedKey = NewType("WrappedKey", bytes)

_FORMAT: Final = 1
_AES_256_GCM: Final = 1
_MARK: Final = bytes((_FORMAT, _AES_256_GCM))
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_VALUE_HEAD: Final = 4
_KEY_HEAD: Final = 6


class DecryptionFailed(Exception):  # noqa: N818 - named for what happened; callers write it to the audit trail
    """The value was not encrypted with this key for this place, or was changed since. It carries no value."""


class DataKey:
    """The opened key of one owner. Encrypts and decrypts text bound to one column of one row."""

    __slots__ = ("_cipher", "_head", "version")

    def __init__(self, key: bytes, version: int) -> None:
        self._cipher = AESGCM(key)
        self._head = _MARK + version.to_bytes(2, "big")
        self.version = version

    def __repr__(self) -> str:
        return f"DataKey(version={self.version})"

    def encrypt(self, text: str, table: str, column: str, row_id: UUID) -> bytes:
        """Encrypt text for one column of one row; every call gives another ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        place = _place(table, column) + row_id.bytes + self._head
        return self._head + nonce + self._cipher.encrypt(nonce, text.encode(), place)

    def decrypt(self, ciphertext: bytes, table: str, column: str, row_id: UUID) -> str:
        """Return the text that `encrypt` took for the same place.

        Raises:
            DecryptionFailed: another place, key, key version, format or algorithm, or altered bytes.
        """
        head, nonce = ciphertext[:_VALUE_HEAD], ciphertext[_VALUE_HEAD : _VALUE_HEAD + _NONCE_BYTES]
        if head != self._head or len(ciphertext) < _VALUE_HEAD + _NONCE_BYTES + _TAG_BYTES:
            raise DecryptionFailed
        place = _place(table, column) + row_id.bytes + self._head
        try:
            return self._cipher.decrypt(nonce, ciphertext[_VALUE_HEAD + _NONCE_BYTES :], place).decode()
        except InvalidTag:
            raise DecryptionFailed from None


class KeyRing:
    """All keys of one deployment, loaded once when a process starts, so that no transaction waits for a key service."""

    __slots__ = ("_current", "_index_keys", "_key_encryption", "_signing_keys")

    def __init__(self, material: KeyMaterial) -> None:
        self._current = material.current
        self._key_encryption = {version: AESGCM(key) for version, key in material.key_encryption_keys.items()}
        self._index_keys = dict(material.index_keys)
        self._signing_keys = dict(material.signing_keys)

    def __repr__(self) -> str:
        return f"KeyRing(current={self._current})"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load the ring from its key file.

        Raises:
            KeyFileInvalid: the file is missing, unreadable, or lacks a key.
        """
        return cls(read_key_file(path))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make new keys, keep them in a key file (0600) and return the ring; for development.

        Raises:
            FileExistsError: the file is there already.
        """
        material = KeyMaterial.generate()
        write_key_file(path, material)
        return cls(material)

    def new_data_key(self, owner_id: UUID, version: int = 1) -> WrappedKey:
        """Make a data key for a customer or a source record, wrapped with the current key-encryption key."""
        head = _MARK + self._current.to_bytes(2, "big") + version.to_bytes(2, "big")
        nonce = os.urandom(_NONCE_BYTES)
        key = AESGCM.generate_key(256)
        return WrappedKey(head + nonce + self._key_encryption[self._current].encrypt(nonce, key, head + owner_id.bytes))

    def open_data_key(self, wrapped: WrappedKey, owner_id: UUID) -> DataKey:
        """Unwrap the data key of its owner.

        Raises:
            DecryptionFailed: another owner, an unknown key-encryption key, format or algorithm, or altered bytes.
        """
        head, nonce = wrapped[:_KEY_HEAD], wrapped[_KEY_HEAD : _KEY_HEAD + _NONCE_BYTES]
        cipher = self._key_encryption.get(int.from_bytes(head[2:4], "big"))
        if cipher is None or head[:2] != _MARK or len(wrapped) < _KEY_HEAD + _NONCE_BYTES + _TAG_BYTES:
            raise DecryptionFailed
        try:
            key = cipher.decrypt(nonce, wrapped[_KEY_HEAD + _NONCE_BYTES :], head + owner_id.bytes)
        except InvalidTag:
            raise DecryptionFailed from None
        return DataKey(key, int.from_bytes(head[4:6], "big"))

    def blind_index(self, field: IndexField, value: str) -> bytes:
        """Return the 32-byte keyed hash by which a field's normalised value is found (HMAC-SHA-256, own key per field).

        The same value always gives the same index, so callers normalise first.
        """
        return hmac.digest(self._index_keys[field], value.encode(), "sha256")

    def sign(self, purpose: SigningPurpose, payload: bytes) -> bytes:
        """Return the 32-byte signature of a payload that leaves the product and comes back (HMAC-SHA-256)."""
        return hmac.digest(self._signing_keys[purpose], payload, "sha256")

    def check(self, purpose: SigningPurpose, payload: bytes, signature: bytes) -> bool:
        """Tell whether `sign` made this signature for this purpose and payload, in constant time."""
        return hmac.compare_digest(self.sign(purpose, payload), signature)


@lru_cache(maxsize=256)
def _place(table: str, column: str) -> bytes:
    """Name a column for the additional data; plain names only, so that no two places read alike."""
    if not (table.isidentifier() and column.isidentifier()):
        raise ValueError("a place is a table and a column by their plain names")
    return f"{table}|{column}|".encode()
