"""The chain over the audit trail, and the check of it: needs rows, seals and anchors, and no secret.

Each seal is the hash of one row and of the seal before, in the order of the writing transactions. Whoever changes,
takes away, adds or moves a row breaks the chain there. Whoever rewrites the chain as well, or cuts its end off,
disagrees with an anchor: a signed head of the chain that is kept outside the database.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives import hashes

GENESIS: Final = bytes(32)
"""What stands for the seal before the first."""

_NO_ROW: Final = UUID(int=0)


class Algorithm(StrEnum):
    """What a seal is hashed with."""

    SHA256 = "sha256"
    SM3 = "sm3"


class Fault(StrEnum):
    """What is wrong at the first bad row."""

    ALTERED = "altered"
    MISSING = "missing"
    INSERTED = "inserted"
    SEAL_BROKEN = "seal_broken"
    REWRITTEN = "rewritten"
    CUT = "cut"
    ANCHOR_INVALID = "anchor_invalid"


@dataclass(frozen=True, slots=True)
class Head:
    """How far the chain goes: the number of its last seal, that seal's hash, and the row under it."""

    seq: int = 0
    hash: bytes = GENESIS
    xact: int = -1
    entry_id: UUID = _NO_ROW
    algorithm: Algorithm | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of the chain as it was signed at an instant."""

    seq: int
    hash: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """One seal and the row that it seals; no row when there is none any more."""

    seq: int
    owner_id: UUID
    entry_id: UUID
    xact: int
    algorithm: str
    prev_hash: bytes
    hash: bytes
    row: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The first bad row: what is wrong, the number of its seal, and the row where one is known.

    Of a rewritten chain only the stretch is known: `seq` is the first seal after the last anchor that agrees.
    """

    fault: Fault
    seq: int | None = None
    owner_id: UUID | None = None
    entry_id: UUID | None = None
    xact: int | None = None


def canonical(row: Mapping[str, object]) -> bytes:
    """Write a row in the one form that is hashed: JSON with sorted names, instants in UTC, empty columns left out.

    Empty columns are left out so that a column which is added to the table later changes no seal.
    """
    told = {name: value for name, value in row.items() if value not in (None, "", {})}
    written = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    return written.encode("ascii")


def seal_hash(algorithm: Algorithm, row: Mapping[str, object], prev_hash: bytes) -> bytes:
    """Return the 32-byte hash of a row and of the seal before it."""
    return _HASHES[algorithm](canonical(row) + b"|" + prev_hash)


class ChainCheck:
    """Follows the chain seal by seal; the first thing that is wrong is the finding."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self._anchors: dict[int, list[bytes]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.seq, []).append(anchor.hash)
        self._last_agreed = 0
        self._head: tuple[int, bytes] | None = None
        self.first_seq: int | None = None
        """The number of the first seal that was good: above 1 where what is before it was archived."""

    def follow(self, link: Link) -> Finding | None:
        """Check the next seal, in the order of their numbers; None when it is good."""
        seq, prev_hash = self._head or self._beginning(link)
        if link.seq != seq + 1:
            return Finding(Fault.SEAL_BROKEN, seq + 1)
        fault = _fault_of(link, prev_hash)
        if fault is not None:
            return _at(link, fault)
        if any(signed != link.hash for signed in self._anchors.get(link.seq, ())):
            return Finding(Fault.REWRITTEN, self._last_agreed + 1)
        if link.seq in self._anchors:
            self._last_agreed = link.seq
        self._head = (link.seq, link.hash)
        self.first_seq = self.first_seq or link.seq
        return None

    def end(self) -> Finding | None:
        """Check, after the last seal, that the chain reaches as far as it was signed."""
        seq = self._head[0] if self._head else 0
        return Finding(Fault.CUT, seq + 1) if any(signed > seq for signed in self._anchors) else None

    def _beginning(self, link: Link) -> tuple[int, bytes]:
        """Return what the first seal follows: nothing, or a signed head up to which the trail was archived."""
        if link.prev_hash in self._anchors.get(link.seq - 1, ()):
            return link.seq - 1, link.prev_hash
        return 0, GENESIS


def first_of(finding: Finding | None, intruder: Finding | None) -> Finding | None:
    """Return which of a bad link and a row without a seal comes first in the order of the trail."""
    if finding is None or intruder is None:
        return finding or intruder
    if finding.xact is None or finding.entry_id is None or intruder.xact is None or intruder.entry_id is None:
        return finding
    return min(finding, intruder, key=lambda one: (one.xact or 0, str(one.entry_id)))


def _fault_of(link: Link, prev_hash: bytes) -> Fault | None:
    if link.prev_hash != prev_hash:
        return Fault.SEAL_BROKEN
    if link.row is None:
        return Fault.MISSING
    if link.algorithm not in _HASHES or seal_hash(Algorithm(link.algorithm), link.row, prev_hash) != link.hash:
        return Fault.ALTERED
    # By the place in the seal it is known which rows have none: told wrongly, rows would be added and never found.
    return Fault.SEAL_BROKEN if link.row["xact"] != link.xact else None


def _at(link: Link, fault: Fault) -> Finding:
    return Finding(fault, link.seq, link.owner_id, link.entry_id, link.xact)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"a row of the trail holds no {type(value).__name__}")


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _sm3(content: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize()


_HASHES: Final[Mapping[str, Callable[[bytes], bytes]]] = {Algorithm.SHA256: _sha256, Algorithm.SM3: _sm3}
