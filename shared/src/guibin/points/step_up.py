"""Step-up: a proof that the customer is there, for so many points of one thing, for five minutes, good once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from guibin.points.errors import StepUpInvalid
from guibin.security.ciphers import KeyRing
from guibin.security.signed_text import read_signed, write_signed

PROOF_LIFE: Final = timedelta(minutes=5)
METHODS: Final = ("otp",)
_MARK: Final = "GBS1."
_UUID_BYTES: Final = 16
_NUMBER_BYTES: Final = 8
_IDS: Final = 3 * _UUID_BYTES
_BYTES: Final = _IDS + 3 * _NUMBER_BYTES


@dataclass(frozen=True, slots=True)
class StepUpProof:
    """What was proved: this customer wants so many units of something for so many points. `id` makes it good once.

    `about` is the right that is redeemed, or the transfer that a receiver's code names.
    """

    id: UUID
    customer_id: UUID
    about: UUID
    quantity: int
    points: int
    expires_at: datetime


def write_step_up(keys: KeyRing, proof: StepUpProof) -> str:
    """Write a proof as the signed token that the customer shows with the command."""
    numbers = (proof.quantity, proof.points, int(proof.expires_at.timestamp()))
    content = proof.id.bytes + proof.customer_id.bytes + proof.about.bytes
    content += b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)
    return write_signed(keys, "step_up", _MARK, content)


def read_step_up(keys: KeyRing, token: str) -> StepUpProof:
    """Read a token of `write_step_up`.

    Raises:
        StepUpInvalid: it is not ours, or altered.
    """
    content = read_signed(keys, "step_up", _MARK, token)
    if content is None:
        raise StepUpInvalid
    ids = [UUID(bytes=content[start : start + _UUID_BYTES]) for start in range(0, _IDS, _UUID_BYTES)]
    quantity, points, seconds = (
        int.from_bytes(content[start : start + _NUMBER_BYTES], "big") for start in range(_IDS, _BYTES, _NUMBER_BYTES)
    )
    return StepUpProof(ids[0], ids[1], ids[2], quantity, points, datetime.fromtimestamp(seconds, UTC))
