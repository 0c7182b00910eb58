"""Personal values at rest: envelope encryption, blind indexes and signatures, from one ring of keys.

A key-encryption key wraps one data key per owner (a customer or a source record); the data key encrypts the owner's
personal fields. Destroying the wrapped data key makes the owner's fields unreadable for good. The cipher is AES-256-GCM
or SM4-GCM (GB/T 32907), as the key file says; each ciphertext names its own, so that both live beside each other.

Layout of a ciphertext, in bytes: format 1, algorithm 1, version of the data key 2, nonce 12, ciphertext, tag 16.
Layout of a wrapped data key: format 1, algorithm of the data key 1, version of the key-encryption key 2, version of the
data key 2, nonce 12, encrypted key 32 (AES) or 16 (SM4), tag 16.
"""

import hmac
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NewType, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from guibin.security.aead import ALGORITHMS, Aead, CipherName, key_encryption
from guibin.security.key_file import IndexField, KeyMaterial, SigningPurpose, read_key_file, write_key_file

WrappedKey = NewType("WrappedKey", bytes)

_FORMAT: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_VALUE_HEAD: Final = 4
_KEY_HEAD: Final = 6


class DecryptionFailed(Exception):  # noqa: N818 - named for what happened; the conductor writes it to the audit trail
    """The value was not encrypted with this key for this place, or was changed since: the place is named, no value."""

    def __init__(self, table: str = "", column: str = "", row_id: UUID | None = None) -> None:
        super().__init__(f"{table}.{column} of {row_id}" if table else "a data key")
        self.table = table
        self.column = column
        self.row_id = row_id


class DataKey:
    """The opened key of one owner. Encrypts and decrypts text bound to one column of one row."""

    __slots__ = ("_cipher", "_head", "version")

    def __init__(self, cipher: Aead, algorithm: CipherName, version: int) -> None:
        self._cipher = cipher
        self._head = _mark(algorithm) + version.to_bytes(2, "big")
        self.version = version

    def __repr__(self) -> str:
        return f"DataKey(version={self.version})"

    def encrypt(self, text: str, table: str, column: str, row_id: UUID) -> bytes:
        """Encrypt text for one column of one row; every call gives another ciphertext."""
        return self.encrypt_bytes(text.encode(), table, column, row_id)

    def encrypt_bytes(self, content: bytes, table: str, column: str, row_id: UUID) -> bytes:
        """Encrypt what is no text, part of a file for example."""
        nonce = os.urandom(_NONCE_BYTES)
        place = _place(table, column) + row_id.bytes + self._head
        return self._head + nonce + self._cipher.encrypt(nonce, content, place)

    def decrypt(self, ciphertext: bytes, table: str, column: str, row_id: UUID) -> str:
        """Return the text that `encrypt` took for the same place.

        Raises:
            DecryptionFailed: another place, key, key version, format or algorithm, or altered bytes.
        """
        return self.decrypt_bytes(ciphertext, table, column, row_id).decode()

    def decrypt_bytes(self, ciphertext: bytes, table: str, column: str, row_id: UUID) -> bytes:
        """Return the bytes that `encrypt_bytes` took for the same place.

        Raises:
            DecryptionFailed: as `decrypt`.
        """
        head, nonce = ciphertext[:_VALUE_HEAD], ciphertext[_VALUE_HEAD : _VALUE_HEAD + _NONCE_BYTES]
        if head != self._head or len(ciphertext) < _VALUE_HEAD + _NONCE_BYTES + _TAG_BYTES:
            raise DecryptionFailed(table, column, row_id)
        place = _place(table, column) + row_id.bytes + self._head
        try:
            return self._cipher.decrypt(nonce, ciphertext[_VALUE_HEAD + _NONCE_BYTES :], place)
        except InvalidTag:
            raise DecryptionFailed(table, column, row_id) from None


