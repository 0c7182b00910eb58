"""Using a code at the point of service (核销): every use is a record, and no more is used than there is.

A code is used once; one with a value also in parts, until nothing is left. Uses of one redemption come one after the
other: each locks it first, and decides by what the one before has left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import new_id, to_public
from guibin.core.money import format_cny
from guibin.organisation.models import Staff
from guibin.rights.errors import (
    AlreadyUsed,
    CodeMistyped,
    CodeNotValid,
    NoValueVoucher,
    QrInvalid,
    ReferenceReused,
    TooManyWrongCodes,
    UseTimeInvalid,
    ValueExhausted,
)
from guibin.rights.models import Redemption, RedemptionState, RightsItem, UsedBy, VoucherCode, VoucherUse
from guibin.rights.patterns import CodePattern
from guibin.rights.repository import catalogue, pool, redemptions, uses
from guibin.rights.rules import COUNTED, is_legal_step
from guibin.rights.service.codes import hash_code, read_qr
from guibin.rights.service.telling import tell_step
from guibin.rights.validity import is_within, moment_of_use
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

MOST_WRONG: Final = 5
"""Codes of one batch that may be wrong: after these the rest is not looked at."""

# Whoever shows a code may use it, at every branch and every terminal: the caller's own customers do not matter here.
_EVERYBODY: Final = Scope(whole_bank=True)


@dataclass(frozen=True, slots=True)
class UseRequest:
    """A code as it is written, or the payload of its QR picture, and what is known of its use.

    `amount_fen` is for value vouchers, None uses all that is left. `at` is when it happened, None now. `reference` is
    the user's own number: what comes again under it is the same use.
    """

    code: str | None = None
    qr: str | None = None
    amount_fen: int | None = None
    at: datetime | None = None
    place: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A use with how far it brings its redemption; `left_fen` is what a value voucher is still good for."""

    use: VoucherUse
    redemption: Redemption
    right: RightsItem
    codes_left: int
    left_fen: int | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _User:
    """Who uses codes, from which branch, and by which clock."""

    actor: Actor
    branch_id: UUID | None
    now: datetime

    @property
    def kind(self) -> UsedBy:
        return UsedBy.STAFF if self.actor.kind is ActorKind.STAFF else UsedBy.SERVICE


async def use_code(session: AsyncSession, *, actor: Actor, keys: KeyRing, request: UseRequest) -> CodeUse:
    """Use a code; the last one of a redemption, when nothing is left of it, fulfils the redemption.

    Raises:
        CodeNotValid: unknown, nobody's, not yet or no longer to be used, or its redemption does not stand.
        CodeMistyped: it looks like one of ours and is none: nobody guesses so.
        QrInvalid: the payload is too old, altered or not ours.
        AlreadyUsed: it was used before.
        ValueExhausted: less is left of its value than is asked for.
        NoValueVoucher: an amount is asked of a code that has no value.
        ReferenceReused: the caller gave the reference to another use.
        UseTimeInvalid: it happened at no possible time.
        StateConflict: the redemption cannot be fulfilled any more.
    """
    async with all_rows(session):
        user = await _user(session, actor)
        used = await _use(session, user, await _find(session, keys, request, now=user.now), request)
    await audit.record(
        session,
        actor=actor,
        action="voucher.use",
        object_type="redemption",
        object_id=to_public("rdm", used.redemption.id),
        owner_id=used.redemption.customer_id,
        facts={"right_id": to_public("rgt", used.right.id), "codes_left": used.codes_left},
    )
    return used


