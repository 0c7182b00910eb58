"""The SQL of restrictions: what is in force on a day, and what it blocks."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.arrays import among
from guibin.core.ids import new_id
from guibin.customers.repository import visible
from guibin.privacy.models import CustomerRestriction, RestrictionKind
from guibin.privacy.rules import Act
from guibin.security.actors import Scope

_BLOCKS: Final = {
    Act.EARN: RestrictionKind.blocks_earn,
    Act.REDEEM: RestrictionKind.blocks_redeem,
    Act.MESSAGE: RestrictionKind.blocks_message,
    Act.CALL: RestrictionKind.blocks_call,
    Act.ASSIGN: RestrictionKind.blocks_assign,
    Act.LOGIN: RestrictionKind.blocks_login,
    Act.SERVICE: RestrictionKind.blocks_service,
}


def _in_force(day: date) -> ColumnElement[bool]:
    ends = col(CustomerRestriction.valid_to)
    return (col(CustomerRestriction.valid_from) <= day) & or_(ends.is_(None), ends > day)


def blocks(customer_id: UUID | SQLColumnExpression[UUID], act: Act, day: date) -> ColumnElement[bool]:
    """Return the predicate that a restriction of a customer blocks something on a day, for a larger statement."""
    return exists().where(
        col(CustomerRestriction.customer_id) == customer_id,
        col(CustomerRestriction.kind) == col(RestrictionKind.code),
        _in_force(day),
        col(_BLOCKS[act]).is_(True),
    )


async def is_blocked(session: AsyncSession, customer_id: UUID, act: Act, *, day: date) -> bool:
    """Tell whether a restriction of a customer blocks something on a day."""
    return bool(await blocked_among(session, [customer_id], act, day=day))


async def blocked_among(session: AsyncSession, customer_ids: Collection[UUID], act: Act, *, day: date) -> set[UUID]:
    """Return which of some customers may not do something on a day."""
    query = (
        select(CustomerRestriction.customer_id)
        .join(RestrictionKind, col(RestrictionKind.code) == col(CustomerRestriction.kind))
        .where(among(col(CustomerRestriction.customer_id), set(customer_ids)), _in_force(day))
        .where(col(_BLOCKS[act]).is_(True))
    )
    return set((await session.exec(query)).all())


async def kinds_in_force(session: AsyncSession, *, customer_id: UUID, day: date) -> Sequence[RestrictionKind]:
    """Return the kinds of restrictions that a customer is under on a day."""
    query = (
        select(RestrictionKind)
        .join(CustomerRestriction, col(RestrictionKind.code) == col(CustomerRestriction.kind))
        .where(CustomerRestriction.customer_id == customer_id, _in_force(day))
    )
    return (await session.exec(query)).all()


async def list_kinds(session: AsyncSession) -> Sequence[RestrictionKind]:
    """Return all kinds of restrictions, in the order of their codes."""
    return (await session.exec(select(RestrictionKind).order_by(col(RestrictionKind.code)))).all()


async def list_open(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date
) -> list[tuple[CustomerRestriction, RestrictionKind]]:
    """Return a customer's restrictions that have not ended by a day nor before they began, the oldest first."""
    ends = col(CustomerRestriction.valid_to)
    lasting = (ends > day) & (ends > col(CustomerRestriction.valid_from))
    query = (
        select(CustomerRestriction, RestrictionKind)
        .join(RestrictionKind, col(RestrictionKind.code) == col(CustomerRestriction.kind))
        .where(
            CustomerRestriction.customer_id == customer_id,
            or_(ends.is_(None), lasting),
            visible(scope, col(CustomerRestriction.customer_id)),
        )
        .order_by(col(CustomerRestriction.set_at), col(CustomerRestriction.id))
    )
    return list((await session.exec(query)).all())


async def keeps_data(session: AsyncSession, *, customer_id: UUID, day: date) -> bool:
    """Tell whether a restriction in force on a day asks to keep a customer's data."""
    query = (
        select(CustomerRestriction.id)
        .join(RestrictionKind, col(RestrictionKind.code) == col(CustomerRestriction.kind))
        .where(CustomerRestriction.customer_id == customer_id, _in_force(day), col(RestrictionKind.keeps_data))
    )
    return bool((await session.exec(select(query.exists()))).one())


async def end_restrictions(
    session: AsyncSession, *, customer_id: UUID, ids: Collection[UUID], day: date, ended_by: UUID
) -> None:
    """End restrictions of a customer; a day is the first without them. One that had not begun never was in force."""
    restriction = CustomerRestriction
    statement = update(restriction).where(
        col(restriction.customer_id) == customer_id, col(restriction.id).in_(set(ids))
    )
    begun = statement.where(col(restriction.valid_from) <= day).values(valid_to=day, ended_by=ended_by)
    ahead = statement.where(col(restriction.valid_from) > day).values(
        valid_to=col(restriction.valid_from), ended_by=ended_by
    )
    for one in (begun, ahead):
        await session.execute(one.execution_options(synchronize_session=False))


async def begin_about(session: AsyncSession, *, customer_id: UUID, kind: str, reference: str, by: UUID) -> None:
    """Let a restriction begin today for what `reference` names, where the bank has such a kind."""
    if await session.get(RestrictionKind, kind) is None:
        return
    row = CustomerRestriction(
        customer_id=customer_id,
        id=new_id(),
        kind=kind,
        valid_from=clock.today(),
        reference=reference,
        set_by=by,
        set_at=clock.now(),
    )
    session.add(row)
    await session.flush()


async def end_about(session: AsyncSession, *, customer_id: UUID, kind: str, reference: str, by: UUID) -> None:
    """Let what began for `reference` end today."""
    row = CustomerRestriction
    lasting = or_(col(row.valid_to).is_(None), col(row.valid_to) > clock.today())
    query = select(row.id).where(row.customer_id == customer_id, row.kind == kind, row.reference == reference, lasting)
    found = (await session.exec(query)).all()
    await end_restrictions(session, customer_id=customer_id, ids=found, day=clock.today(), ended_by=by)
