"""Step-up: a proof that the customer is there, for so many points of one thing, for five minutes, good once."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from guibin.points.errors import StepUpInvalid
from guibin.security.ciphers import KeyRing

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
    return _written(content + keys.sign("step_up", content))


def read_step_up(keys: KeyRing, token: str) -> StepUpProof:
    """Read a token of `write_step_up`.

    Raises:
        StepUpInvalid: it is not ours, or altered.
    """
    try:
        text = token.removeprefix(_MARK)
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise StepUpInvalid from None
    content, signature = signed[:_BYTES], signed[_BYTES:]
    if _written(signed) != token or not keys.check("step_up", content, signature):
        raise StepUpInvalid
    ids = [UUID(bytes=content[start : start + _UUID_BYTES]) for start in range(0, _IDS, _UUID_BYTES)]
    quantity, points, seconds = (
        int.from_bytes(content[start : start + _NUMBER_BYTES], "big") for start in range(_IDS, _BYTES, _NUMBER_BYTES)
    )
    return StepUpProof(ids[0], ids[1], ids[2], quantity, points, datetime.fromtimestamp(seconds, UTC))


def _written(signed: bytes) -> str:
    return _MARK + base64.urlsafe_b64encode(signed).rstrip(b"=").decode("ascii")
