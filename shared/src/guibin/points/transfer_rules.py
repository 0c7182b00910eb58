"""Points that pass from one customer to another: the receiver's code, and what a customer may pass on at most."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from guibin.security.ciphers import KeyRing
from guibin.security.signed_text import read_signed, write_signed

CODE_LIFE: Final = timedelta(minutes=5)
"""How long a receiver's code is taken."""

_MARK: Final = "GBT1."
_UUID_BYTES: Final = 16
_SECONDS_BYTES: Final = 8
_FIXED_BYTES: Final = 2 * _UUID_BYTES + _SECONDS_BYTES


class TransferSide(StrEnum):
    """Whether a customer gave or received."""

    OUT = "out"
    IN = "in"


class Bound(StrEnum):
    """What limits the points that one customer passes on."""

    EACH = "each"
    DAY = "day"
    MONTH = "month"


class TransferLimits(BaseModel):
    """What one customer may pass on: at once, in a day and in a calendar month of business, per kind of points.

    From `step_up_from` points on a transfer asks for a proof that the customer is there.
    """

    model_config = ConfigDict(frozen=True)

    each: int = 10_000
    day: int = 20_000
    month: int = 50_000
    step_up_from: int = 1_000


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The bound that a transfer breaks, how much it allows, and what of it is left."""

    bound: Bound
    most: int
    left: int


def exceeded_by(points: int, limits: TransferLimits, *, day: int, month: int) -> Exceeded | None:
    """Return the first bound that a transfer breaks; `day` and `month` are what was passed on in them before."""
    rooms = ((Bound.EACH, limits.each, 0), (Bound.DAY, limits.day, day), (Bound.MONTH, limits.month, month))
    for bound, most, before in rooms:
        if before + points > most:
            return Exceeded(bound, most, max(most - before, 0))
    return None


@dataclass(frozen=True, slots=True)
class ReceivingCode:
    """A customer's word to take points of one kind, once: `transfer_id` is the transfer that it becomes."""

    transfer_id: UUID
    customer_id: UUID
    wallet: str
    expires_at: datetime


def write_receiving_code(keys: KeyRing, code: ReceivingCode) -> str:
    """Write a code as the signed text that the receiver shows, as a QR picture for example."""
    seconds = int(code.expires_at.timestamp()).to_bytes(_SECONDS_BYTES, "big")
    content = code.transfer_id.bytes + code.customer_id.bytes + seconds + code.wallet.encode()
    return write_signed(keys, "qr", _MARK, content)


def read_receiving_code(keys: KeyRing, text: str) -> ReceivingCode | None:
    """Read a text of `write_receiving_code`; None when it is not ours or altered. Its time is not looked at."""
    content = read_signed(keys, "qr", _MARK, text)
    if content is None:
        return None
    seconds = int.from_bytes(content[2 * _UUID_BYTES : _FIXED_BYTES], "big")
    return ReceivingCode(
        transfer_id=UUID(bytes=content[:_UUID_BYTES]),
        customer_id=UUID(bytes=content[_UUID_BYTES : 2 * _UUID_BYTES]),
        wallet=content[_FIXED_BYTES:].decode(),
        expires_at=datetime.fromtimestamp(seconds, UTC),
    )
