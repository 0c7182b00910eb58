"""SQL of activity: events that move the day on which points lapse for want of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Date, Text, Uuid, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.repository import rows_of

# The clock starts on the day of the event; what occurred after the last day comes too late. An account is found by its
# own last day, its events by their customer.
_ACTIVE: Final = text(
    "SELECT a.customer_id, a.wallet, e.until FROM points_account a"
    " JOIN wallet w ON w.code = a.wallet AND w.expiry = 'inactivity' AND w.activity_events <> '[]'"
    " CROSS JOIN LATERAL ("
    " SELECT CAST(max(c.occurred_on) + make_interval(months => w.expiry_months) AS date) AS until"
    " FROM customer_event c WHERE c.customer_id = a.customer_id"
    " AND c.occurred_on > a.lapses_on - make_interval(months => w.expiry_months)"
    " AND jsonb_exists(w.activity_events, c.event_type) AND c.occurred_on <= least(a.lapses_on, :today)) e"
    " WHERE a.lapses_on BETWEEN :first AND :last AND a.state <> 'closed' AND e.until > a.lapses_on"
    " ORDER BY a.customer_id, a.wallet LIMIT :limit"
).columns(customer_id=Uuid, wallet=Text, until=Date)
_PROLONG: Final = text(
    "SELECT points_prolong(m.customer_id, m.wallet, m.until, :first)"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:wallets AS text[]), CAST(:untils AS date[]))"
    " WITH ORDINALITY AS m(customer_id, wallet, until, n) ORDER BY m.n"
)


@dataclass(frozen=True, slots=True)
class Active:
    """An account whose points are to lapse later, and on which day."""

    customer_id: UUID
    wallet: str
    until: date


async def active_accounts(
    session: AsyncSession, *, first: date, last: date, today: date, limit: int
) -> Sequence[Active]:
    """Return accounts that would lapse from `first` to `last` and had an event that counts, in the order of writers."""
    rows = await rows_of(session, _ACTIVE, first=first, last=last, today=today, limit=limit)
    return [Active(**row) for row in rows]


async def prolong(session: AsyncSession, accounts: Sequence[Active], *, first: date) -> None:
    """Let accounts lapse on their new days, but for those that have lapsed before `first`."""
    await rows_of(
        session,
        _PROLONG,
        first=first,
        customers=[one.customer_id for one in accounts],
        wallets=[one.wallet for one in accounts],
        untils=[one.until for one in accounts],
    )
