"""The SQL of reports of points: what moved, what stood on a day, what the nights have closed and found.

What is outstanding is looked at lot by lot, because each has its own cost at issue. A lot stood on a day as it stands
now, with all that later entries drew on it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, func, insert, text
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import PointsEntry
from guibin.points.report_models import (
    PointsAccountCode,
    PointsDay,
    PointsDayTotal,
    PointsReconciliation,
    PointsReconciliationFault,
)
from guibin.points.report_rules import GroupBy
from guibin.points.repository import rows_of

MOVED: Final = """
    SELECT e.posted_on AS day, e.kind, e.customer_id, l.wallet, l.funding_line, l.cost_fen, l.original AS points
      FROM points_entry e
      JOIN points_lot l ON l.customer_id = e.customer_id AND l.entry_id = e.id
     WHERE e.posted_on BETWEEN {first} AND {last}
    UNION ALL
    SELECT e.posted_on, e.kind, e.customer_id, l.wallet, l.funding_line, l.cost_fen, -u.points
      FROM points_entry e
      JOIN points_lot_use u ON u.customer_id = e.customer_id AND u.entry_id = e.id
      JOIN points_lot l ON l.customer_id = u.customer_id AND l.id = u.lot_id
     WHERE e.posted_on BETWEEN {first} AND {last}
"""
"""How each entry of a range of days changed what is outstanding, lot by lot."""

_MOVED: Final = MOVED.format(first=":first", last=":last")

_STOOD: Final = """
    SELECT l.customer_id, l.wallet, l.funding_line, l.cost_fen, l.earned_at, l.expires_on,
           l.remaining + coalesce(later.points, 0) AS points, l.pending OR woken.refers_to IS NOT NULL AS pending
      FROM points_lot l
      LEFT JOIN (SELECT u.customer_id, u.lot_id, sum(u.points) AS points
                   FROM points_entry e
                   JOIN points_lot_use u ON u.customer_id = e.customer_id AND u.entry_id = e.id
                  WHERE e.posted_on > :day {one}
                  GROUP BY u.customer_id, u.lot_id) later
        ON later.customer_id = l.customer_id AND later.lot_id = l.id
      LEFT JOIN points_entry made
        ON made.customer_id = l.customer_id AND made.id = l.entry_id AND made.posted_on > :day
      LEFT JOIN points_entry woken
        ON woken.customer_id = l.customer_id AND woken.refers_to = l.entry_id AND woken.kind = 'pending_activate'
       AND woken.posted_on > :day
     WHERE made.id IS NULL AND l.remaining + coalesce(later.points, 0) > 0
