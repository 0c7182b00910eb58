"""Tickets, codes and devices: what is made at random, and what the database keeps of them, which is keyed hashes."""

import hmac
import re
import secrets
from typing import Final
from uuid import UUID

from guibin.security.ciphers import KeyRing
from guibin.sessions.models import CodePurpose
from guibin.sessions.rules import CODE_DIGITS

_TICKET_BYTES: Final = 32
_TICKET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_ticket() -> str:
    """Make the ticket of a binding: 256 random bits."""
    return secrets.token_urlsafe(_TICKET_BYTES)


def is_ticket(text: str) -> bool:
    """Tell whether a text has the form of a ticket."""
    return _TICKET.fullmatch(text) is not None


def ticket_ref(keys: KeyRing, ticket: str) -> bytes:
    """Return what the database keeps of a ticket."""
    return keys.blind_index("otp", f"ticket {ticket}")


def step_up_ref(keys: KeyRing, *, customer_id: UUID, about: UUID, quantity: int, points: int) -> bytes:
    """Return what a one-time password for a right or a transfer of points is bound to."""
    return keys.blind_index("otp", f"step_up {customer_id} {about} {quantity} {points}")


def new_code() -> str:
    """Make a one-time password."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def code_hash(keys: KeyRing, code: str, *, purpose: CodePurpose, bound_to: bytes, phone_idx: bytes) -> bytes:
    """Return what the database keeps of a code: good for one purpose, ticket and phone only."""
    return keys.blind_index("otp", f"code {purpose} {bound_to.hex()} {phone_idx.hex()} {code}")


def same(one: bytes, other: bytes) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(one, other)


def device_ref(keys: KeyRing, device_id: str) -> bytes:
    """Return what the database keeps of a device's own id."""
    return keys.blind_index("refresh_token", f"device {device_id}")


def asker_ref(keys: KeyRing, *, address: str, program: str) -> bytes:
    """Return what the database keeps of a caller that names no device: the address and the program."""
    return keys.blind_index("refresh_token", f"asker {address} {program}")
