"""From what a terminal sends to the codes that redemptions hold: many at once in as few statements as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import Refusal
from guibin.rights.errors import CodeMistyped, CodeNotValid, QrInvalid, UseTimeInvalid
from guibin.rights.models import RightsItem, VoucherCode
from guibin.rights.patterns import CodePattern
from guibin.rights.repository import catalogue, pool, uses
from guibin.rights.service.codes import QrContent, hash_code, read_qr
from guibin.rights.service.use_requests import User, UseRequest
from guibin.rights.validity import moment_of_use
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to be found: codes by their hashes and by their places, patterns, rights of lasting pictures."""

    by_hash: Mapping[bytes, Sequence[VoucherCode]]
    by_place: Mapping[tuple[UUID, UUID], VoucherCode]
    patterns: Sequence[CodePattern]
    items: Mapping[UUID, RightsItem]


async def find_codes(
    session: AsyncSession, keys: KeyRing, user: User, requests: Sequence[UseRequest]
) -> list[VoucherCode | Refusal]:
    """Return for each request the one code that a redemption holds, or why there is none for this user.

    A QR picture is read as of the time at which it was shown.
    """
    asked = [_read(keys, user, request) for request in requests]
    hashes = {one for one in asked if isinstance(one, bytes)}
    pictures = [one for one in asked if isinstance(one, QrContent)]
    known = await _look_up(session, hashes, pictures)
    return [_choose(known, user, one, request) for one, request in zip(asked, requests, strict=True)]


def _read(keys: KeyRing, user: User, request: UseRequest) -> bytes | QrContent | Refusal:
    at = moment_of_use(request.at, now=user.now)
    if at is None:
        return UseTimeInvalid()
    if request.qr is None:
        return hash_code(keys, request.code or "")
    return read_qr(keys, request.qr, now=at) or QrInvalid()


async def _look_up(session: AsyncSession, hashes: set[bytes], pictures: Sequence[QrContent]) -> _Known:
    by_hash = await pool.find_taken_codes(session, hashes=hashes)
    patterns = [] if by_hash.keys() == hashes else await uses.find_patterns(session)
    lasting = {one.right_id for one in pictures if one.expires_at is None}
    return _Known(
        by_hash,
        await pool.find_codes(session, places=[(one.right_id, one.code_id) for one in pictures]),
        [CodePattern.of(document) for document in patterns],
        await catalogue.find_items(session, right_ids=lasting) if lasting else {},
    )


def _choose(
    known: _Known, user: User, asked: bytes | QrContent | Refusal, request: UseRequest
) -> VoucherCode | Refusal:
    match asked:
        case Refusal():
            return asked
        case QrContent():
            found = _of_picture(known, asked)
        case _:
            found = _of_hash(known, user, asked, request.code or "")
    if isinstance(found, VoucherCode) and user.only is not None and found.right_id not in user.only:
        return CodeNotValid()
    return found


def _of_hash(known: _Known, user: User, code_hash: bytes, code: str) -> VoucherCode | Refusal:
    """Find the one taken code of this form; two rights with the same code are not told apart by guessing.

    Of two suppliers with the same code each terminal finds its own.
    """
    held = known.by_hash.get(code_hash, ())
    own = [one for one in held if user.only is None or one.right_id in user.only]
    found = own or held
    if len(found) == 1:
        return found[0]
    if not found and any(pattern.is_mistyped(code) for pattern in known.patterns):
        return CodeMistyped()
    return CodeNotValid()


def _of_picture(known: _Known, content: QrContent) -> VoucherCode | Refusal:
    found = known.by_place.get((content.right_id, content.code_id))
    if found is None or found.redemption_id != content.redemption_id:
        return QrInvalid()
    if content.expires_at is None and not known.items[content.right_id].offer.get("static_code"):
        return QrInvalid()
    return found
