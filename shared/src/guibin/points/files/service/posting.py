"""Carrying out files: lines in parts of one transaction each, taken up where a killed worker left off."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id, to_public
from guibin.customers.own_account import is_one_of
from guibin.customers.repository import customers_of_refs
from guibin.organisation.repository import roles_and_grants
from guibin.points import repository as ledger
from guibin.points import rules
from guibin.points.files import repository
from guibin.points.files.models import BY_HAND, FileKind, FileState, LineState, PointsFile, PointsFileLine
from guibin.points.files.rules import LineCode
from guibin.points.files.service.events import carry_out_events
from guibin.points.models import EntryKind, SourceKind, Wallet
from guibin.points.reasons import BY_FILE, texts_of
from guibin.points.repository import Movement
from guibin.points.service.paying import pay_for_grants, unpay
from guibin.programme.errors import BudgetExhausted
from guibin.security.actors import Actor, ActorKind, Domain, Scope, Verb, decide

MOST_AT_ONCE: Final = 1_000
"""Lines of one transaction: whoever redeems meanwhile waits for it."""

FILES_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f06"), "job:points-files")
"""Who posts files; the same in every deployment, so that a trail tells it."""

Result = tuple[int, str, str | None, UUID | None]


async def tend_files(sessions: SessionFactory, *, limit: int = MOST_AT_ONCE) -> int | None:
    """Carry out a part of the oldest file that is due in a transaction of its own; returns how many lines that were.

    Call it again until it returns None: no file waits. The reference of the file and the number of the line are the
    source of an entry, and an event is its own, so a line posts once, whoever posts it and however often.
    """
    async with sessions.begin() as session:
        file = await repository.next_approved(session)
        if file is None:
            return None
        scope = None if file.kind == FileKind.EVENTS else await _scope(session, file)
        if file.kind in BY_HAND and scope is None:
            await _end(session, file, FileState.FAILED)
            return 0
        lines = await repository.waiting_lines(session, file_id=file.id, limit=limit)
        if not lines:
            await _end(session, file, FileState.DONE)
            return 0
        if scope is None:
            return await carry_out_events(session, file, lines)
        # Credits and debits go apart, so that accounts are locked in one order.
        credits_first = (lines[0].points or 0) > 0
        part = [line for line in lines if ((line.points or 0) > 0) == credits_first]
        results = await _carry_out(session, file, scope, part)
        await repository.settle_lines(session, file_id=file.id, results=results)
        return len(results)


async def _scope(session: AsyncSession, file: PointsFile) -> Scope | None:
    """Return whose points the maker may still have moved at what the file costs."""
    _, grants = await roles_and_grants(session, file.maker_id)
    return decide(grants, Verb.SUBMIT, Domain.POINTS, staff_id=file.maker_id, cost_fen=file.cost_fen)


async def _end(session: AsyncSession, file: PointsFile, state: FileState) -> None:
    await repository.end_file(session, file_id=file.id, before=FileState.APPROVED, state=state, at=clock.now())
    await audit.record(
        session,
        actor=FILES_JOB,
        action="points_file.posted",
        object_type="points_file",
        object_id=to_public("pfl", file.id),
        on_behalf_id=file.maker_id,
        result=state.value,
        facts={"lines": file.lines},
    )


async def _carry_out(
    session: AsyncSession, file: PointsFile, scope: Scope, lines: Sequence[PointsFileLine]
) -> list[Result]:
    owners = await customers_of_refs(session, [line.customer_ref for line in lines if line.customer_ref])
    named = {line.line: owners.get(line.customer_ref or b"") for line in lines}
    known = await repository.within(session, scope, {one for one in named.values() if one is not None})
    own = await _own(session, file.maker_id, known)
    wallets = {wallet.code: wallet for wallet in await ledger.list_wallets(session)}
    now, results, good = clock.now(), [], []
    for line in lines:
        customer_id = named[line.line]
        if customer_id is None or customer_id not in known:
            results.append(_refused(line, LineCode.CUSTOMER_UNKNOWN))
        elif customer_id in own:
            results.append(_refused(line, LineCode.SELF_DEALING))
        else:
            good.append((line, _movement(file, line, customer_id, wallets, now)))
    good.sort(key=lambda one: (one[1].customer, one[1].wallet, one[0].line))
    paid, unpaid = await pay_for_grants(session, [movement for _, movement in good], wallets)
    results += [_refused(line, BudgetExhausted.code) for line, movement in good if movement.entry in unpaid]
    return [*results, *await _post(session, [one for one in good if one[1].entry not in unpaid], paid)]


async def _post(
    session: AsyncSession, good: Sequence[tuple[PointsFileLine, Movement]], paid: Collection[UUID]
) -> list[Result]:
    """Post what budgets pay for, and what needs none; what was paid for and is not posted now goes back."""
    movements = [movement for _, movement in good]
    is_debit = bool(movements) and movements[0].kind == EntryKind.ADJUST_DEBIT
    rows = await (ledger.post_all if is_debit else ledger.post_batch)(session, movements)
    results = []
    for (line, movement), row in zip(good, rows, strict=True):
        if row["outcome"] != "posted" and movement.entry in paid:
            await unpay(session, movement.entry)
        posted = row["outcome"] in {"posted", "duplicate"}
        results.append(
            (line.line, LineState.POSTED, None, row["entry_id"]) if posted else _refused(line, row["outcome"])
        )
    return results


def _refused(line: PointsFileLine, code: str) -> Result:
    return line.line, LineState.REFUSED, str(code), None


async def _own(session: AsyncSession, maker_id: UUID, customer_ids: set[UUID]) -> set[UUID]:
    """Return which of some customers the maker is: hardly ever one."""
    if not customer_ids or not await is_one_of(session, maker_id, customer_ids):
        return set()
    return {one for one in customer_ids if await is_one_of(session, maker_id, {one})}


def _movement(
    file: PointsFile, line: PointsFileLine, customer_id: UUID, wallets: Mapping[str, Wallet], now: datetime
) -> Movement:
    wallet, points, day = line.wallet or "", line.points or 0, clock.business_day(now)
    if points < 0:
        kind = EntryKind.ADJUST_DEBIT
    else:
        kind = EntryKind.OPENING if file.kind == FileKind.OPENING else EntryKind.ADJUST_CREDIT
    reason_zh, reason_en = texts_of(BY_FILE[kind], line.reason or "")
    expires_on = (line.expires_on or rules.expiry_of(day, wallets[wallet])) if points > 0 else None
    return Movement(
        customer=customer_id,
        wallet=wallet,
        kind=kind,
        points=abs(points),
        entry=new_id(),
        lot=new_id() if points > 0 else None,
        expires_on=expires_on,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_kind=SourceKind.FILE,
        source_id=f"{file.reference}:{line.line}",
        actor=file.maker_id,
        at=now,
        day=day,
    )
