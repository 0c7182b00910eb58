"""Products on offer and holdings of them, for tests of opportunities."""

from datetime import date
from typing import Any
from uuid import UUID

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.holdings.models import Holding
from guibin.products.models import Product
from support.care_records import Caring
from support.house import House

FUND = "FUND-A"
LINE = "personal_finance"


async def add_product(house: House, code: str = FUND) -> None:
    """Let the bank have a fund."""
    names = {"name_zh": "稳健基金", "name_en": "Fund", "line": LINE, "side": "asset", "product_class": "fund"}
    async with house.sessions() as session:
        session.add(Product.model_validate({"code": code, **names}))
        await session.commit()


async def buy(house: House, customer_id: UUID, *, on: date | None = None, code: str = FUND) -> UUID:
    """Let a customer hold the fund, since today where no day is named."""
    holding_id, day = new_id(), on or clock.today()
    async with house.sessions() as session:
        session.add(
            Holding(
                customer_id=customer_id,
                id=holding_id,
                line=LINE,
                holding_ref=holding_id.bytes,
                last4="0001",
                record_ref=b"r",
                product_code=code,
                side="asset",
                opened_on=day,
                status="active",
                as_of=day,
                feed_file_id=holding_id,
            )
        )
        await session.commit()
    return holding_id


def path_of(customer_id: UUID) -> str:
    """Return where a customer's opportunities are."""
    return f"/v1/customers/{to_public('cus', customer_id)}/opportunities"


async def opened(caring: Caring, customer_id: UUID, **body: Any) -> tuple[str, str]:
    """Open an opportunity; return where it is ended, and its ETag."""
    made = await caring.post("manager", path_of(customer_id), **body)
    assert made.status_code == 201, made.text
    return f"{path_of(customer_id)}/{made.json()['id']}/end", made.headers["etag"]