"""

_AGE: Final = (
    "(SELECT extract(year FROM a) * 12 + extract(month FROM a)"
    " FROM age(CAST(:day AS date), CAST(s.earned_at AT TIME ZONE 'Asia/Shanghai' AS date)) AS a)"
)
_GROUPS: Final = {
    GroupBy.WALLET: "CAST(NULL AS text)",
    GroupBy.AGE: (
        f"CASE WHEN {_AGE} < 3 THEN '0-2' WHEN {_AGE} < 6 THEN '3-5' WHEN {_AGE} < 12 THEN '6-11'"
        f" WHEN {_AGE} < 24 THEN '12-23' ELSE '24+' END"
    ),
    GroupBy.FUNDING_LINE: "s.funding_line",
    GroupBy.EXPIRY_YEAR: "CAST(extract(year FROM s.expires_on) AS text)",
}


def _outstanding(group: str) -> TextClause:
    return text(
        f"SELECT s.wallet, {group} AS key, sum(s.points) AS points,"  # noqa: S608 - only the constants above
        " coalesce(sum(s.points) FILTER (WHERE s.pending), 0) AS pending,"
        " sum(CAST(s.points AS numeric) * s.cost_fen) AS cost_fen"
        f" FROM ({_STOOD.format(one='')}) s GROUP BY 1, 2 ORDER BY 1, 2"
    )


_OUTSTANDING: Final = {group: _outstanding(key) for group, key in _GROUPS.items()}

_DUE_OF: Final = text(
    "SELECT s.wallet, s.expires_on, sum(s.points) AS points"  # noqa: S608 - only the constants above
    f" FROM ({_STOOD.format(one='AND e.customer_id = :customer')} AND l.customer_id = :customer) s"
    " WHERE s.expires_on IS NOT NULL AND NOT s.pending GROUP BY 1, 2 ORDER BY 1, 2"
)

_MOVED_UNTIL: Final = text(
    "SELECT day, wallet, kind, sum(points) AS points, sum(cost_fen) AS cost_fen FROM ("  # noqa: S608 - constants
    "SELECT day, wallet, kind, points, CAST(cost_fen AS numeric) AS cost_fen FROM points_day_total WHERE day <= :last"
    f" UNION ALL SELECT day, wallet, kind, points, CAST(points AS numeric) * cost_fen FROM ({_MOVED}) m"
    ") moved GROUP BY day, wallet, kind"
)

_HASH: Final = "hashtextextended(concat_ws('|', {0}), 0)"
_ENTRY_HASH: Final = _HASH.format(
    "e.customer_id, e.id, e.wallet, e.seq, e.kind, e.points, e.debt_change, e.pending_change, e.balance_after,"
    " coalesce(CAST(e.refers_to AS text), '-'), e.source_kind, e.source_id, extract(epoch FROM e.posted_at)"
)
_LOT_HASH: Final = _HASH.format(
    "l.customer_id, l.id, l.wallet, l.entry_id, l.original, extract(epoch FROM l.earned_at),"
    " coalesce(CASE WHEN l.lapsed THEN l.given_until ELSE l.expires_on END - DATE '2000-01-01', -1), l.cost_fen,"
    " coalesce(l.funding_line, '')"
)
_USE_HASH: Final = _HASH.format("u.customer_id, u.entry_id, u.lot_id, u.points, u.place")

DAYS: Final = f"""
    SELECT e.posted_on AS day, count(*) AS entries, sum(e.points) AS points, sum(e.pending_change) AS pending,
           sum(e.debt_change) AS debt, sum({_ENTRY_HASH} + coalesce(l.seal, 0) + coalesce(u.seal, 0)) AS fingerprint
      FROM points_entry e
      LEFT JOIN (SELECT l.customer_id, l.entry_id, sum({_LOT_HASH}) AS seal
                   FROM points_lot l GROUP BY l.customer_id, l.entry_id) l
        ON l.customer_id = e.customer_id AND l.entry_id = e.id
      LEFT JOIN (SELECT u.customer_id, u.entry_id, sum({_USE_HASH}) AS seal
                   FROM points_lot_use u GROUP BY u.customer_id, u.entry_id) u
        ON u.customer_id = e.customer_id AND u.entry_id = e.id
     WHERE e.posted_on BETWEEN {{first}} AND {{last}}
     GROUP BY e.posted_on
