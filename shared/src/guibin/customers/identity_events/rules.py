"""What the bank's own customer system tells of identities, and what becomes of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class IdentityEventKind(StrEnum):
    """What happened to a customer number, or to a certificate."""

    MERGE = "merge"
    SPLIT = "split"
    RENUMBER = "renumber"
    CERTIFICATE_CHANGED = "certificate_changed"


class IdentityOutcome(StrEnum):
    """What an event did."""

    MERGED = "merged"
    PARTED = "parted"
    RENUMBERED = "renumbered"
    CERTIFICATE_ADDED = "certificate_added"
    UNCHANGED = "unchanged"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class IdentityEvent:
    """One event, with keyed hashes in place of what it names.

    `number_ref` is the customer's number, `other_ref` the number that is merged into it, parted from it or takes its
    place, `certificate_ref` a certificate that the customer has from `day` on, `ended_ref` the one that it replaces.
    `content_hash` is of all that was sent: a reference stands for one content.
    """

    reference: str
    kind: IdentityEventKind
    day: date
    content_hash: bytes
    number_ref: bytes
    other_ref: bytes | None = None
    certificate_ref: bytes | None = None
    ended_ref: bytes | None = None
