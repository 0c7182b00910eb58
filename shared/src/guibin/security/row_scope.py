"""Whose rows a transaction may touch: the setting that the database's row-level policies read.

It is the second net behind the `Scope` that every repository takes: the policies of guibin_customer and guibin_bank let
through what the setting opens and, without a setting, nothing. It holds for the transaction, so that a connection which
somebody else uses next carries nothing. The worker's role sees everybody's rows and needs none of this.

`guibin.scope` is one word, `whole_bank`, or words with ids: `customer:ID own_customers:STAFF subtree:BRANCH,BRANCH`.
`guibin.actor` is the id of who acts: stored answers and submissions of one's own are one's own rows.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Scope

WHOLE_BANK: Final = "whole_bank"

_OPENED: Final = "guibin.scope"
# Who may see every subtree sees everybody, and the policies need not look at each customer's branch.
_OPEN: Final = text(
    "SELECT set_config('guibin.scope', CASE WHEN cardinality(CAST(:roots AS uuid[])) > 0 AND NOT EXISTS ("
    "SELECT FROM branch WHERE parent_id IS NULL AND id <> ALL (CAST(:roots AS uuid[])))"
    " THEN 'whole_bank' ELSE :words END, true), set_config('guibin.actor', :actor, true)"
)
_REOPEN: Final = text("SELECT set_config('guibin.scope', :words, true)")


def words_of(scope: Scope) -> str:
    """Write a scope as the policies read it; the scope that opens nothing is the empty text."""
    if scope.whole_bank:
        return WHOLE_BANK
    words = [f"customer:{scope.customer_id}"] if scope.customer_id else []
    words += [f"own_customers:{scope.staff_id}"] if scope.staff_id else []
    words += ["subtree:" + ",".join(map(str, scope.branch_roots))] if scope.branch_roots else []
    return " ".join(words)


async def open_rows(session: AsyncSession, scope: Scope, *, actor_id: UUID | None = None) -> None:
    """Open the rows of a scope's customers, and the actor's own, until the transaction ends: one round trip.

    Opening again replaces what was open.
    """
    parameters = {"roots": list(scope.branch_roots), "words": words_of(scope), "actor": str(actor_id or "")}
    session.info[_OPENED] = (await session.execute(_OPEN, parameters)).scalar_one()


def opened_by_database(session: AsyncSession, scope: Scope) -> None:
    """Note what a function of the database has opened by itself in this transaction."""
    session.info[_OPENED] = words_of(scope)


@asynccontextmanager
async def all_rows(session: AsyncSession) -> AsyncIterator[None]:
    """Open everybody's rows for a block: for what must count or find whoever it is, such as a manager's whole load.

    What comes out of the block goes to the caller as far as the caller's scope allows; the block's code sees to it.
    Nothing happens where everybody's rows are open already, or where nothing was opened: in the worker and for the
    owner. An exception out of the block ends the transaction, or the savepoint around it, and the opening with it.
    """
    before = session.info.get(_OPENED, WHOLE_BANK)
    if before == WHOLE_BANK:
        yield
        return
    await session.execute(_REOPEN, {"words": WHOLE_BANK})
    session.info[_OPENED] = WHOLE_BANK
    try:
        yield
        await session.flush()
    finally:
        session.info[_OPENED] = before
    await session.execute(_REOPEN, {"words": before})
