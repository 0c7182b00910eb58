"""The night's part: what last month's assets give is assessed for everybody, then posted, and corrected once."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.holdings.months import last_complete_month
from guibin.points import repository as ledger
from guibin.points.assets import award_repository, repository, rules
from guibin.points.assets.models import AssetAward, AssetRule
from guibin.points.assets.service import guarding
from guibin.points.earning.service import engine
from guibin.points.earning.settlement import is_capped, room_of
from guibin.points.errors import AccountClosed, ReversalExceedsCredit
from guibin.points.models import EntryKind, SourceKind, Wallet
from guibin.points.repository import Movement
from guibin.points.rules import expiry_of, reached
from guibin.points.service.pending import cancel_pending
from guibin.points.service.reversing import claw_back
from guibin.privacy.repository import blocked_among
from guibin.privacy.rules import Act
from guibin.programme.service import find_stops
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 2_000
"""Awards of one transaction: whoever redeems meanwhile waits for it, and gives up after the lock time-out."""

MOST_BACK_AT_ONCE: Final = 200
"""The same for claw-backs, which go one by one."""


async def award(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Assess everybody by the rules of each month that is over at the end of a day and can still change.

    A month is looked at from its last night on; the night of the 7th is the last: it assesses also those whose lines
    are late, corrects what late balances have changed, and seals the month. Run twice, it changes nothing.
    A rule that weighs deposits for a wallet which has come to buy goods since gives nothing. Returns how many rules and
    months were `read`, how many of them `refused`, how many awards are new or `changed`, and how many months `sealed`.
    """
    counts = {"read": 0, "refused": 0, "changed": 0, "sealed": 0}
    versions = await repository.active_versions(session)
    wallets = {wallet.code: wallet for wallet in await ledger.list_wallets(session)}
    now = clock.now()
    for first in await _months(session, day):
        month = rules.month_of(first)
        last = rules.is_last_chance(month, day)
        await repository.begin_month(session, first, at=now)
        for rule in rules.rules_of(first, versions):
            counts["read"] += 1
            if guarding.is_forbidden(reached(rule.wallet, wallets), rule.weights, rule.compliance_document):
                counts["refused"] += 1
                continue
            counts["changed"] += await award_repository.write_awards(session, rule, month, at=now, last=last)
        if last:
            await repository.seal_month(session, first, at=now)
            counts["sealed"] += 1
    return counts


async def _months(session: AsyncSession, day: date) -> Sequence[date]:
    """Return the months to look at, the oldest first: begun and not sealed, and those that are over since."""
    latest = last_complete_month(day).first
    begun = await repository.last_month_begun(session)
    started = [latest] if begun is None else rules.months_between(rules.month_after(begun), latest)
    return [month for month in await repository.months_not_sealed(session) if month <= latest] + started


