"""What stands under the ids of customers who were merged into another is read through that one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, SQLColumnExpression, Uuid, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows

_ORIGINS: Final = text("SELECT customer_origins(:customer_id) AS ids").columns(ids=ARRAY(Uuid))


@asynccontextmanager
async def with_origins(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> AsyncIterator[Scope]:
    """Let a block read, beside what a scope opens, what stands under the ids that were merged into a customer of it.

    `customer_id` has been looked up in the scope. Who was never merged with anybody costs one small question.
    """
    origins = tuple((await session.execute(_ORIGINS, {"customer_id": customer_id})).scalar_one())
    if not origins:
        yield scope
        return
    async with all_rows(session):
        yield replace(scope, origins=origins)


def is_of(scope: Scope, column: SQLColumnExpression[UUID], customer_id: UUID) -> ColumnElement[bool]:
    """Return the predicate that holds for a customer's rows, and for those of the scope's origins."""
    return column.in_((customer_id, *scope.origins)) if scope.origins else column == customer_id