"""  # noqa: S608 - only the constants above
"""The control totals of each day of a range: entries, changes, and the sum of hashes of what never changes."""

_CLOSE: Final = text(
    "INSERT INTO points_day (day, entries, points, pending, debt, fingerprint, code_revision, closed_at)"  # noqa: S608
    " SELECT CAST(d AS date), coalesce(t.entries, 0), coalesce(t.points, 0), coalesce(t.pending, 0),"
    " coalesce(t.debt, 0), CAST(coalesce(t.fingerprint, 0) AS text), :revision, :at"
    " FROM generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') d"
    f" LEFT JOIN ({DAYS.format(first=':first', last=':last')}) t ON t.day = CAST(d AS date)"
)
_TOTAL: Final = text(
    "INSERT INTO points_day_total (day, wallet, funding_line, branch_code, kind, points, cost_fen)"  # noqa: S608
    " SELECT m.day, m.wallet, coalesce(m.funding_line, ''), coalesce(b.code, ''), m.kind, sum(m.points),"
    f" sum(CAST(m.points AS numeric) * m.cost_fen) FROM ({_MOVED}) m"
    " JOIN customer c ON c.id = m.customer_id LEFT JOIN branch b ON b.id = c.branch_id"
    " GROUP BY m.day, m.wallet, coalesce(m.funding_line, ''), coalesce(b.code, ''), m.kind"
)

_DUE: Final = text(
    """
    SELECT d.wallet, CAST(date_trunc('month', d.ends_on) AS date) AS month, d.rolls_over_to, sum(d.points) AS points,
           sum(CAST(d.points AS numeric) * d.cost_fen) AS cost_fen
      FROM (SELECT l.wallet, l.ends_on, l.rolls_over_to, l.cost_fen,
                   CASE WHEN l.share = 100 THEN l.remaining
                        ELSE least(l.remaining, greatest(floor(l.total * l.share / 100) - l.before, 0)) END AS points
              FROM (SELECT l.wallet, w.rolls_over_to, l.cost_fen, l.remaining,
                           coalesce(l.expires_on, a.lapses_on) AS ends_on,
                           CASE WHEN l.expires_on IS NULL THEN w.expiry_share ELSE 100 END AS share,
                           sum(l.remaining) OVER (PARTITION BY l.customer_id, l.wallet, l.expires_on) AS total,
                           sum(l.remaining) OVER (PARTITION BY l.customer_id, l.wallet, l.expires_on
                                                  ORDER BY l.earned_at, l.id) - l.remaining AS before
                      FROM points_lot l
                      JOIN points_account a ON a.customer_id = l.customer_id AND a.wallet = l.wallet
                      JOIN wallet w ON w.code = l.wallet
                     WHERE l.remaining > 0 AND coalesce(l.expires_on, a.lapses_on) IS NOT NULL) l) d
     WHERE d.points > 0 GROUP BY 1, 2, 3 ORDER BY 1, 2
    """
)
_ENDED: Final = text(
    """
    SELECT l.wallet, coalesce(sum(u.points) FILTER (WHERE e.kind IN ('redeem', 'order', 'refund')), 0) AS used,
           coalesce(sum(u.points) FILTER (WHERE e.kind IN ('expire', 'expire_early')), 0) AS expired
      FROM points_lot l
      JOIN points_lot_use u ON u.customer_id = l.customer_id AND u.lot_id = l.id
      JOIN points_entry e ON e.customer_id = u.customer_id AND e.id = u.entry_id
     WHERE l.remaining = 0 GROUP BY l.wallet
    """
)
_COUNTED: Final = text(
    "SELECT (SELECT count(*) FROM points_account) AS accounts, (SELECT count(*) FROM points_entry) AS entries,"
    " (SELECT count(*) FROM points_lot) AS lots, (SELECT count(*) FROM business_event) AS events"
)


_SUMS_OF: Final = text(
    """
    SELECT e.wallet, CASE WHEN e.posted_on >= :first THEN e.kind END AS kind, sum(e.points) AS points,
           sum(e.debt_change) AS debt, sum(e.pending_change) AS pending
      FROM points_entry e
     WHERE e.customer_id = :customer AND e.posted_on <= :last GROUP BY 1, 2
    """
)


async def first_day_of(session: AsyncSession, *, customer_id: UUID) -> date | None:
    """Return the first day on which something moved in a customer's accounts."""
    query = select(func.min(PointsEntry.posted_on)).where(col(PointsEntry.customer_id) == customer_id)
    return (await session.exec(query)).one()


async def sums_of(session: AsyncSession, *, customer_id: UUID, first: date, last: date) -> Sequence[RowMapping]:
    """Return wallet, kind, points, debt and pending of a customer's entries to a day; kind is NULL before `first`."""
    return await rows_of(session, _SUMS_OF, customer=customer_id, first=first, last=last)


async def due_of(session: AsyncSession, *, customer_id: UUID, day: date) -> Sequence[RowMapping]:
    """Return wallet, expires_on and points of what a customer had at the end of a day and what ends some day."""
    return await rows_of(session, _DUE_OF, customer=customer_id, day=day)


async def outstanding(session: AsyncSession, *, day: date, group_by: GroupBy) -> Sequence[RowMapping]:
    """Return wallet, key, points, pending and cost_fen of all that stood at the end of a day."""
    return await rows_of(session, _OUTSTANDING[group_by], day=day)


async def moved_until(session: AsyncSession, *, last: date) -> Sequence[RowMapping]:
    """Return day, wallet, kind, points and cost_fen of all movements up to a day: closed days from their totals."""
    closed = await last_closed_day(session)
    first = date.min if closed is None else date.fromordinal(closed.toordinal() + 1)
    return await rows_of(session, _MOVED_UNTIL, first=first, last=last)