class KeyRing:
    """All keys of one deployment, loaded once when a process starts, so that no transaction waits for a key service.

    A ring that comes from a file reads it again when it meets a key-encryption key that it does not know: keys are
    rotated while the services run.
    """

    __slots__ = (
        "_cipher",
        "_current",
        "_indexes",
        "_key_encryption",
        "_path",
        "_read_of",
        "_signing_keys",
    )

    def __init__(self, material: KeyMaterial, path: Path | None = None) -> None:
        self._path = path
        self._read_of = _changed_at(path)
        self._take(material)

    def _take(self, material: KeyMaterial) -> None:
        self._current = material.current
        self._cipher = material.cipher
        self._key_encryption = {
            (name, version): key_encryption(name, key)
            for version, key in material.key_encryption_keys.items()
            for name in ALGORITHMS
        }
        index_hash = hashes.SHA256() if material.index_hash == "sha256" else hashes.SM3()
        # Keyed once and copied for each value: a file of a million rows asks for some ten million of them.
        self._indexes = {field: HMAC(key, index_hash) for field, key in material.index_keys.items()}
        self._signing_keys = dict(material.signing_keys)

    def __repr__(self) -> str:
        return f"KeyRing(current={self._current})"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load the ring from its key file.

        Raises:
            KeyFileInvalid: the file is missing, unreadable, or lacks a key.
        """
        return cls(read_key_file(path), path)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make new keys, keep them in a key file (0600) and return the ring; for development.

        Raises:
            FileExistsError: the file is there already.
        """
        material = KeyMaterial.generate()
        write_key_file(path, material)
        return cls(material, path)

    def new_data_key(self, owner_id: UUID, version: int = 1) -> WrappedKey:
        """Make a data key for a customer or a source record, wrapped with the current key-encryption key."""
        return self.make_data_key(owner_id, version)[0]

    def make_data_key(self, owner_id: UUID, version: int = 1) -> tuple[WrappedKey, DataKey]:
        """Make a data key as `new_data_key` does, and open it: for whoever encrypts with it at once."""
        algorithm = ALGORITHMS[self._cipher]
        key = os.urandom(algorithm.key_bytes)
        wrapped = self._wrap(key, self._cipher, owner_id, version)
        return wrapped, DataKey(algorithm.cipher(key), self._cipher, version)

    def open_data_key(self, wrapped: WrappedKey, owner_id: UUID) -> DataKey:
        """Unwrap the data key of its owner.

        Raises:
            DecryptionFailed: another owner, an unknown key-encryption key, format or algorithm, or altered bytes.
        """
        key, algorithm, version = self._unwrap(wrapped, owner_id)
        return DataKey(ALGORITHMS[algorithm].cipher(key), algorithm, version)

    @property
    def current_mark(self) -> bytes:
        """The two bytes at offset 2 of every data key that the current key-encryption key wraps."""
        return self._current.to_bytes(2, "big")

    def wrap_again(self, wrapped: WrappedKey, owner_id: UUID) -> WrappedKey:
        """Wrap the same data key with the current key-encryption key; what it encrypted stays as it is.

        Raises:
            DecryptionFailed: as `open_data_key`.
        """
        return self._wrap(*self._unwrap(wrapped, owner_id)[:2], owner_id, int.from_bytes(wrapped[4:6], "big"))

    def _wrap(self, key: bytes, algorithm: CipherName, owner_id: UUID, version: int) -> WrappedKey:
        head = _mark(algorithm) + self.current_mark + version.to_bytes(2, "big")
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._key_encryption[algorithm, self._current]
        return WrappedKey(head + nonce + cipher.encrypt(nonce, key, head + owner_id.bytes))

    def _unwrap(self, wrapped: WrappedKey, owner_id: UUID) -> tuple[bytes, CipherName, int]:
        head, nonce = wrapped[:_KEY_HEAD], wrapped[_KEY_HEAD : _KEY_HEAD + _NONCE_BYTES]
        algorithm = _algorithm_of(head[:2])
        if algorithm is None or len(wrapped) < _KEY_HEAD + _NONCE_BYTES + _TAG_BYTES:
            raise DecryptionFailed
        cipher = self._cipher_of(algorithm, int.from_bytes(head[2:4], "big"))
        try:
            key = cipher.decrypt(nonce, wrapped[_KEY_HEAD + _NONCE_BYTES :], head + owner_id.bytes)
        except InvalidTag:
            raise DecryptionFailed from None
        return key, algorithm, int.from_bytes(head[4:6], "big")

    def _cipher_of(self, algorithm: CipherName, version: int) -> Aead:
        if (algorithm, version) not in self._key_encryption:
            self._read_again()
        cipher = self._key_encryption.get((algorithm, version))
        if cipher is None:
            raise DecryptionFailed
        return cipher

    def _read_again(self) -> None:
        changed_at = _changed_at(self._path)
        if self._path is not None and changed_at != self._read_of:
            self._read_of = changed_at
            self._take(read_key_file(self._path))

    def blind_index(self, field: IndexField, value: str) -> bytes:
        """Return the 32-byte keyed hash by which a field's normalised value is found (HMAC, own key per field).

        The same value always gives the same index, so callers normalise first.
        """
        keyed = self._indexes[field].copy()
        keyed.update(value.encode())
        return keyed.finalize()

    def sign(self, purpose: SigningPurpose, payload: bytes) -> bytes:
        """Return the 32-byte signature of a payload that leaves the product and comes back (HMAC-SHA-256)."""
        return hmac.digest(self._signing_keys[purpose], payload, "sha256")

    def check(self, purpose: SigningPurpose, payload: bytes, signature: bytes) -> bool:
        """Tell whether `sign` made this signature for this purpose and payload, in constant time."""
        return hmac.compare_digest(self.sign(purpose, payload), signature)


def _mark(algorithm: CipherName) -> bytes:
    return bytes((_FORMAT, ALGORITHMS[algorithm].mark))


_MARKS: Final[Mapping[bytes, CipherName]] = {_mark(name): name for name in ALGORITHMS}


def _changed_at(path: Path | None) -> int | None:
    return None if path is None else path.stat().st_mtime_ns


def _algorithm_of(mark: bytes) -> CipherName | None:
    return _MARKS.get(mark)


@lru_cache(maxsize=256)
def _place(table: str, column: str) -> bytes:
    """Name a column for the additional data; plain names only, so that no two places read alike."""
    if not (table.isidentifier() and column.isidentifier()):
        raise ValueError("a place is a table and a column by their plain names")
    return f"{table}|{column}|".encode()
