"""Using codes at the point of service (核销): every use is a record, and no more is used than there is.

A code is used once; one with a value also in parts, until nothing is left. One code is a batch of one line: how codes
are found, decided and written stands in `finding_codes` and `use_lines` beside this.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import new_id, to_public
from guibin.organisation.models import Staff
from guibin.rights.errors import TooManyWrongCodes
from guibin.rights.models import VoucherCode
from guibin.rights.service.finding_codes import find_codes
from guibin.rights.service.use_lines import Line, line_of, use_lines
from guibin.rights.service.use_requests import CodeUse, User, UseRequest
from guibin.security.actors import Actor, ActorKind
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

MOST_WRONG: Final = 5
"""Codes of one batch that may be wrong: after these the rest is not looked at."""

AnyRight = frozenset[UUID] | None


async def use_code(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, request: UseRequest, only: AnyRight = None
) -> CodeUse:
    """Use a code; the last one of a redemption, when nothing is left of it, fulfils the redemption.

    `only` are the rights whose codes this user may use, None: of any.

    Raises:
        CodeNotValid: unknown, nobody's, of a right that is not the user's, not yet or no longer to be used, or its
            redemption does not stand.
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
        (used,) = await _use(session, await _user(session, actor, only), keys, [request])
        if isinstance(used, Refusal):
            raise used
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
    session: AsyncSession, *, actor: Actor, keys: KeyRing, requests: Sequence[UseRequest], only: AnyRight = None
) -> list[CodeUse | Refusal]:
    """Use codes that a terminal took while it was offline, and return what became of each, in their order.

    What was told before stands, whenever this happened: who comes later hears who was first.

    Raises:
        RetryLater: another batch of the same user with the same references is under way; nothing happened.
    """
    async with all_rows(session):
        results = await _use(session, await _user(session, actor, only), keys, requests)
    await audit.record(
        session,
        actor=actor,
        action="voucher.use_batch",
        object_type="voucher_use",
        object_id=to_public("vus", new_id()),
        facts=_counts(results),
    )
    return results


async def _user(session: AsyncSession, actor: Actor, only: AnyRight) -> User:
    staff = await session.get(Staff, actor.id) if actor.kind is ActorKind.STAFF else None
    return User(actor, staff.branch_id if staff else None, clock.now(), only)


async def _use(
    session: AsyncSession, user: User, keys: KeyRing, requests: Sequence[UseRequest]
) -> list[CodeUse | Refusal]:
    found = _until_too_many_are_wrong(await find_codes(session, keys, user, requests))
    asked = [
        one if isinstance(one, Refusal) else line_of(request, one) for one, request in zip(found, requests, strict=True)
    ]
    used = iter(await use_lines(session, user, [one for one in asked if isinstance(one, Line)]))
    return [next(used) if isinstance(one, Line) else one for one in asked]


def _until_too_many_are_wrong(found: Sequence[VoucherCode | Refusal]) -> list[VoucherCode | Refusal]:
    """Close the rest of a batch after so many wrong codes: whoever guesses learns no more."""
    results: list[VoucherCode | Refusal] = []
    wrong = 0
    for one in found:
        results.append(one if wrong < MOST_WRONG else TooManyWrongCodes())
        wrong += isinstance(one, Refusal) and one.answers_a_guess
    return results


def _counts(results: Sequence[CodeUse | Refusal]) -> dict[str, object]:
    done = [result for result in results if isinstance(result, CodeUse)]
    return {
        "lines": len(results),
        "used": sum(not result.replayed for result in done),
        "replayed": sum(result.replayed for result in done),
        "refused": len(results) - len(done),
    }
