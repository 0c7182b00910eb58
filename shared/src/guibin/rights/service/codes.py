"""Voucher codes as secrets: made at random, kept encrypted and by keyed hash, shown as a QR payload for a minute."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from guibin.core.ids import new_id
from guibin.rights.models import VoucherCode
from guibin.rights.patterns import CodePattern, normal_form
from guibin.security.ciphers import DataKey, KeyRing
from guibin.security.signed_text import read_signed, write_signed

QR_LIFE: Final = timedelta(seconds=60)

OUR_PATTERN: Final = CodePattern()
_TABLE: Final = "voucher_code"
_COLUMN: Final = "code_enc"
_QR_MARK: Final = "GBQ1."
_FOREVER: Final = bytes(8)
"""In place of the seconds until which a payload may be shown."""
_UUID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class QrContent:
    """What a QR payload names: a code of a right, the redemption that holds it, and until when it may be shown.

    `expires_at` None is a picture that lives until its code is used.
    """

    right_id: UUID
    code_id: UUID
    redemption_id: UUID
    expires_at: datetime | None


def new_code(pattern: CodePattern = OUR_PATTERN) -> str:
    """Make a code at random; without a pattern of the bank's own one of 80 bits, in four groups of four."""
    alphabet = pattern.symbols.alphabet
    return pattern.write("".join(secrets.choice(alphabet) for _ in range(pattern.length)))


def hash_code(keys: KeyRing, code: str) -> bytes:
    """Return the keyed hash of a code's normal form."""
    return keys.blind_index("voucher_code", normal_form(code))


def seal_codes(
    keys: KeyRing, data_key: DataKey, right_id: UUID, codes: Iterable[str], *, value_fen: int | None = None
) -> list[dict[str, object]]:
    """Return the rows of a pool for some codes, each of them good for a value where there is one."""
    rows: list[dict[str, object]] = []
    for code in codes:
        code_id = new_id()
        sealed = data_key.encrypt(code, _TABLE, _COLUMN, code_id)
        rows.append(
            {
                "right_id": right_id,
                "id": code_id,
                "code_hash": hash_code(keys, code),
                "code_enc": sealed,
                "value_fen": value_fen,
                "spent_fen": 0,
            }
        )
    return rows


def open_code(data_key: DataKey, row: VoucherCode) -> str:
    """Return a code of a pool as it came in."""
    return data_key.decrypt(row.code_enc, _TABLE, _COLUMN, row.id)


def write_qr(keys: KeyRing, row: VoucherCode, *, expires_at: datetime | None) -> str:
    """Write the signed payload of the QR picture for a code that a redemption holds; None: as long as it is not used.

    Raises:
        ValueError: nobody holds the code.
    """
    if row.redemption_id is None:
        raise ValueError("a free code is shown to nobody")
    seconds = _FOREVER if expires_at is None else int(expires_at.timestamp()).to_bytes(8, "big")
    content = row.right_id.bytes + row.id.bytes + row.redemption_id.bytes + seconds
    return write_signed(keys, "qr", _QR_MARK, content)


def read_qr(keys: KeyRing, payload: str, *, now: datetime) -> QrContent | None:
    """Read a payload of `write_qr`; None when it is not ours, altered or too old."""
    content = read_signed(keys, "qr", _QR_MARK, payload)
    if content is None:
        return None
    right_id, code_id, redemption_id = (
        UUID(bytes=content[start : start + _UUID_BYTES]) for start in range(0, 3 * _UUID_BYTES, _UUID_BYTES)
    )
    if content.endswith(_FOREVER):
        return QrContent(right_id, code_id, redemption_id, None)
    expires_at = datetime.fromtimestamp(int.from_bytes(content[3 * _UUID_BYTES :], "big"), UTC)
    return QrContent(right_id, code_id, redemption_id, expires_at) if now <= expires_at else None
