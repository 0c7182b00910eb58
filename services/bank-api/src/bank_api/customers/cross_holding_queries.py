"""Who holds what in which of the seven lines: one customer, or counted over many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.holdings.models import Holding, HoldingStatus
from guibin.products.models import Product, ProductClass
from guibin.security.actors import Scope

from .queries import Filters, in_list


@dataclass(frozen=True, slots=True)
class HeldInLine:
    """An open holding's product, and its class, in a line."""

    line: Line
    product_code: str
    product_class: ProductClass


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of some customers hold something in each line, and how many hold something in so many lines."""

    by_line: dict[Line, int]
    by_depth: dict[int, int]


async def held_in_lines(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> list[HeldInLine]:
    """Return the products that a customer holds, each once, by line."""
    query = (
        select(col(Holding.line), col(Holding.product_code), col(Product.product_class))
        .join(Product, col(Product.code) == col(Holding.product_code))
        .where(
            col(Holding.customer_id) == customer_id,
            col(Holding.status) == HoldingStatus.ACTIVE,
            visible(scope, col(Holding.customer_id)),
        )
        .distinct()
        .order_by(col(Holding.line), col(Holding.product_code))
    )
    rows = (await session.execute(query)).all()
    return [HeldInLine(Line(line), code, ProductClass(product_class)) for line, code, product_class in rows]


async def classes_of_lines(session: AsyncSession) -> dict[Line, Sequence[ProductClass]]:
    """Return the classes of the products that each line has, in the order of their names."""
    query = select(col(Product.line), col(Product.product_class)).distinct()
    found: dict[Line, list[ProductClass]] = {line: [] for line in Line}
    for line, product_class in await session.execute(query.order_by(col(Product.product_class))):
        found[Line(line)].append(ProductClass(product_class))
    return dict(found)


async def count_lines(session: AsyncSession, scope: Scope, *, day: date, filters: Filters) -> Counted:
    """Count the customers in scope whom filters let through by the lines in which they hold something."""
    pairs = (
        select(col(Holding.customer_id), col(Holding.line))
        .join(Customer, col(Customer.id) == col(Holding.customer_id))
        .where(col(Holding.status) == HoldingStatus.ACTIVE, *in_list(scope, filters, day))
        .distinct()
        .cte("held_line")
    )
    by_line = await session.execute(select(pairs.c.line, func.count()).group_by(pairs.c.line))
    depths = select(func.count().label("lines")).select_from(pairs).group_by(pairs.c.customer_id).subquery("depth")
    by_depth = await session.execute(select(depths.c.lines, func.count()).group_by(depths.c.lines))
    return Counted({Line(line): count for line, count in by_line}, dict(by_depth.all()))
