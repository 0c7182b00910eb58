"""All SQL of links. A link is a row of both its sides."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.relations.models import CustomerLink, LinkKind
from guibin.security.actors import Scope


async def list_links(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> Sequence[CustomerLink]:
    """Return the links of a customer, from either side, that stand on a day, in the order in which they began.

    The customer itself has to be in scope; who stands on the other side may lie outside.
    """
    query = (
        select(CustomerLink)
        .where(
            or_(
                (col(CustomerLink.customer_id) == customer_id) & visible(scope, col(CustomerLink.customer_id)),
                (col(CustomerLink.other_id) == customer_id) & visible(scope, col(CustomerLink.other_id)),
            ),
            col(CustomerLink.valid_from) <= day,
            or_(col(CustomerLink.valid_to).is_(None), col(CustomerLink.valid_to) > day),
        )
        .order_by(col(CustomerLink.valid_from), col(CustomerLink.id))
    )
    return (await session.exec(query)).all()


async def same_links(
    session: AsyncSession, *, customer_id: UUID, other_id: UUID, kind: LinkKind
) -> Sequence[CustomerLink]:
    """Return the links of a kind from one customer to another, of whatever days."""
    query = select(CustomerLink).where(
        CustomerLink.customer_id == customer_id, CustomerLink.other_id == other_id, CustomerLink.kind == kind
    )
    return (await session.exec(query)).all()


async def find_link(session: AsyncSession, scope: Scope, *, customer_id: UUID, link_id: UUID) -> CustomerLink | None:
    """Return a link of a customer, from either side; None when there is none, or the customer is out of scope."""
    query = select(CustomerLink).where(
        CustomerLink.id == link_id,
        or_(
            (col(CustomerLink.customer_id) == customer_id) & visible(scope, col(CustomerLink.customer_id)),
            (col(CustomerLink.other_id) == customer_id) & visible(scope, col(CustomerLink.other_id)),
        ),
    )
    return (await session.exec(query)).one_or_none()


async def lasting_links(session: AsyncSession, *, customer_id: UUID, day: date) -> Sequence[CustomerLink]:
    """Return the links of a customer, from either side, that have not ended by a day, in the order of their ids."""
    query = (
        select(CustomerLink)
        .where(
            or_(col(CustomerLink.customer_id) == customer_id, col(CustomerLink.other_id) == customer_id),
            or_(col(CustomerLink.valid_to).is_(None), col(CustomerLink.valid_to) > day),
        )
        .order_by(col(CustomerLink.id))
    )
    return (await session.exec(query)).all()


async def links_named(session: AsyncSession, *, customer_id: UUID, names: Collection[bytes]) -> Sequence[CustomerLink]:
    """Return the links of a customer, from either side, of which lines told by one of some names of that side."""
    query = select(CustomerLink).where(
        or_(
            (col(CustomerLink.customer_id) == customer_id) & col(CustomerLink.named_by).in_(names),
            (col(CustomerLink.other_id) == customer_id) & col(CustomerLink.other_named_by).in_(names),
        )
    )
    return (await session.exec(query.order_by(col(CustomerLink.id)))).all()
