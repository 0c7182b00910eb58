"""Trading a refresh token for the next access token."""

from datetime import datetime

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.unit_of_work import UnitOfWork
from guibin.privacy.repository.restrictions import is_blocked
from guibin.privacy.rules import Act
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.security.errors import TokenInvalid
from guibin.security.row_scope import open_rows
from guibin.security.session_tokens import SessionIssuer
from guibin.sessions import repository
from guibin.sessions.models import CustomerSession, SessionEnd
from guibin.sessions.refresh_tokens import RefreshToken, recognise
from guibin.sessions.rules import IDLE_LIFE, Device, Family, Refresh, judge_refresh
from guibin.sessions.service.opening import customer_actor
from guibin.sessions.service.tokens import Tokens, tokens_of

_STOLEN = {Refresh.REUSED: SessionEnd.REUSED, Refresh.OTHER_DEVICE: SessionEnd.OTHER_DEVICE}


async def refresh(
    work: UnitOfWork, keys: KeyRing, issuer: SessionIssuer, *, refresh_token: str, device: Device
) -> Tokens:
    """Trade a refresh token for the next pair of tokens.

    The same token again within ten seconds from the same device gets the same pair: the first answer may have been
    lost. At any later time, or from elsewhere, somebody has a copy, and the whole family ends.

    Raises:
        TokenInvalid: not a good refresh token, whatever the reason.
    """
    token = RefreshToken.read(refresh_token)
    if token is None:
        raise TokenInvalid
    session, scope, now = work.session, Scope.of_customer(token.customer_id), clock.now()
    await open_rows(session, scope, actor_id=token.customer_id)
    row = await repository.lock_session(session, scope, customer_id=token.customer_id, session_id=token.session_id)
    standing = await repository.find_standing(session, scope, customer_id=token.customer_id)
    if row is None or standing is None or not standing.may_log_in:
        raise TokenInvalid
    if await is_blocked(session, row.customer_id, Act.LOGIN, day=clock.today()):
        raise TokenInvalid
    shown = recognise(keys, token, generation=row.generation, refresh_hash=row.refresh_hash)
    verdict = judge_refresh(_family(row, standing.not_before), shown, device, now)
    if verdict in _STOLEN:
        await _end_family(work, row, _STOLEN[verdict], token.generation, now)
    if verdict not in {Refresh.ROTATE, Refresh.REPEAT}:
        raise TokenInvalid
    following = token.next(keys)
    if verdict is Refresh.ROTATE:
        row = await _rotate(work, keys, row, following, device, now)
    return tokens_of(issuer, row, following, standing)


async def _rotate(
    work: UnitOfWork, keys: KeyRing, row: CustomerSession, token: RefreshToken, device: Device, now: datetime
) -> CustomerSession:
    values = {
        "generation": token.generation,
        "refresh_hash": token.hash(keys),
        "rotated_at": now,
        "rotated_by": device.asker,
        "idle_expires_at": min(now + IDLE_LIFE, row.expires_at),
    }
    await repository.rotate_session(work.session, row, values)
    return row.model_copy(update=values)


async def _end_family(
    work: UnitOfWork, row: CustomerSession, reason: SessionEnd, generation: int, now: datetime
) -> None:
    """End a family whose token is in two hands. It is written before the savepoint, so that the refusal keeps it."""
    scope = Scope.of_customer(row.customer_id)
    await repository.end_sessions(work.session, scope, customer_id=row.customer_id, reason=reason, now=now, id=row.id)
    await record(
        work.session,
        actor=customer_actor(row.customer_id),
        action="session.token_reused",
        object_type="session",
        object_id=to_public("ses", row.id),
        result="refused",
        scope=scope,
        facts={"reason": reason, "generations_ago": row.generation - generation},
    )
    await work.protect()


def _family(row: CustomerSession, not_before: datetime | None) -> Family:
    outdated = not_before is not None and row.created_at < not_before
    return Family(
        device_ref=row.device_ref,
        expires_at=row.expires_at,
        idle_expires_at=row.idle_expires_at,
        rotated_at=row.rotated_at,
        rotated_by=row.rotated_by,
        revoked_at=row.revoked_at or (not_before if outdated else None),
    )
