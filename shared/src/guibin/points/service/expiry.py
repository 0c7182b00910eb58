"""Expiring: what was not spent by its last day goes, or rolls over, one entry for each account and day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points import repository, roll_over_repository
from guibin.points.models import EntryKind, SourceKind, Wallet
from guibin.points.repository import Movement
from guibin.points.roll_over_repository import RollOver
from guibin.points.rules import expiry_of
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 1_000
"""Accounts of one transaction: whoever redeems meanwhile waits for it, and gives up after the lock time-out."""


async def expire(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """End the lots of at most `limit` accounts whose last day is `day` or earlier; the day is over.

    Shares of what has lapsed for want of activity come first, then what rolls over into another wallet, then what
    expires. Call it again, each time in a transaction of its own, until nothing is read; twice for the same day changes
    nothing, since an account expires or rolls over once for a day. Returns how many accounts were `read`, how many
    `expired` or `rolled_over`, and how many `points` went for good.
    """
    return (
        await _lapse(session, day, limit) or await _roll_over(session, day, limit) or await _expire(session, day, limit)
    )


def _counts(*, read: int, expired: int = 0, rolled_over: int = 0, points: int = 0) -> dict[str, int]:
    return {"read": read, "expired": expired, "rolled_over": rolled_over, "points": points}


async def _lapse(session: AsyncSession, day: date, limit: int) -> dict[str, int] | None:
    accounts = await roll_over_repository.lapsed_accounts(session, day=day, limit=limit)
    if not accounts:
        return None
    expired, points = await roll_over_repository.lapse(session, accounts, at=clock.now(), day=day + timedelta(days=1))
    return _counts(read=len(accounts), expired=expired, points=points)


async def _roll_over(session: AsyncSession, day: date, limit: int) -> dict[str, int] | None:
    source_id = _source(day)
    accounts = await repository.accounts_to_roll_over(session, day=day, source_id=source_id, limit=limit)
    if not accounts:
        return None
    wallets = {wallet.code: wallet for wallet in await repository.list_wallets(session)}
    asked = [_asked(customer_id, wallets[code], lots, wallets, day) for customer_id, code, lots in accounts]
    outcomes = await roll_over_repository.roll_over(
        session, asked, source_id=source_id, actor=NIGHTLY_JOB.id, at=clock.now(), day=day + timedelta(days=1)
    )
    # What the other account does not take ends here, as points do that roll over nowhere.
    left = [
        (one.customer_id, one.wallet) for one, (outcome, _) in zip(asked, outcomes, strict=True) if outcome == "expires"
    ]
    expired, points = await _post(session, left, day)
    rolled = sum(outcome == "posted" for outcome, _ in outcomes)
    return _counts(read=len(accounts), expired=expired, rolled_over=rolled, points=points)


def _asked(customer_id: UUID, wallet: Wallet, lots: int, wallets: dict[str, Wallet], day: date) -> RollOver:
    into = wallets[wallet.rolls_over_to or wallet.code]
    return RollOver(
        customer_id=customer_id,
        wallet=wallet.code,
        into=into.code,
        entry_ids=(new_id(), new_id()),
        lot_ids=[new_id() for _ in range(lots)],
        until=expiry_of(day + timedelta(days=1), into),
        reasons_zh=(f"积分到期，转入{into.name_zh}", f"{wallet.name_zh}到期转入"),
        reasons_en=(f"Moved to {into.name_en} at their end", f"From {wallet.name_en} at their end"),
    )


async def _expire(session: AsyncSession, day: date, limit: int) -> dict[str, int]:
    accounts = await repository.accounts_to_expire(session, day=day, source_id=_source(day), limit=limit)
    expired, points = await _post(session, accounts, day)
    return _counts(read=len(accounts), expired=expired, points=points)


async def _post(session: AsyncSession, accounts: Sequence[tuple[UUID, str]], day: date) -> tuple[int, int]:
    rows = await repository.post_all(session, [_movement(*account, day) for account in accounts])
    posted = [row for row in rows if row["outcome"] == "posted"]
    return len(posted), -sum(row["points"] for row in posted)


def _source(day: date) -> str:
    return f"expiry:{day}"


def _movement(customer_id: UUID, wallet: str, day: date) -> Movement:
    return Movement(
        customer=customer_id,
        wallet=wallet,
        kind=EntryKind.EXPIRE,
        points=None,
        entry=new_id(),
        lot=None,
        expires_on=None,
        reason_zh="积分到期",
        reason_en="Points expired",
        source_kind=SourceKind.RUN,
        source_id=_source(day),
        actor=NIGHTLY_JOB.id,
        at=clock.now(),
        day=day + timedelta(days=1),
    )