async def use_batch(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, requests: Sequence[UseRequest]
) -> list[CodeUse | Refusal]:
    """Use codes that a terminal took while it was offline, and return what became of each, in their order.

    They are used redemption by redemption in one order for everybody, and of one redemption in the order of time. What
    was told before stands, whenever this happened: who comes later hears who was first.
    """
    async with all_rows(session):
        user = await _user(session, actor)
        results: dict[int, CodeUse | Refusal] = {}
        found: dict[int, VoucherCode] = {}
        wrong = 0
        for index, request in enumerate(requests):
            try:
                if wrong >= MOST_WRONG:
                    raise TooManyWrongCodes
                found[index] = await _find(session, keys, request, now=user.now)
            except Refusal as refusal:
                wrong += refusal.answers_a_guess
                results[index] = refusal
        for index in sorted(found, key=lambda index: _turn(found[index], requests[index], user.now)):
            try:
                results[index] = await _use(session, user, found[index], requests[index])
            except Refusal as refusal:
                results[index] = refusal
    await audit.record(
        session,
        actor=actor,
        action="voucher.use_batch",
        object_type="voucher_use",
        object_id=to_public("vus", new_id()),
        facts=_counts(results),
    )
    return [results[index] for index in range(len(requests))]


def _turn(code: VoucherCode, request: UseRequest, now: datetime) -> tuple[str, str, datetime]:
    return str(code.customer_id), str(code.redemption_id), request.at or now


def _counts(results: Mapping[int, CodeUse | Refusal]) -> dict[str, object]:
    done = [result for result in results.values() if isinstance(result, CodeUse)]
    return {
        "lines": len(results),
        "used": sum(not result.replayed for result in done),
        "replayed": sum(result.replayed for result in done),
        "refused": len(results) - len(done),
    }


async def _user(session: AsyncSession, actor: Actor) -> _User:
    staff = await session.get(Staff, actor.id) if actor.kind is ActorKind.STAFF else None
    return _User(actor, staff.branch_id if staff else None, clock.now())


async def _find(session: AsyncSession, keys: KeyRing, request: UseRequest, *, now: datetime) -> VoucherCode:
    """Find the code that a redemption holds; a QR picture is read as of the time at which it was shown."""
    at = moment_of_use(request.at, now=now)
    if at is None:
        raise UseTimeInvalid
    if request.qr is not None:
        return await _find_by_qr(session, keys, request.qr, at=at)
    return await _find_by_code(session, keys, request.code or "")


async def _find_by_code(session: AsyncSession, keys: KeyRing, code: str) -> VoucherCode:
    """Find the one taken code of this form; two rights with the same code are not told apart by guessing."""
    found = await pool.find_taken_codes(session, code_hash=hash_code(keys, code))
    if len(found) == 1:
        return found[0]
    if not found:
        patterns = [CodePattern.of(document) for document in await uses.find_patterns(session)]
        if any(pattern.is_mistyped(code) for pattern in patterns):
            raise CodeMistyped
    raise CodeNotValid


async def _find_by_qr(session: AsyncSession, keys: KeyRing, payload: str, *, at: datetime) -> VoucherCode:
    content = read_qr(keys, payload, now=at)
    if content is None:
        raise QrInvalid
    found = await pool.find_code(session, right_id=content.right_id, code_id=content.code_id)
    if found is None or found.redemption_id != content.redemption_id:
        raise QrInvalid
    if content.expires_at is None:
        items = await catalogue.find_items(session, right_ids=[content.right_id])
        if not items[content.right_id].offer.get("static_code"):
            raise QrInvalid
    return found


