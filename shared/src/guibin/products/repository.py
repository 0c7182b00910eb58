"""All SQL about products."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.products.models import Product, ProductClass, Side


async def list_products(
    session: AsyncSession,
    *,
    limit: int,
    after: str | None = None,
    line: Line | None = None,
    product_class: ProductClass | None = None,
    side: Side | None = None,
) -> Sequence[Product]:
    """Return products in the order of their codes."""
    statement = select(Product).order_by(col(Product.code)).limit(limit)
    for column, value in ((Product.line, line), (Product.product_class, product_class), (Product.side, side)):
        if value is not None:
            statement = statement.where(column == value)
    return (await session.exec(statement if after is None else statement.where(col(Product.code) > after))).all()


async def products_by_code(session: AsyncSession) -> dict[str, Product]:
    """Return the whole product table by code."""
    return {product.code: product for product in (await session.exec(select(Product))).all()}


async def insert_product(session: AsyncSession, product: Product) -> bool:
    """Insert a product; False when its code is taken."""
    statement = insert(Product).values(product.model_dump()).on_conflict_do_nothing().returning(col(Product.code))
    return (await session.execute(statement)).one_or_none() is not None
