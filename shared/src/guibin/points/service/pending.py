"""Points that were granted and cannot be spent yet: added, activated on their day or by hand, or cancelled."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.points import ledger_repository, repository
from guibin.points.earning import waiting_repository
from guibin.points.earning.waiting_repository import Decided
from guibin.points.models import EntryKind, SourceKind
from guibin.points.repository import Movement
from guibin.points.service.earning import return_to_budgets
from guibin.points.service.ledger import Posted, read_posted
from guibin.points.service.reversing import now_because
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 1_000
"""Lots of one transaction: whoever redeems meanwhile waits for it, and gives up after the lock time-out."""


async def add_pending(
    session: AsyncSession,
    *,
    customer_id: UUID,
    wallet: str,
    points: int,
    pending_until: date | None,
    reason_zh: str,
    reason_en: str,
    source_kind: str,
    source_id: str,
    actor_id: UUID,
    expires_on: date | None = None,
) -> Posted:
    """Grant 1 to 10^12 points that come free on a day, or, without one, by hand; they are no part of the balance.

    Raises:
        AccountClosed, WalletClosed: the account or the wallet does not move.
    """
    why = now_because(reason_zh, reason_en, source_kind, source_id, actor_id)
    movement = Movement(
        customer=customer_id,
        wallet=wallet,
        kind=EntryKind.PENDING_ADD,
        points=points,
        entry=new_id(),
        lot=new_id(),
        expires_on=expires_on,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_kind=source_kind,
        source_id=source_id,
        actor=actor_id,
        at=why.at,
        day=why.day,
        pending_until=pending_until,
    )
    return read_posted(await repository.post(session, movement), required=points)


async def activate(
    session: AsyncSession, *, customer_id: UUID, entry_id: UUID, reason_zh: str, reason_en: str, actor_id: UUID
) -> Posted:
    """Let all that is left of what an entry made pending be spent from now on; debt is paid first.

    Raises:
        AccountClosed, WalletClosed: the account or the wallet does not move.
        NotFound: the customer has no such entry, or nothing of it is pending.
    """
    wallet = await _wallet_of(session, customer_id, entry_id)
    movement = _about(
        customer_id, wallet, EntryKind.PENDING_ACTIVATE, None, entry_id, reason_zh, reason_en, actor_id, "all"
    )
    return read_posted(await repository.post(session, movement), required=0)


async def cancel_pending(
    session: AsyncSession,
    *,
    customer_id: UUID,
    entry_id: UUID,
    points: int,
    reason_zh: str,
    reason_en: str,
    source_id: str,
    actor_id: UUID,
) -> Posted:
    """Take 1 to 10^12 of the points back that an entry made pending, before they come free.

    Raises:
        ReversalExceedsCredit: more than is pending of it.
        AccountClosed: the account does not move.
        NotFound: the customer has no such entry, or nothing of it is pending.
    """
    wallet = await _wallet_of(session, customer_id, entry_id)
    movement = _about(
        customer_id, wallet, EntryKind.PENDING_CANCEL, points, entry_id, reason_zh, reason_en, actor_id, source_id
    )
    return read_posted(await repository.post(session, movement), required=points)


async def activate_due(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Activate at most `limit` lots whose day has come by `day`; returns how many were `read` and `activated`.

    Call it again, each time in a transaction of its own, until nothing is activated; twice changes nothing.
    """
    lots = await ledger_repository.pending_due(session, day=day, limit=limit)
    movements = [
        _about(
            lot.customer_id,
            lot.wallet,
            EntryKind.PENDING_ACTIVATE,
            None,
            lot.entry_id,
            "待生效积分已生效",
            "Pending points can be spent now",
            NIGHTLY_JOB.id,
            "all",
        )
        for lot in lots
    ]
    rows = await repository.post_all(session, movements)
    return {"read": len(lots), "activated": sum(row["outcome"] == "posted" for row in rows)}


async def settle_awaited(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Let points be spent whose event has come by the end of a day, and cancel those for which it came too late.

    Call it again, each time in a transaction of its own, until nothing is read; twice changes nothing. What is
    cancelled goes back to the budgets of its rule.
    """
    decided = await waiting_repository.list_decided(session, day=day, limit=limit)
    rows = await repository.post_all(session, [_of_decided(one) for one in decided])
    counts = {"read": len(decided), "activated": 0, "cancelled": 0}
    for one, row in zip(decided, rows, strict=True):
        if row["outcome"] == "posted":
            counts["activated" if one.met else "cancelled"] += 1
    for one, row in zip(decided, rows, strict=True):
        if row["outcome"] == "posted" and not one.met:
            await return_to_budgets(
                session, customer_id=one.customer_id, entry_id=one.entry_id, points=one.remaining, left=0
            )
    return counts


async def release_awaited(session: AsyncSession, *, limit: int) -> int:
    """Settle at most `limit` of what waited for an event, as the night does: within a minute after it has come."""
    counts = await settle_awaited(session, day=clock.last_closed_day(), limit=limit)
    return counts["read"]


def _of_decided(one: Decided) -> Movement:
    if one.met:
        kind, points, zh, en = (
            EntryKind.PENDING_ACTIVATE,
            None,
            "约定事项已发生，积分生效",
            "What the points waited for came",
        )
    else:
        kind, points = EntryKind.PENDING_CANCEL, one.remaining
        zh, en = "约定事项未在期限内发生，待生效积分取消", "What the points waited for did not come in time"
    return _about(one.customer_id, one.wallet, kind, points, one.entry_id, zh, en, NIGHTLY_JOB.id, "all")


def _about(
    customer_id: UUID,
    wallet: str,
    kind: EntryKind,
    points: int | None,
    entry_id: UUID,
    reason_zh: str,
    reason_en: str,
    actor_id: UUID,
    part: str,
) -> Movement:
    """Say a movement about an entry; `part` tells several about the same entry apart."""
    at = clock.now()
    return Movement(
        customer=customer_id,
        wallet=wallet,
        kind=kind,
        points=points,
        entry=new_id(),
        lot=None,
        expires_on=None,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_kind=SourceKind.ENTRY,
        source_id=f"{entry_id}:{part}",
        actor=actor_id,
        at=at,
        day=clock.business_day(at),
        refers_to=entry_id,
    )


async def _wallet_of(session: AsyncSession, customer_id: UUID, entry_id: UUID) -> str:
    entry = await ledger_repository.find_entry(session, customer_id=customer_id, entry_id=entry_id)
    if entry is None:
        raise NotFound
    return entry.wallet
