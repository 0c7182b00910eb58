"""SQL of what was earned and waits for an event of its customer."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, Text, Uuid, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.repository import rows_of

# Left out is what cannot move: accounts that are closed, and wallets that are off where points would come free.
_DECIDED: Final = text(
    "SELECT a.customer_id, a.wallet, a.entry_id, l.remaining, m.met FROM earning_award a"
    " JOIN points_lot l ON l.customer_id = a.customer_id AND l.entry_id = a.entry_id AND l.pending AND l.remaining > 0"
    " JOIN points_account p ON p.customer_id = a.customer_id AND p.wallet = a.wallet AND p.state <> 'closed'"
    " JOIN wallet w ON w.code = a.wallet"
    " CROSS JOIN LATERAL (SELECT EXISTS ("
    " SELECT FROM customer_event e WHERE e.customer_id = a.customer_id AND e.event_type = a.awaits"
    " AND e.occurred_at > a.occurred_at AND e.occurred_on <= a.awaits_until) AS met) m"
    " WHERE a.awaits IS NOT NULL AND CASE WHEN m.met THEN w.active ELSE a.awaits_until <= :day END"
    " ORDER BY a.customer_id, a.wallet, a.entry_id LIMIT :limit"
).columns(customer_id=Uuid, wallet=Text, entry_id=Uuid, met=Boolean)


@dataclass(frozen=True, slots=True)
class Decided:
    """Points whose event has come (`met`), or whose time for it is over."""

    customer_id: UUID
    wallet: str
    entry_id: UUID
    remaining: int
    met: bool


async def list_decided(session: AsyncSession, *, day: date, limit: int) -> list[Decided]:
    """Return what waited for an event that came, or that has not come by the end of a day, in the order of writers."""
    return [Decided(**row) for row in await rows_of(session, _DECIDED, day=day, limit=limit)]