async def post_awards(session: AsyncSession, *, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Tell the ledger of at most `limit` awards of one wallet: credits first, then what is taken back.

    Call it again, each time in a transaction of its own, until nothing is read. What is stopped waits until it is not.
    Who may not earn on this day gets nothing for the month, and a closed account neither; what the caps of the wallet
    leave no room for is cut, as in any earning. Returns how many awards were `read`, how many `posted`, and the
    `points` that were given or (negative) taken back.
    """
    wallets = await engine.wallets_by_code(session)
    stops = await find_stops(session, earning=True)
    found = await award_repository.open_wallet(session, stopped=[one for one in wallets if stops.stop(wallet=one)])
    if found is None:
        return {"read": 0, "posted": 0, "points": 0}
    code, rising = found
    most = limit if rising else min(limit, MOST_BACK_AT_ONCE)
    awards = await award_repository.open_awards(session, wallet=code, rising=rising, limit=most)
    versions = {one.id: one for one in await repository.versions_by_id(session, {one.rule_id for one in awards})}
    if rising:
        posted, points = await _credit(session, reached(code, wallets), awards, versions)
    else:
        posted, points = await _take_back(session, awards, versions)
    return {"read": len(awards), "posted": posted, "points": points}


async def _credit(
    session: AsyncSession, line: Sequence[Wallet], awards: Sequence[AssetAward], versions: dict[UUID, AssetRule]
) -> tuple[int, int]:
    wallet, now = line[0], clock.now()
    blocked = await blocked_among(session, {one.customer_id for one in awards}, Act.EARN, day=clock.business_day(now))
    open_awards = [
        one
        for one in awards
        if one.customer_id not in blocked
        and not guarding.is_forbidden(line, versions[one.rule_id].weights, versions[one.rule_id].compliance_document)
    ]
    due = await _within_caps(session, wallet, open_awards, now)
    movements = [_movement(one, points, wallet, versions[one.rule_id], now) for one, points in due]
    rows = await ledger.post_batch(session, movements)
    entries = {id(one): row["entry_id"] for (one, _), row in zip(due, rows, strict=True)}
    await award_repository.settle(session, [(one, entries.get(id(one))) for one in awards])
    given = [one.points or 0 for one, row in zip(movements, rows, strict=True) if row["outcome"] == "posted"]
    return len(given), sum(given)


async def _within_caps(
    session: AsyncSession, wallet: Wallet, awards: Sequence[AssetAward], now: datetime
) -> list[tuple[AssetAward, int]]:
    """Return awards with the points that their wallet has room for; where it has caps, the accounts are locked."""
    due = [(one, one.points - one.settled) for one in awards]
    if not due or not is_capped(wallet):
        return due
    accounts = {(one.customer_id, wallet.code) for one in awards}
    touched = engine.Touched(accounts=accounts, pairs=(), rules=(), capped=accounts)
    before = await engine.read_before(session, touched, {wallet.code: wallet}, now=now, lock=True)
    today, kept = clock.business_day(now), []
    for one, wanted in due:
        account = (one.customer_id, wallet.code)
        points = min(wanted, room_of(wallet, before.earned[account], before.balances[account], today))
        if points > 0:
            kept.append((one, points))
            before.earned[account].append((today, points))
            before.balances[account] += points
    return kept


def _movement(one: AssetAward, points: int, wallet: Wallet, rule: AssetRule, now: datetime) -> Movement:
    today = clock.business_day(now)
    is_first = one.corrected_at is None or one.settled == 0
    terms = rules.Terms.of(rule)
    zh, en = (rules.reason_of if is_first else rules.correction_reason_of)(one.month, one.average_fen, terms)
    pending = wallet.pending_days > 0
    return Movement(
        customer=one.customer_id,
        wallet=one.wallet,
        kind=EntryKind.PENDING_ADD if pending else EntryKind.EARN,
        points=points,
        entry=new_id(),
        lot=new_id(),
        expires_on=expiry_of(rules.month_after(one.month), wallet),
        reason_zh=zh,
        reason_en=en,
        source_kind=SourceKind.RULE,
        source_id=_source(one, correction=not is_first),
        actor=NIGHTLY_JOB.id,
        at=now,
        day=today,
        pending_until=today + timedelta(days=wallet.pending_days) if pending else None,
    )


def _source(one: AssetAward, *, correction: bool) -> str:
    """Name what caused an entry: a rule gives once for a month, and corrects itself once."""
    return f"asset:{one.rule_code}:{one.month:%Y-%m}{':correction' if correction else ''}"


async def _take_back(
    session: AsyncSession, awards: Sequence[AssetAward], versions: dict[UUID, AssetRule]
) -> tuple[int, int]:
    posted = points = 0
    given = await award_repository.given(session, awards)
    for one in awards:
        excess = 0 if one.entry_id is None else given[one.entry_id] - one.points
        taken = await _take_back_one(session, one, versions[one.rule_id], excess) if excess > 0 else 0
        posted += taken > 0
        points -= taken
    await award_repository.settle(session, [(one, None) for one in awards])
    return posted, points


async def _take_back_one(session: AsyncSession, one: AssetAward, rule: AssetRule, points: int) -> int:
    """Take back what was too much, from what is pending where it still is; returns how many points were asked for.

    A closed account keeps what it has, and what was reversed by hand meanwhile is gone.
    """
    zh, en = rules.correction_reason_of(one.month, one.average_fen, rules.Terms.of(rule))
    entry_id = one.entry_id or new_id()
    try:
        await claw_back(
            session,
            customer_id=one.customer_id,
            entry_id=entry_id,
            points=points,
            reason_zh=zh,
            reason_en=en,
            source_kind=SourceKind.RULE,
            source_id=_source(one, correction=True),
            actor_id=NIGHTLY_JOB.id,
        )
    except NotFound:
        try:
            await cancel_pending(
                session,
                customer_id=one.customer_id,
                entry_id=entry_id,
                points=points,
                reason_zh=zh,
                reason_en=en,
                source_id="correction",
                actor_id=NIGHTLY_JOB.id,
            )
        except (NotFound, AccountClosed, ReversalExceedsCredit):
            return 0
    except (AccountClosed, ReversalExceedsCredit):
        return 0
    return points
