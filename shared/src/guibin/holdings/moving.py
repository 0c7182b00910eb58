"""Holdings follow their owner: copied from one customer to another, then deleted, since a key never changes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import columns_of


class HoldingsMover:
    """Takes holdings, balances, shares in holdings and events along when customers are merged."""

    async def move(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Move everything of the losing customer."""
        await _move_holdings(session, losing_id, surviving_id, "")
        pair = {"loser": losing_id, "survivor": surviving_id}
        await _copy(session, "holding_party", losing_id, surviving_id, "ON CONFLICT DO NOTHING")
        await session.execute(text("DELETE FROM holding_party WHERE customer_id = :loser"), pair)
        await session.execute(text("UPDATE holding_party SET owner_id = :survivor WHERE owner_id = :loser"), pair)
        await session.execute(
            text("DELETE FROM holding_party WHERE customer_id = :survivor AND owner_id = :survivor"), pair
        )
        await _copy(session, "customer_event", losing_id, surviving_id, "")
        await session.execute(text("DELETE FROM customer_event WHERE customer_id = :loser"), pair)
        await session.execute(
            text("UPDATE business_event SET customer_id = :survivor WHERE customer_id = :loser"), pair
        )


HOLDINGS_MOVER = HoldingsMover()


async def move_holdings(session: AsyncSession, *, ids: Sequence[UUID], from_id: UUID, to_id: UUID) -> None:
    """Move some holdings with their balances to another customer: a line says that they have a new owner."""
    await _move_holdings(session, from_id, to_id, "AND {id} = ANY(CAST(:ids AS uuid[]))", ids=list(ids))
    await session.execute(
        text("UPDATE holding_party SET owner_id = :owner WHERE holding_id = ANY(CAST(:ids AS uuid[]))"),
        {"owner": to_id, "ids": list(ids)},
    )


async def _move_holdings(
    session: AsyncSession, from_id: UUID, to_id: UUID, condition: str, *, ids: list[UUID] | None = None
) -> None:
    values = {"loser": from_id, **({} if ids is None else {"ids": ids})}
    columns = (("holding", "id"), ("holding_balance", "holding_id"))
    for table, column in columns:
        await _copy(session, table, from_id, to_id, "", condition.format(id=column), ids)
    for table, column in reversed(columns):
        deletion = f"DELETE FROM {table} WHERE customer_id = :loser {condition.format(id=column)}"  # noqa: S608 - own names
        await session.execute(text(deletion), values)


async def _copy(
    session: AsyncSession,
    table: str,
    from_id: UUID,
    to_id: UUID,
    on_conflict: str,
    condition: str = "",
    ids: list[UUID] | None = None,
) -> None:
    others = ", ".join(column for column in columns_of(table) if column != "customer_id")
    statement = (
        f"INSERT INTO {table} (customer_id, {others}) SELECT CAST(:survivor AS uuid), {others} "  # noqa: S608 - own names
        f"FROM {table} WHERE customer_id = :loser {condition} {on_conflict}"
    )
    await session.execute(
        text(statement), {"loser": from_id, "survivor": to_id, **({} if ids is None else {"ids": ids})}
    )