async def due_by_month(session: AsyncSession) -> Sequence[RowMapping]:
    """Return wallet, first day of a month, rolls_over_to, points and cost_fen of what ends in it as things stand."""
    return await rows_of(session, _DUE)


async def ended_lots(session: AsyncSession) -> Sequence[RowMapping]:
    """Return wallet, used and expired: the points of lots of which nothing remains."""
    return await rows_of(session, _ENDED)


async def last_closed_day(session: AsyncSession) -> date | None:
    """Return the last day that a night has closed."""
    return (await session.exec(select(func.max(PointsDay.day)))).one()


async def first_open_day(session: AsyncSession) -> date | None:
    """Return the first day with entries; for a ledger that no night has closed a day of."""
    return (await session.exec(select(func.min(PointsEntry.posted_on)))).one()


async def close_days(session: AsyncSession, *, first: date, last: date, revision: int, at: datetime) -> None:
    """Write the control totals and the totals of all days of a range."""
    await rows_of(session, _CLOSE, first=first, last=last, revision=revision, at=at)
    await rows_of(session, _TOTAL, first=first, last=last)


async def get_day(session: AsyncSession, day: date) -> PointsDay | None:
    """Return a closed day."""
    return await session.get(PointsDay, day)


async def totals_of(session: AsyncSession, day: date) -> Sequence[PointsDayTotal]:
    """Return the totals of a closed day, by wallet, funding line, branch and kind."""
    total = PointsDayTotal
    order = (col(total.wallet), col(total.funding_line), col(total.branch_code), col(total.kind))
    return (await session.exec(select(total).where(total.day == day).order_by(*order))).all()


async def codes_of(session: AsyncSession, revision: int | None = None) -> PointsAccountCode | None:
    """Return a revision of the account codes, the latest without one."""
    query = select(PointsAccountCode).order_by(col(PointsAccountCode.revision).desc()).limit(1)
    if revision is not None:
        query = query.where(PointsAccountCode.revision == revision)
    return (await session.exec(query)).first()


async def add_codes(session: AsyncSession, row: PointsAccountCode) -> bool:
    """Add a revision of the account codes; False when it is there already."""
    statement = insert_once(PointsAccountCode).values(row.model_dump()).on_conflict_do_nothing()
    added = await session.execute(statement.returning(col(PointsAccountCode.revision)))
    return added.first() is not None


async def count_rows(session: AsyncSession) -> RowMapping:
    """Return how many accounts, entries, lots and events there are."""
    return (await rows_of(session, _COUNTED))[0]


async def last_reconciliation(session: AsyncSession, day: date) -> PointsReconciliation | None:
    """Return the latest attempt of a day."""
    query = select(PointsReconciliation).where(PointsReconciliation.day == day)
    return (await session.exec(query.order_by(col(PointsReconciliation.attempt).desc()).limit(1))).first()


async def list_reconciliations(
    session: AsyncSession, *, limit: int, before: date | None
) -> Sequence[PointsReconciliation]:
    """Return the latest attempt of each day, newest first."""
    row, later = PointsReconciliation, aliased(PointsReconciliation)
    newer = select(col(later.day)).where(col(later.day) == col(row.day), col(later.attempt) > col(row.attempt))
    query = select(row).where(~newer.exists()).order_by(col(row.day).desc()).limit(limit)
    if before is not None:
        query = query.where(col(row.day) < before)
    return (await session.exec(query)).all()


async def faults_of(session: AsyncSession, run: PointsReconciliation) -> Sequence[PointsReconciliationFault]:
    """Return the faults of an attempt, in order."""
    fault = PointsReconciliationFault
    query = select(fault).where(fault.day == run.day, fault.attempt == run.attempt)
    return (await session.exec(query.order_by(col(fault.place)))).all()


async def add_reconciliation(
    session: AsyncSession, run: PointsReconciliation, faults: Sequence[PointsReconciliationFault]
) -> None:
    """Write what a reconciliation found."""
    session.add(run)
    await session.flush()
    if faults:
        rows: list[dict[str, Any]] = [fault.model_dump() for fault in faults]
        await session.execute(insert(PointsReconciliationFault), rows)
