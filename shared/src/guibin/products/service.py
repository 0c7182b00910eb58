"""Commands on products."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.products import repository
from guibin.products.errors import ProductExists
from guibin.products.models import Product
from guibin.security.actors import Actor


async def add_product(session: AsyncSession, *, actor: Actor, product: Product) -> Product:
    """Add a product; holdings can name it from now on.

    Raises:
        ProductExists: the code is taken.
    """
    if not await repository.insert_product(session, product):
        raise ProductExists
    await audit.record(session, actor=actor, action="product.create", object_type="product", object_id=product.code)
    return product
