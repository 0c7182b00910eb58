"""SQL of the end of points that do not simply expire: a share of an account lapses, or what ends rolls over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Text, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.repository import rows_of

_LAPSED: Final = text(
    "SELECT a.customer_id, a.wallet FROM points_account a JOIN wallet w ON w.code = a.wallet AND w.expiry_share < 100"
    " WHERE a.lapses_on <= :day AND a.state <> 'closed' ORDER BY a.customer_id, a.wallet LIMIT :limit"
)
# The lock ends what has lapsed; the list is worked through in its own order, one customer at a time.
_LAPSE: Final = text(
    "SELECT l.balance FROM unnest(CAST(:customers AS uuid[]), CAST(:wallets AS text[])) WITH ORDINALITY"
    " AS m(customer_id, wallet, n) CROSS JOIN LATERAL points_account_lock(m.customer_id, m.wallet, :at, :day) l"
    " ORDER BY m.n"
)
_GONE: Final = text(
    "SELECT count(DISTINCT (e.customer_id, e.wallet)) AS accounts, coalesce(-sum(e.points), 0) AS points"
    " FROM points_entry e WHERE e.customer_id = ANY (:customers) AND e.kind = 'expire' AND e.source_kind = 'run'"
    " AND e.posted_at = :at AND e.source_id LIKE 'lapse:%'"
).columns(accounts=BigInteger, points=BigInteger)

_ROLL_OVER: Final = text(
    "SELECT r.outcome, r.points FROM unnest(CAST(:customers AS uuid[]), CAST(:wallets AS text[]),"
    " CAST(:into AS text[]), CAST(:given AS uuid[]), CAST(:received AS uuid[]), CAST(:first_lots AS int[]),"
    " CAST(:lot_counts AS int[]), CAST(:until AS date[]), CAST(:out_zh AS text[]), CAST(:out_en AS text[]),"
    " CAST(:in_zh AS text[]), CAST(:in_en AS text[])) WITH ORDINALITY AS m(customer_id, wallet, target, given,"
    " received, first_lot, lots, until, out_zh, out_en, in_zh, in_en, n)"
    " CROSS JOIN LATERAL points_roll_over(m.customer_id, m.wallet, m.target, ARRAY[m.given, m.received],"
    " (CAST(:lots AS uuid[]))[m.first_lot:m.first_lot + m.lots - 1], m.until, ARRAY[m.out_zh, m.in_zh],"
    " ARRAY[m.out_en, m.in_en], :source_id, :actor, :at, :day) r ORDER BY m.n"
).columns(outcome=Text, points=BigInteger)


@dataclass(frozen=True, slots=True)
class RollOver:
    """What of a wallet is to go into another one: reasons are of what goes out, then of what comes in."""

    customer_id: UUID
    wallet: str
    into: str
    entry_ids: tuple[UUID, UUID]
    lot_ids: Sequence[UUID]
    until: date | None
    reasons_zh: tuple[str, str]
    reasons_en: tuple[str, str]


async def lapsed_accounts(session: AsyncSession, *, day: date, limit: int) -> list[tuple[UUID, str]]:
    """Return accounts of which a share has lapsed by the end of `day`, in the order of writers."""
    return [(row["customer_id"], row["wallet"]) for row in await rows_of(session, _LAPSED, day=day, limit=limit)]


async def lapse(
    session: AsyncSession, accounts: Sequence[tuple[UUID, str]], *, at: datetime, day: date
) -> tuple[int, int]:
    """Let the share of accounts go that has lapsed before `day`; returns of how many accounts how many points."""
    customers = [customer_id for customer_id, _ in accounts]
    await rows_of(session, _LAPSE, customers=customers, wallets=[wallet for _, wallet in accounts], at=at, day=day)
    (gone,) = await rows_of(session, _GONE, customers=customers, at=at)
    return int(gone["accounts"]), int(gone["points"])


async def roll_over(
    session: AsyncSession, asked: Sequence[RollOver], *, source_id: str, actor: UUID, at: datetime, day: date
) -> list[tuple[str, int]]:
    """Roll accounts over, in their order; returns the outcome and the points of each."""
    firsts = [1]
    for one in asked:
        firsts.append(firsts[-1] + len(one.lot_ids))
    rows = await rows_of(
        session,
        _ROLL_OVER,
        customers=[one.customer_id for one in asked],
        wallets=[one.wallet for one in asked],
        into=[one.into for one in asked],
        given=[one.entry_ids[0] for one in asked],
        received=[one.entry_ids[1] for one in asked],
        first_lots=firsts[:-1],
        lot_counts=[len(one.lot_ids) for one in asked],
        lots=[lot_id for one in asked for lot_id in one.lot_ids],
        until=[one.until for one in asked],
        out_zh=[one.reasons_zh[0] for one in asked],
        out_en=[one.reasons_en[0] for one in asked],
        in_zh=[one.reasons_zh[1] for one in asked],
        in_en=[one.reasons_en[1] for one in asked],
        source_id=source_id,
        actor=actor,
        at=at,
        day=day,
    )
    return [(row["outcome"], int(row["points"])) for row in rows]
