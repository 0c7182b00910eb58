"""Uses of codes, decided one after the other and written together.

Uses of one redemption come one after the other: each redemption is locked, in one order for everybody, and what is
decided under the locks is written in a few statements however many lines there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.errors import Refusal, RetryLater
from guibin.core.ids import new_id
from guibin.core.money import format_cny
from guibin.rights.errors import (
    AlreadyUsed,
    CodeNotValid,
    NoValueVoucher,
    ReferenceReused,
    UseTimeInvalid,
    ValueExhausted,
)
from guibin.rights.life import HAD, is_legal_step
from guibin.rights.models import Fulfilment, Redemption, RedemptionState, RightsItem, VoucherCode, VoucherUse
from guibin.rights.repository import catalogue, pool, redemptions, uses
from guibin.rights.repository.uses import CodeSpent
from guibin.rights.service.telling import tell_steps
from guibin.rights.service.use_requests import CodeUse, User, UseRequest
from guibin.rights.validity import is_within, moment_of_use
from guibin.security.actors import Scope

# Whoever shows a code may use it, at every branch and every terminal: the caller's own customers do not matter here.
_EVERYBODY: Final = Scope(whole_bank=True)

RedemptionKey = tuple[UUID, UUID]
CodeKey = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Line:
    """A request and the code that it names; `key` is the customer and the redemption that hold it."""

    request: UseRequest
    code: VoucherCode
    key: RedemptionKey


@dataclass(slots=True)
class _Held:
    """A code under the lock of its redemption, with what these lines have used of it so far."""

    code: VoucherCode
    first: VoucherUse | None
    spent_fen: int
    used: VoucherUse | None = None
    """The use of these lines after which nothing is left."""

    @property
    def is_used(self) -> bool:
        return self.used is not None or self.code.used_at is not None

    @property
    def is_left(self) -> bool:
        return self.used is None and self.code.is_left

    @property
    def left_fen(self) -> int | None:
        return None if self.code.value_fen is None else self.code.value_fen - self.spent_fen


@dataclass(slots=True)
class _Book:
    """All that decides, read once under the locks and kept up to date while lines are decided."""

    user: User
    redemptions: Mapping[RedemptionKey, Redemption]
    rights: Mapping[UUID, RightsItem]
    codes: Mapping[CodeKey, _Held]
    of_redemption: Mapping[RedemptionKey, Sequence[_Held]]
    known: dict[tuple[UUID, str], VoucherUse]
    made: list[VoucherUse] = field(default_factory=list)
    fulfilled: dict[RedemptionKey, Redemption] = field(default_factory=dict)

    def codes_left(self, key: RedemptionKey) -> int:
        return sum(held.is_left for held in self.of_redemption[key])


def line_of(request: UseRequest, code: VoucherCode) -> Line | Refusal:
    """Say whose code it is; one that a redemption has let go since is not valid any more."""
    if code.customer_id is None or code.redemption_id is None or code.taken_at is None:
        return CodeNotValid()
    return Line(request, code, (code.customer_id, code.redemption_id))


async def use_lines(session: AsyncSession, user: User, lines: Sequence[Line]) -> list[CodeUse | Refusal]:
    """Use codes and return what became of each line, in their order.

    Lines are taken redemption by redemption in one order for everybody, and of one redemption in the order of time.

    Raises:
        RetryLater: the same user gave the same reference to another use at this very moment; nothing happened.
    """
    book = await _open(session, user, lines)
    results: dict[int, CodeUse | Refusal] = {}
    for index in sorted(range(len(lines)), key=lambda index: _turn(lines[index], user.now)):
        try:
            results[index] = _decide(book, lines[index])
        except Refusal as refusal:
            results[index] = refusal
    await _write(session, book)
    return [results[index] for index in range(len(lines))]


def _turn(line: Line, now: datetime) -> tuple[str, str, datetime]:
    customer_id, redemption_id = line.key
    return str(customer_id), str(redemption_id), line.request.at or now


async def _open(session: AsyncSession, user: User, lines: Sequence[Line]) -> _Book:
    """Lock the redemptions, one statement each, and read what is known of their codes in one statement a kind."""
    locked = {
        (customer_id, redemption_id): await redemptions.lock_redemption(
            session, _EVERYBODY, customer_id=customer_id, redemption_id=redemption_id
        )
        for customer_id, redemption_id in sorted(
            {line.key for line in lines}, key=lambda key: (str(key[0]), str(key[1]))
        )
    }
    right_ids = {line.code.right_id for line in lines}
    codes = await pool.codes_of_redemptions(session, [(row.right_id, row.id) for row in locked.values()])
    begun = [(code.right_id, code.id) for code in codes if code.used_at is not None]
    firsts = await uses.first_uses(session, begun)
    held = {
        (code.right_id, code.id): _Held(code, firsts.get((code.right_id, code.id)), code.spent_fen) for code in codes
    }
    references = {line.request.reference for line in lines if line.request.reference is not None}
    return _Book(
        user,
        locked,
        await catalogue.find_items(session, right_ids=right_ids),
        held,
        {
            key: [
                one for one in held.values() if one.code.redemption_id == row.id and one.code.right_id == row.right_id
            ]
            for key, row in locked.items()
        },
        await uses.find_by_references(session, right_ids=right_ids, used_by=user.actor.id, references=references),
    )


def _decide(book: _Book, line: Line) -> CodeUse:
    """Use a code as far as the book goes; what refuses it comes before the first change."""
    user, request, redemption = book.user, line.request, book.redemptions[line.key]
    held = book.codes.get((line.code.right_id, line.code.id))
    if held is None or held.code.returned_at is not None:
        raise CodeNotValid
    right = book.rights[held.code.right_id]
    known = _known(book, held, request)
    if known is not None:
        return CodeUse(known, redemption, right, book.codes_left(line.key), held.left_fen, replayed=True)
    at = moment_of_use(request.at, now=user.now, since=held.code.taken_at)
    if at is None:
        raise UseTimeInvalid
    if redemption.state not in HAD or not is_within(
        redemption.valid_from, redemption.valid_until, clock.business_day(at)
    ):
        raise CodeNotValid
    amount_fen = _amount(user, held, request.amount_fen)
    ends = held.left_fen is None or amount_fen == held.left_fen
    # What came with a supplier's order was fulfilled by that: a use of its last code is a record and no step.
    last = ends and book.codes_left(line.key) == 1 and redemption.fulfilment != Fulfilment.ORDER
    if last and not is_legal_step(RedemptionState(redemption.state), RedemptionState.FULFILLED):
        raise StateConflict(**{"from": redemption.state, "to": RedemptionState.FULFILLED})
    use = _record(user, held.code, redemption, request, at=at, amount_fen=amount_fen)
    _note(book, held, use, ends=ends)
    if last:
        book.fulfilled[line.key] = redemption
    return CodeUse(use, redemption, right, book.codes_left(line.key), held.left_fen)


def _known(book: _Book, held: _Held, request: UseRequest) -> VoucherUse | None:
    """Return the use that came before under the same reference."""
    if request.reference is None:
        return None
    known = book.known.get((held.code.right_id, request.reference))
    if known is None:
        return None
    if known.code_id != held.code.id or request.amount_fen not in {None, known.amount_fen}:
        raise ReferenceReused
    return known


def _amount(user: User, held: _Held, asked: int | None) -> int | None:
    """Return how much of a code's value is used, None for a code without one; refuses what is not there."""
    left = held.left_fen
    if left is None:
        if asked is not None:
            raise NoValueVoucher
        if held.is_used:
            raise _used_before(user, held)
        return None
    amount = left if asked is None else asked
    if left == 0 or amount > left:
        raise ValueExhausted(remaining=format_cny(left))
    return amount


