"""Anchors: heads of the chain, signed with a key outside the database and kept in a second place.

The place is a file that only grows (on storage that is written once where the bank has such) and, where an address is
set, the system log. Signatures are Ed25519: who checks them needs the public key only.
"""

import base64
import json
import logging
import logging.handlers
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guibin.audit.chain import Anchor
from guibin.core.strict_json import StrictJsonError, read_object
from guibin.security.private_files import write_new

_CONTEXT: Final = b"guibin audit anchor 1\n"


class AnchorInvalid(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """A key or a line of the anchors' file cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class AnchorBook:
    """Where anchors are kept: the file, and the address of the system log (`host:port` or a socket) if there is one."""

    file: Path
    syslog: str | None = None

    def append(self, anchor: Anchor, key: Ed25519PrivateKey) -> None:
        """Sign a head and add it to both places."""
        line = write_anchor(anchor, key)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "ab") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if self.syslog is not None:
            _to_syslog(self.syslog, line.decode("ascii"))

    def read(self, key: Ed25519PublicKey) -> list[Anchor]:
        """Return the anchors; none when there is no file yet.

        Raises:
            AnchorInvalid: a line that this key has not signed.
        """
        return list(self._read(key)) if self.file.exists() else []

    def _read(self, key: Ed25519PublicKey) -> Iterator[Anchor]:
        for number, line in enumerate(self.file.read_bytes().splitlines(), start=1):
            try:
                yield read_anchor(line, key)
            except AnchorInvalid as error:
                raise AnchorInvalid(f"anchor file {self.file}, line {number}: {error}") from None


def write_anchor(anchor: Anchor, key: Ed25519PrivateKey) -> bytes:
    """Write an anchor as one line of JSON with its signature."""
    content = _content(anchor)
    signature = key.sign(_CONTEXT + _compact(content))
    return _compact({**content, "signature": base64.b64encode(signature).decode("ascii")})


def read_anchor(line: bytes, key: Ed25519PublicKey) -> Anchor:
    """Read a line that `write_anchor` wrote.

    Raises:
        AnchorInvalid: it has another form, or another signature.
    """
    try:
        told = read_object(line, max_depth=1)
        signature = base64.b64decode(str(told.pop("signature")), validate=True)
        key.verify(signature, _CONTEXT + _compact(told))
        at = datetime.fromisoformat(str(told["at"]))
        return Anchor(int(str(told["seq"])), bytes.fromhex(str(told["hash"])), at)
    except (StrictJsonError, KeyError, ValueError):
        raise AnchorInvalid("this is no anchor") from None
    except InvalidSignature:
        raise AnchorInvalid("the signature is not of this key") from None


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Load the key that signs.

    Raises:
        AnchorInvalid: there is none, or it is no Ed25519 key in PEM.
    """
    key = _load(path, lambda content: serialization.load_pem_private_key(content, password=None))
    if not isinstance(key, Ed25519PrivateKey):
        raise AnchorInvalid(f"anchor key {path}: not an Ed25519 key")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Load the key that checks.

    Raises:
        AnchorInvalid: there is none, or it is no Ed25519 key in PEM.
    """
    key = _load(path, serialization.load_pem_public_key)
    if not isinstance(key, Ed25519PublicKey):
        raise AnchorInvalid(f"anchor key {path}: not an Ed25519 key")
    return key


def make_key_pair(private: Path, public: Path) -> Ed25519PrivateKey:
    """Make a pair of keys and keep them; for development.

    Raises:
        FileExistsError: there is one already.
    """
    key = Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_new(private, key.private_bytes(*form))
    shown = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(shown)
    return key


def _load(path: Path, read: Callable[[bytes], object]) -> object:
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise AnchorInvalid(f"anchor key {path}: {error.strerror}") from None
    except ValueError:
        raise AnchorInvalid(f"anchor key {path}: not a key in PEM") from None


def _content(anchor: Anchor) -> dict[str, object]:
    return {"at": anchor.at.astimezone(UTC).isoformat(), "hash": anchor.hash.hex(), "seq": anchor.seq}


def _compact(content: dict[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _to_syslog(address: str, line: str) -> None:
    host, separator, port = address.rpartition(":")
    target: str | tuple[str, int] = (host, int(port)) if separator else address
    handler = logging.handlers.SysLogHandler(target, facility=logging.handlers.SysLogHandler.LOG_AUTHPRIV)
    try:
        handler.emit(logging.LogRecord("guibin", logging.INFO, "", 0, f"guibin audit anchor {line}", None, None))
    finally:
        handler.close()
