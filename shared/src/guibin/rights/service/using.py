"""Using a code at the point of service (核销): one use per code, whoever tries it and how often."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.organisation.models import Staff
from guibin.rights.errors import AlreadyUsed, CodeNotValid, QrInvalid
from guibin.rights.models import Redemption, RedemptionState, RightsItem, VoucherCode
from guibin.rights.repository import catalogue, pool, redemptions
from guibin.rights.rules import COUNTED, is_legal_step, is_over
from guibin.rights.service.codes import hash_code, read_qr
from guibin.rights.service.telling import tell_step
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

# Whoever shows a code may use it, at every branch and every terminal: the caller's own customers do not matter here.
_EVERYBODY: Final = Scope(whole_bank=True)


@dataclass(frozen=True, slots=True)
class VoucherUse:
    """A code that is used now, and how far that brings its redemption."""

    redemption: Redemption
    right: RightsItem
    used_at: datetime
    codes_left: int


async def use_code(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, code: str | None, qr: str | None
) -> VoucherUse:
    """Use a code, given as it is written or as the payload of the QR picture; the last one fulfils the redemption.

    Raises:
        CodeNotValid: unknown, nobody's, past its last day, or its redemption no longer stands.
        QrInvalid: the payload is too old, altered or not ours.
        AlreadyUsed: it was used before.
        StateConflict: the redemption cannot be fulfilled any more.
    """
    async with all_rows(session):
        return await _use(session, actor, keys, code=code, qr=qr)


async def _use(session: AsyncSession, actor: Actor, keys: KeyRing, *, code: str | None, qr: str | None) -> VoucherUse:
    found = await _find_by_qr(session, keys, qr) if qr is not None else await _find_by_code(session, keys, code or "")
    redemption = await _lock(session, found)
    now = clock.now()
    await _mark(session, found, actor=actor, now=now)
    codes = await pool.codes_of_redemption(session, right_id=found.right_id, redemption_id=redemption.id)
    left = sum(code.used_at is None for code in codes)
    if left == 0:
        await _fulfil(session, redemption, actor=actor, now=now)
    await audit.record(
        session,
        actor=actor,
        action="voucher.use",
        object_type="redemption",
        object_id=to_public("rdm", redemption.id),
        owner_id=redemption.customer_id,
        facts={"right_id": to_public("rgt", found.right_id), "codes_left": left},
    )
    items = await catalogue.find_items(session, right_ids=[found.right_id])
    return VoucherUse(redemption, items[found.right_id], now, left)


async def _find_by_code(session: AsyncSession, keys: KeyRing, code: str) -> VoucherCode:
    """Find the one taken code of this form; two rights with the same code are not told apart by guessing."""
    found = await pool.find_taken_codes(session, code_hash=hash_code(keys, code))
    if len(found) != 1:
        raise CodeNotValid
    return found[0]


async def _find_by_qr(session: AsyncSession, keys: KeyRing, payload: str) -> VoucherCode:
    content = read_qr(keys, payload, now=clock.now())
    if content is None:
        raise QrInvalid
    found = await pool.find_code(session, right_id=content.right_id, code_id=content.code_id)
    if found is None or found.redemption_id != content.redemption_id:
        raise QrInvalid
    return found


async def _lock(session: AsyncSession, found: VoucherCode) -> Redemption:
    """Lock the redemption that holds the code, so that of its codes one is used after the other."""
    if found.customer_id is None or found.redemption_id is None:
        raise CodeNotValid
    redemption = await redemptions.lock_redemption(
        session, _EVERYBODY, customer_id=found.customer_id, redemption_id=found.redemption_id
    )
    if redemption.state not in COUNTED or is_over(redemption.valid_until, clock.today()):
        raise CodeNotValid
    return redemption


async def _mark(session: AsyncSession, found: VoucherCode, *, actor: Actor, now: datetime) -> None:
    branch_id = await _branch_of(session, actor)
    marked = await pool.mark_used(
        session, right_id=found.right_id, code_id=found.id, used_at=now, used_by=actor.id, branch_id=branch_id
    )
    if not marked:
        used = await pool.find_code(session, right_id=found.right_id, code_id=found.id)
        raise AlreadyUsed(used_at=used.used_at if used else None)


async def _branch_of(session: AsyncSession, actor: Actor) -> UUID | None:
    staff = await session.get(Staff, actor.id) if actor.kind is ActorKind.STAFF else None
    return staff.branch_id if staff else None


async def _fulfil(session: AsyncSession, redemption: Redemption, *, actor: Actor, now: datetime) -> None:
    if not is_legal_step(RedemptionState(redemption.state), RedemptionState.FULFILLED):
        raise StateConflict(**{"from": redemption.state, "to": RedemptionState.FULFILLED})
    await redemptions.update_state(session, redemption, state=RedemptionState.FULFILLED)
    await redemptions.insert_step(session, redemption, state=RedemptionState.FULFILLED, at=now, actor_id=actor.id)
    await tell_step(session, redemption, RedemptionState.FULFILLED)
