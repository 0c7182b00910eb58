"""Whose rows a transaction may touch: the setting that the database's row-level policies read.

It is the second net behind the `Scope` that every repository takes: the policies of guibin_customer and guibin_bank let
through what the setting opens and, without a setting, nothing. It holds for the transaction, so that a connection which
somebody else uses next carries nothing. The worker's role sees everybody's rows and needs none of this.

`guibin.scope` is one word, `whole_bank`, or words with ids:
`customer:ID own_customers:STAFF,STAFF accompanied:DAY subtree:BRANCH,BRANCH`. The day is that on which who acts still
accompanies customers whom that one gave away.
`guibin.actor` is the id of who acts: stored answers and submissions of one's own are one's own rows.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.security.actors import Scope

WHOLE_BANK: Final = "whole_bank"

# Who may see every subtree sees everybody, and the policies need not look at each customer's branch.
_OPEN: Final = text(
    "SELECT set_config('guibin.scope', CASE WHEN cardinality(CAST(:roots AS uuid[])) > 0 AND NOT EXISTS ("
    "SELECT FROM branch WHERE parent_id IS NULL AND id <> ALL (CAST(:roots AS uuid[])))"
    " THEN 'whole_bank' ELSE :words END, true), set_config('guibin.actor', :actor, true)"
)
_WIDEN: Final = text(
    "WITH open AS MATERIALIZED (SELECT current_setting('guibin.scope', true) AS words)"
    " SELECT words, set_config('guibin.scope', 'whole_bank', true) FROM open"
)
_NARROW: Final = text("SELECT set_config('guibin.scope', :words, true)")


def words_of(scope: Scope) -> str:
    """Write a scope as the policies read it; the scope that opens nothing is the empty text."""
    if scope.whole_bank:
        return WHOLE_BANK
    words = [f"customer:{scope.customer_id}"] if scope.customer_id else []
    words += ["own_customers:" + ",".join(map(str, scope.books))] if scope.books else []
    words += [f"accompanied:{clock.today()}"] if scope.accompanies else []
    words += ["subtree:" + ",".join(map(str, scope.branch_roots))] if scope.branch_roots else []
    return " ".join(words)


async def open_rows(session: AsyncSession, scope: Scope, *, actor_id: UUID | None = None) -> None:
    """Open the rows of a scope's customers, and the actor's own, until the transaction ends: one round trip.

    Opening again replaces what was open.
    """
    parameters = {"roots": list(scope.branch_roots), "words": words_of(scope), "actor": str(actor_id or "")}
    await session.execute(_OPEN, parameters)


@asynccontextmanager
async def all_rows(session: AsyncSession) -> AsyncIterator[None]:
    """Open everybody's rows for a block: for what must count or find whoever it is, such as a manager's whole load.

    What comes out of the block goes to the caller as far as the caller's scope allows; the block's code sees to it. An
    exception out of the block has to end the transaction, or the savepoint around it: the opening ends with it.
    """
    before = (await session.execute(_WIDEN)).scalar_one()
    yield
    await session.flush()  # what the block changed is written while it may be
    if before != WHOLE_BANK:
        await session.execute(_NARROW, {"words": before or ""})
