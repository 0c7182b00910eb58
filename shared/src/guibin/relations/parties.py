"""The customers to whom somebody in scope is related: those out of scope are read for a masked name alone."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows

_ANYBODY: Final = true()


@dataclass(frozen=True, slots=True)
class Party:
    """A customer, and whether the caller may know who it is."""

    customer: Customer
    in_scope: bool


async def parties_of(session: AsyncSession, scope: Scope, *, ids: Collection[UUID]) -> dict[UUID, Party]:
    """Return customers by id; who is not found in scope is read past it, and shown as a kind and a masked name."""
    found = await _read(session, set(ids), visible(scope, col(Customer.id), col(Customer.branch_id)))
    parties = {one.id: Party(one, in_scope=True) for one in found}
    others = set(ids) - parties.keys()
    if others:
        async with all_rows(session):
            hidden = await _read(session, others, _ANYBODY)
        parties |= {one.id: Party(one, in_scope=False) for one in hidden}
    return parties


async def _read(session: AsyncSession, ids: set[UUID], seen: ColumnElement[bool]) -> list[Customer]:
    return list((await session.exec(select(Customer).where(col(Customer.id).in_(ids), seen))).all())
