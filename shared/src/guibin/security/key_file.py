"""The key file: all secrets of one deployment as one JSON document.

`key_encryption_keys` by version (a whole number from 1 to 65535), `current` the version that wraps new data keys (a new
version is first given to every process and made current afterwards), `index_keys` one per field that is searched by
value, `signing_keys` one per purpose. Every key is 32 random bytes in base64. `cipher` (`aes-256-gcm` or `sm4-gcm`) is
what new data keys encrypt with; `index_hash` (`sha256` or `sm3`) is chosen once, because what is stored is found by it.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, TypeVar, get_args

from guibin.core.strict_json import StrictJsonError, read_object
from guibin.security.aead import CipherName
from guibin.security.private_files import replace, write_new

IndexField = Literal[
    "customer_no",
    "certificate",
    "record",
    "holding",
    "phone",
    "name",
    "voucher_code",
    "openid",
    "unionid",
    "otp",
    "refresh_token",
    "tombstone",
    "person",
    "audit",
]
SigningPurpose = Literal["cursor", "qr", "download", "step_up", "rate", "audit"]

IndexHash = Literal["sha256", "sm3"]

CIPHERS: Final[tuple[CipherName, ...]] = get_args(CipherName)
INDEX_HASHES: Final[tuple[IndexHash, ...]] = get_args(IndexHash)
INDEX_FIELDS: Final[tuple[IndexField, ...]] = get_args(IndexField)
SIGNING_PURPOSES: Final[tuple[SigningPurpose, ...]] = get_args(SigningPurpose)

Name = TypeVar("Name", bound=str)

_KEY_BYTES: Final = 32
_DEEPEST: Final = 2
_HIGHEST_VERSION: Final = 65_535


class KeyFileInvalid(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """The key file cannot be used; the message names the file and what is wrong, never a key."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyMaterial:
    """The keys as raw bytes."""

    current: int
    key_encryption_keys: Mapping[int, bytes]
    index_keys: Mapping[IndexField, bytes]
    signing_keys: Mapping[SigningPurpose, bytes]
    cipher: CipherName = "aes-256-gcm"
    index_hash: IndexHash = "sha256"

    @classmethod
    def generate(cls, cipher: CipherName = "aes-256-gcm", index_hash: IndexHash = "sha256") -> Self:
        """Make a first set of keys from the system's random source."""
        return cls(
            cipher=cipher,
            index_hash=index_hash,
            current=1,
            key_encryption_keys={1: os.urandom(_KEY_BYTES)},
            index_keys={field: os.urandom(_KEY_BYTES) for field in INDEX_FIELDS},
            signing_keys={purpose: os.urandom(_KEY_BYTES) for purpose in SIGNING_PURPOSES},
        )


def write_key_file(path: Path, material: KeyMaterial) -> None:
    """Write the keys to a new file that only its owner can read (0600)."""
    write_new(path, _written(material))


def rewrite_key_file(path: Path, material: KeyMaterial) -> None:
    """Put other keys into the file, in one step: who reads it finds the old ones or the new ones."""
    replace(path, _written(material))


def _written(material: KeyMaterial) -> bytes:
    document = {
        "cipher": material.cipher,
        "index_hash": material.index_hash,
        "current": material.current,
        "key_encryption_keys": {str(version): _write_key(key) for version, key in material.key_encryption_keys.items()},
        "index_keys": {field: _write_key(key) for field, key in material.index_keys.items()},
        "signing_keys": {purpose: _write_key(key) for purpose, key in material.signing_keys.items()},
    }
    return json.dumps(document, indent=2).encode()


def read_key_file(path: Path) -> KeyMaterial:
    """Read the keys.

    Raises:
        KeyFileInvalid: with one sentence for the operator.
    """
    with _named(path):
        return _material(read_object(path.read_bytes(), max_depth=_DEEPEST))


def complete_key_file(path: Path) -> list[str]:
    """Add keys for the fields and purposes that a newer version of the product asks for; returns their names.

    Raises:
        KeyFileInvalid: the file cannot be read, or something else is wrong with it.
    """
    with _named(path):
        document = read_object(path.read_bytes(), max_depth=_DEEPEST)
        added = [*_complete(document, "index_keys", INDEX_FIELDS)]
        added += _complete(document, "signing_keys", SIGNING_PURPOSES)
        if added:
            rewrite_key_file(path, _material(document))
    return added


def _complete(document: dict[str, object], section: str, names: Iterable[str]) -> Iterator[str]:
    known = dict(_section(document, section))
    for name in names:
        if name not in known:
            known[name] = _write_key(os.urandom(_KEY_BYTES))
            yield f"{section}.{name}"
    document[section] = known


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of every fault which file it is in."""
    try:
        yield
    except OSError as error:
        raise KeyFileInvalid(f"key file {path}: {error.strerror}") from None
    except StrictJsonError as error:
        raise KeyFileInvalid(f"key file {path}: {error}") from None
    except _DocumentError as error:
        raise KeyFileInvalid(f"key file {path}: {error}") from None


class _DocumentError(Exception):
    """What is wrong inside the document."""


def _material(document: Mapping[str, object]) -> KeyMaterial:
    wrapping = _section(document, "key_encryption_keys")
    versions = {_version(name): _read_key("key_encryption_keys", name, wrapping) for name in wrapping}
    cipher = _one_of(document, "cipher", CIPHERS)
    index_hash = _one_of(document, "index_hash", INDEX_HASHES)
    current = document.get("current")
    if not isinstance(current, int) or isinstance(current, bool) or current not in versions:
        raise _DocumentError("current must be the version of one of the key_encryption_keys")
    return KeyMaterial(
        cipher=cipher,
        index_hash=index_hash,
        current=current,
        key_encryption_keys=versions,
        index_keys=_keys(document, "index_keys", INDEX_FIELDS),
        signing_keys=_keys(document, "signing_keys", SIGNING_PURPOSES),
    )


def _keys(document: Mapping[str, object], section: str, names: Iterable[Name]) -> dict[Name, bytes]:
    found = _section(document, section)
    return {name: _read_key(section, name, found) for name in names}


def _one_of(document: Mapping[str, object], name: str, known: tuple[Name, ...]) -> Name:
    """Return a choice by name; a file from before the choice existed means the first one."""
    found = document.get(name, known[0])
    for choice in known:
        if choice == found:
            return choice
    raise _DocumentError(f"{name} must be one of {', '.join(known)}")


def _section(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = document.get(name)
    if not isinstance(section, dict):
        raise _DocumentError(f"{name} is missing")
    return section


def _version(name: str) -> int:
    if re.fullmatch("[1-9][0-9]{0,4}", name) is None or int(name) > _HIGHEST_VERSION:
        raise _DocumentError("a version in key_encryption_keys is a whole number from 1 to 65535")
    return int(name)


def _read_key(section: str, name: str, keys: Mapping[str, object]) -> bytes:
    text = keys.get(name)
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise _DocumentError(f"{section} needs 32 bytes in base64 for {name}")
    return key


def _write_key(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")
