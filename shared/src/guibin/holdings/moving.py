"""Holdings follow their owner: copied from one customer to another, then deleted, since a key never changes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import columns_of
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.customers.names import names_of

_NAMED: Final = "SELECT {} FROM {} WHERE customer_id = :survivor AND named_by = ANY(CAST(:names AS bytea[]))"
"""What lines told since by a name that is the losing customer's."""


class HoldingsParticipant(MergeParticipant):
    """Takes holdings, balances, shares in holdings and events along when customers are merged."""

    name = "holdings"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Move everything of the losing customer."""
        losing_id, surviving_id = merge.losing_id, merge.surviving_id
        pair = {"loser": losing_id, "survivor": surviving_id}
        shares = await _pairs(
            session, "SELECT holding_id, owner_id FROM holding_party WHERE customer_id = :loser", pair
        )
        await _move_holdings(session, losing_id, surviving_id, "")
        await _copy(session, "holding_party", losing_id, surviving_id, "ON CONFLICT DO NOTHING")
        await session.execute(text("DELETE FROM holding_party WHERE customer_id = :loser"), pair)
        await session.execute(text("UPDATE holding_party SET owner_id = :survivor WHERE owner_id = :loser"), pair)
        own = "DELETE FROM holding_party WHERE customer_id = :survivor AND owner_id = :survivor"
        between = await _pairs(session, f"{own} RETURNING holding_id, as_of", pair)
        await _copy(session, "customer_event", losing_id, surviving_id, "")
        gone = "DELETE FROM customer_event WHERE customer_id = :loser RETURNING line, reference"
        events = await _pairs(session, gone, pair)
        await session.execute(
            text("UPDATE business_event SET customer_id = :survivor WHERE customer_id = :loser"), pair
        )
        return {"shares": shares, "between": between, "events": events}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Give back the holdings of the records that went back before, shares, and events; what came since too."""
        survivor, loser = merge.surviving_id, merge.losing_id
        back = {"survivor": survivor, "loser": loser}
        of_records = (
            "SELECT h.id, h.line FROM holding h WHERE h.customer_id = :survivor AND EXISTS ("
            "SELECT FROM source_record r WHERE r.customer_id = :loser AND r.record_ref = h.record_ref)"
        )
        ids = [UUID(one) for one, _ in await _pairs(session, of_records, back)]
        if ids:
            await move_holdings(session, ids=ids, from_id=survivor, to_id=loser)
        for holding_id, owner_id in moved["shares"]:
            await _share(
                session, UUID(holding_id), survivor, loser, None if owner_id == str(survivor) else UUID(owner_id)
            )
        for holding_id, as_of in moved["between"]:
            await _share_again(session, UUID(holding_id), date.fromisoformat(as_of), pair=(survivor, loser))
        names = {"survivor": survivor, "names": await names_of(session, loser)}
        for holding_id, owner_id in await _pairs(
            session, _NAMED.format("holding_id, owner_id", "holding_party"), names
        ):
            await _share(session, UUID(holding_id), survivor, loser, UUID(owner_id))
        since = await _pairs(session, _NAMED.format("line, reference", "customer_event"), names)
        await _give_back_events(session, merge, [*moved["events"], *since])


PARTICIPANT: Final = HoldingsParticipant()


async def _pairs(session: AsyncSession, statement: str, bound: Mapping[str, object]) -> list[list[str]]:
    return sorted([str(one), str(other)] for one, other in await session.execute(text(statement), bound))


async def _share(session: AsyncSession, holding_id: UUID, from_id: UUID, to_id: UUID, owner_id: UUID | None) -> None:
    """Give a share in somebody else's holding back; one that ended meanwhile has ended."""
    if owner_id is None:
        return
    share = {"holding": holding_id, "giver": from_id, "taker": to_id}
    await session.execute(
        text(
            "INSERT INTO holding_party (customer_id, holding_id, owner_id, as_of, named_by)"
            " SELECT CAST(:taker AS uuid), holding_id, owner_id, as_of, named_by FROM holding_party"
            " WHERE customer_id = :giver AND holding_id = :holding AND owner_id <> :taker ON CONFLICT DO NOTHING"
        ),
        share,
    )
    await session.execute(text("DELETE FROM holding_party WHERE customer_id = :giver AND holding_id = :holding"), share)


async def _share_again(session: AsyncSession, holding_id: UUID, as_of: date, *, pair: tuple[UUID, UUID]) -> None:
    """Let one of two customers share the other's holding again, as before they were one."""
    await session.execute(
        text(
            "INSERT INTO holding_party (customer_id, holding_id, owner_id, as_of)"
            " SELECT CASE h.customer_id WHEN CAST(:one AS uuid) THEN CAST(:other AS uuid) ELSE CAST(:one AS uuid) END,"
            " h.id, h.customer_id, CAST(:as_of AS date) FROM holding h"
            " WHERE h.id = :holding AND h.customer_id IN (:one, :other) ON CONFLICT DO NOTHING"
        ),
        {"holding": holding_id, "as_of": as_of, "one": pair[0], "other": pair[1]},
    )


async def _give_back_events(session: AsyncSession, merge: Merge, events: list[list[str]]) -> None:
    others = ", ".join(column for column in columns_of("customer_event") if column != "customer_id")
    named = "(line, reference) IN (SELECT * FROM unnest(CAST(:lines AS text[]), CAST(:references AS text[])))"
    bound = {
        "survivor": merge.surviving_id,
        "loser": merge.losing_id,
        "lines": [line for line, _ in events],
        "references": [reference for _, reference in events],
    }
    copied = (
        f"INSERT INTO customer_event (customer_id, {others}) SELECT CAST(:loser AS uuid), {others}"  # noqa: S608 - own names
        f" FROM customer_event WHERE customer_id = :survivor AND {named}"
    )
    gone = f"DELETE FROM customer_event WHERE customer_id = :survivor AND {named}"  # noqa: S608 - own names
    theirs = f"UPDATE business_event SET customer_id = :loser WHERE customer_id = :survivor AND {named}"  # noqa: S608 - own names
    for statement in (copied, gone, theirs):
        used = {name: value for name, value in bound.items() if f":{name}" in statement}
        await session.execute(text(statement), used)


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