async def _use(session: AsyncSession, user: _User, found: VoucherCode, request: UseRequest) -> CodeUse:
    """Use a code under the lock of the redemption that holds it; what refuses it comes before the first write."""
    if found.customer_id is None or found.redemption_id is None or found.taken_at is None:
        raise CodeNotValid
    redemption = await redemptions.lock_redemption(
        session, _EVERYBODY, customer_id=found.customer_id, redemption_id=found.redemption_id
    )
    code = await pool.find_code(session, right_id=found.right_id, code_id=found.id) or found
    right = (await catalogue.find_items(session, right_ids=[code.right_id]))[code.right_id]
    known = await _known(session, user, code, request)
    if known is not None:
        return CodeUse(known, redemption, right, await _codes_left(session, redemption), code.left_fen, replayed=True)
    at = moment_of_use(request.at, now=user.now, since=found.taken_at)
    if at is None:
        raise UseTimeInvalid
    if redemption.state not in COUNTED or not is_within(
        redemption.valid_from, redemption.valid_until, clock.business_day(at)
    ):
        raise CodeNotValid
    left_before = code.left_fen
    amount_fen = await _amount(session, user, code, request.amount_fen)
    use = _record(user, code, redemption, request, at=at, amount_fen=amount_fen)
    if not await uses.insert_use(session, use):
        raise ReferenceReused
    if not await uses.use_up(session, code, use):
        raise RuntimeError("a code was used past the lock of its redemption")
    codes_left = await _codes_left(session, redemption)
    if codes_left == 0:
        await _fulfil(session, redemption, user)
    left_fen = None if left_before is None else left_before - (amount_fen or 0)
    return CodeUse(use, redemption, right, codes_left, left_fen)


async def _known(session: AsyncSession, user: _User, code: VoucherCode, request: UseRequest) -> VoucherUse | None:
    """Return the use that came before under the same reference."""
    if request.reference is None:
        return None
    known = await uses.find_by_reference(
        session, right_id=code.right_id, used_by=user.actor.id, reference=request.reference
    )
    if known is None:
        return None
    if known.code_id != code.id or request.amount_fen not in {None, known.amount_fen}:
        raise ReferenceReused
    return known


async def _amount(session: AsyncSession, user: _User, code: VoucherCode, asked: int | None) -> int | None:
    """Return how much of a code's value is used, None for a code without one; refuses what is not there."""
    left = code.left_fen
    if left is None:
        if asked is not None:
            raise NoValueVoucher
        if code.used_at is not None:
            raise await _used_before(session, user, code)
        return None
    amount = left if asked is None else asked
    if left == 0 or amount > left:
        raise ValueExhausted(remaining=format_cny(left))
    return amount


async def _used_before(session: AsyncSession, user: _User, code: VoucherCode) -> AlreadyUsed:
    """Say who used a code first, as far as another user may know it."""
    first = await uses.first_use(session, code)
    if first is None:
        return AlreadyUsed(used_at=code.used_at)
    own = first.used_by == user.actor.id
    facts = {"reference": first.reference} if own else {}
    return AlreadyUsed(used_at=first.used_at, place=first.place, by=first.used_by_kind, by_you=own, **facts)


def _record(
    user: _User,
    code: VoucherCode,
    redemption: Redemption,
    request: UseRequest,
    *,
    at: datetime,
    amount_fen: int | None,
) -> VoucherUse:
    return VoucherUse(
        right_id=code.right_id,
        id=new_id(),
        code_id=code.id,
        redemption_id=redemption.id,
        customer_id=redemption.customer_id,
        amount_fen=amount_fen,
        used_at=at,
        recorded_at=user.now,
        used_by=user.actor.id,
        used_by_kind=user.kind,
        branch_id=user.branch_id,
        place=request.place,
        reference=request.reference,
        offline=request.at is not None,
    )


async def _codes_left(session: AsyncSession, redemption: Redemption) -> int:
    codes = await pool.codes_of_redemption(session, right_id=redemption.right_id, redemption_id=redemption.id)
    return sum(code.used_at is None for code in codes)


async def _fulfil(session: AsyncSession, redemption: Redemption, user: _User) -> None:
    if not is_legal_step(RedemptionState(redemption.state), RedemptionState.FULFILLED):
        raise StateConflict(**{"from": redemption.state, "to": RedemptionState.FULFILLED})
    await redemptions.update_state(session, redemption, state=RedemptionState.FULFILLED)
    await redemptions.insert_step(
        session, redemption, state=RedemptionState.FULFILLED, at=user.now, actor_id=user.actor.id
    )
    await tell_step(session, redemption, RedemptionState.FULFILLED)