def _used_before(user: User, held: _Held) -> AlreadyUsed:
    """Say who used a code first, as far as another user may know it."""
    first = held.first
    if first is None:
        return AlreadyUsed(used_at=held.code.used_at)
    own = first.used_by == user.actor.id
    facts = {"reference": first.reference} if own else {}
    return AlreadyUsed(used_at=first.used_at, place=first.place, by=first.used_by_kind, by_you=own, **facts)


def _note(book: _Book, held: _Held, use: VoucherUse, *, ends: bool) -> None:
    held.spent_fen += use.amount_fen or 0
    held.first = held.first or use
    held.used = use if ends else None
    book.made.append(use)
    if use.reference is not None:
        book.known[use.right_id, use.reference] = use


def _record(
    user: User,
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


async def _write(session: AsyncSession, book: _Book) -> None:
    """Write what was decided: the records, the codes, and the redemptions of which all codes are used."""
    if not book.made:
        return
    if await uses.insert_uses(session, book.made) < len(book.made):
        raise RetryLater
    changed = {(use.right_id, use.code_id) for use in book.made}
    spent = [_spent(book.codes[key]) for key in sorted(changed, key=str)]
    if await uses.use_up(session, book.user.actor.id, book.user.branch_id, spent) < len(spent):
        raise RuntimeError("a code was used past the lock of its redemption")
    done = list(book.fulfilled.values())
    if done:
        await redemptions.fulfil(session, done, at=book.user.now, actor_id=book.user.actor.id)
        await tell_steps(session, done, RedemptionState.FULFILLED)


def _spent(held: _Held) -> CodeSpent:
    used_at = held.used.used_at if held.used else None
    return CodeSpent(held.code.right_id, held.code.id, held.code.spent_fen, held.spent_fen, used_at)
