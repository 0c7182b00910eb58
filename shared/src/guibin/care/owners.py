"""Who answers for what is open: it follows the primary manager, by hand, in the night and when customers merge."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.history import give_back_touches
from guibin.care.repository import serving_manager
from guibin.core import clock
from guibin.core.arrays import among
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.customers.models import Customer
from guibin.customers.names import names_of
from guibin.managers.followers import Change, CoverageFollower
from guibin.security.row_scope import all_rows

_WHOSE: Final = "unnest(CAST(:customers AS uuid[]), CAST(:managers AS uuid[])) AS k(customer_id, manager_id)"
_MOVES: Final = tuple(
    text(
        f"UPDATE {table} t SET manager_id = k.manager_id{counted} FROM {_WHOSE}"  # noqa: S608 - names of the lines below
        f" WHERE t.customer_id = k.customer_id AND {still_open} AND t.manager_id IS DISTINCT FROM k.manager_id"
    )
    for table, still_open, counted in (
        ("care_task", "t.state = 'open'", ""),
        ("need", "t.state IN ('open', 'proposed')", ""),
        ("promise", "t.state = 'open'", ", handed_over = t.handed_over + (t.manager_id IS NOT NULL)::int"),
        ("opportunity", "t.state = 'open'", ", handed_over = t.handed_over + (t.manager_id IS NOT NULL)::int"),
        ("complaint", "t.state <> 'closed'", ", handed_over = t.handed_over + (t.manager_id IS NOT NULL)::int"),
    )
)
_LAPSE: Final = text(
    "UPDATE care_task SET state = 'lapsed', reason = 'customer_merged', ended_at = :at, revision = revision + 1"
    " WHERE customer_id = :loser AND state = 'open' AND origin IN ('plan', 'trigger', 'after_sale') RETURNING id"
)
_REOPEN: Final = text(
    "UPDATE care_task SET state = 'open', reason = NULL, ended_at = NULL, revision = revision + 1"
    " WHERE customer_id = :loser AND id = ANY(CAST(:ids AS uuid[])) AND state = 'lapsed'"
)


async def hand_on(session: AsyncSession, takers: Mapping[UUID, UUID | None]) -> None:
    """Let managers answer for what is open of their customers, and of those who were merged into them."""
    query = select(Customer.id, Customer.merged_into).where(among(col(Customer.merged_into), takers))
    async with all_rows(session):
        origins = (await session.exec(query)).all()
        whose = dict(takers) | {one: takers[survivor] for one, survivor in origins if survivor is not None}
        bound = {"customers": list(whose), "managers": list(whose.values())}
        for move in _MOVES:
            await session.execute(move, bound)


class CareFollower(CoverageFollower):
    """Lets the open tasks, needs, promises and complaints follow the customers to their new managers."""

    name = "care"

    async def follow(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """Hand on what is open, of all customers in a statement for each table."""
        await hand_on(session, {change.customer_id: change.taker_id for change in changes})


class CareParticipant(MergeParticipant):
    """The part of care in a merge: rows stay where they were written, and who serves the survivor answers for them.

    What plans and triggers made due for the losing customer lapses: they make it for the surviving one.
    """

    name = "care"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Hand on what is open of the losing customer."""
        lapsed = await session.execute(_LAPSE, {"loser": merge.losing_id, "at": clock.now()})
        manager_id = await serving_manager(session, customer_id=merge.surviving_id)
        await hand_on(session, {merge.losing_id: manager_id})
        return {"lapsed": sorted(str(row[0]) for row in lapsed)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let the manager of the customer who comes back answer again, and be due what was; touches that came go."""
        await session.execute(_REOPEN, {"loser": merge.losing_id, "ids": moved.get("lapsed", [])})
        manager_id = await serving_manager(session, customer_id=merge.losing_id)
        await hand_on(session, {merge.losing_id: manager_id})
        names = await names_of(session, merge.losing_id)
        await give_back_touches(session, survivor=merge.surviving_id, loser=merge.losing_id, names=names)


FOLLOWER: Final = CareFollower()
PARTICIPANT: Final = CareParticipant()
