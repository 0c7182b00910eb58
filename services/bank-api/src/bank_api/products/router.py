"""Products on the bank port."""

from typing import Annotated

from fastapi import Query

from guibin.core.lines import Line
from guibin.products import repository, service
from guibin.products.errors import ProductExists
from guibin.products.models import Product, ProductClass, Side
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    staff,
)

from .schemas import ProductIn, ProductOut

router = PortRouter(prefix="/v1/products", tags=["products"])


@router.get("", operation_id="listProducts")
@declare(caller=staff(Verb.READ, Domain.PRODUCTS), rate=RateClass.READ, data=DataClass.C1)
async def list_products(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    line: Annotated[Line | None, Query(description="Only those of this business line")] = None,
    product_class: Annotated[ProductClass | None, Query(description="Only those of this class")] = None,
    side: Annotated[Side | None, Query(description="Only assets or only liabilities")] = None,
) -> Page[ProductOut]:
    """List products in the order of their codes."""
    rows = await repository.list_products(
        call.session, limit=page.fetch, after=page.after_code, line=line, product_class=product_class, side=side
    )
    return page.answer(rows, position=lambda row: row.code, shape=ProductOut.model_validate)


@router.post("", status_code=201, operation_id="createProduct")
@declare(
    caller=staff(Verb.WRITE, Domain.PRODUCTS),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(ProductExists,),
)
async def create_product(call: StaffCall, body: Annotated[ProductIn, json_body(ProductIn)]) -> ProductOut:
    """Add a product, so that holdings can name it; its code is never used again."""
    product = await service.add_product(call.session, actor=call.actor, product=Product(**body.model_dump()))
    return ProductOut.model_validate(product)
