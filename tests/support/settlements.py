"""A supplier with a right and a month of what was taken of it, for tests over HTTP."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core.ids import from_public, new_id, to_public
from guibin.suppliers.models import RightSupplier, SettlementBasis, Supplier, SupplierPrice, SupplierState
from support.house import House
from support.shop import Shop

OPERATOR, APPROVER, FINANCE = "rights_operator", "rights_approver", "finance"
MONTH = "2026-10"
HEADER = "reference,right,quantity,price"
REDEEMED = text(
    "INSERT INTO redemption (customer_id, id, right_id, right_revision, quantity, quota_used, points_charged, wallet,"
    " quantity_refunded, quota_refunded, points_refunded, companions, guest_quota_used, cost_fen, state, fulfilment,"
    " created_at, actor_id) VALUES (:customer, :id, :right, 1, :quantity, :quantity, 0, 'reward', :refunded, :refunded,"
    " 0, :companions, 0, 0, :state, 'hand_out', :at, :customer)"
)


class Month:
    """A supplier with one right at 86.50 and what was taken of it, on the bank port."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient, supplier: UUID, right: UUID, customer: UUID) -> None:
        self.shop, self.client, self.supplier, self.right, self.customer = shop, client, supplier, right, customer
        self.path = f"/v1/suppliers/{to_public('sup', supplier)}"

    async def post(self, path: str, role: str = OPERATOR, **body: Any) -> httpx.Response:
        headers = self.shop.house.headers(role, key=str(new_id()))
        return await self.client.post(f"{self.path}{path}", json=body, headers=headers)

    async def get(self, path: str, role: str = OPERATOR, **headers: str) -> httpx.Response:
        return await self.client.get(f"{self.path}{path}", headers=self.shop.house.headers(role) | headers)

    async def build(self, month: str = MONTH, **body: Any) -> dict[str, Any]:
        answer = await self.post(f"/settlements/{month}", **body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def send(self, content: bytes, month: str = MONTH) -> httpx.Response:
        headers = self.shop.house.headers(OPERATOR) | {"Content-Type": "application/octet-stream"}
        url = f"{self.path}/settlements/{month}/statements"
        return await self.client.post(url, content=content, headers=headers)

    async def approve(self, submitted: httpx.Response) -> httpx.Response:
        assert submitted.status_code == 202, submitted.text
        url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
        return await self.client.post(url, json={}, headers=self.shop.house.headers(APPROVER))

    async def confirm(self, month: str = MONTH) -> httpx.Response:
        body = {"supplier_reference": "YL-1", "supplier_agreed_on": "2026-11-20"}
        return await self.approve(await self.post(f"/settlements/{month}/submit", **body))

    async def lines(self, month: str = MONTH) -> list[dict[str, Any]]:
        answer = await self.get(f"/settlements/{month}/lines?limit=100")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def take(
        self, at: datetime, quantity: int = 1, *, state: str = "fulfilled", refunded: int = 0, companions: int = 0
    ) -> UUID:
        redemption = new_id()
        values = {"customer": self.customer, "id": redemption, "right": self.right, "quantity": quantity, "at": at}
        async with self.shop.house.sessions() as session:
            more = {"refunded": refunded, "state": state, "companions": companions}
            await session.execute(REDEEMED, values | more)
            await session.commit()
        return redemption

    async def give_back(self, redemption: UUID) -> None:
        async with self.shop.house.sessions() as session:
            query = text("UPDATE redemption SET state = 'refunded', quantity_refunded = quantity WHERE id = :id")
            await session.execute(query, {"id": redemption})
            await session.commit()


async def open_month(
    house: House, client: httpx.AsyncClient, *, prepaid: bool = False, basis: str = SettlementBasis.ISSUED
) -> Month:
    shop = Shop(house)
    right = from_public("rgt", await shop.right(code="lounge"))
    customer = await shop.customer(points=0)
    assert right is not None
    supplier = Supplier(
        id=new_id(),
        code="yuelan",
        name="悦览",
        state=SupplierState.ACTIVE,
        settlement_basis=basis,
        tax_rate_bp=600,
        prepaid=prepaid,
        data_key=b"k",
        created_by=customer,
        created_at=datetime(2026, 9, 1, tzinfo=UTC),
    )
    by: dict[str, Any] = {"set_by": customer, "set_at": supplier.created_at}
    price: dict[str, Any] = {"right_id": right, "supplier_id": supplier.id, **by}
    async with house.sessions() as session:
        session.add(supplier)
        await session.flush()
        session.add(RightSupplier(right_id=right, supplier_id=supplier.id, product_code="YL-VIP", **by))
        session.add(SupplierPrice(valid_from=date(2026, 9, 1), valid_to=date(2026, 10, 16), price_fen=8_650, **price))
        session.add(SupplierPrice(valid_from=date(2026, 10, 16), price_fen=9_000, **price))
        await session.commit()
    return Month(shop, client, supplier.id, right, customer)


def october(day: int, hour: int = 4) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def row(redemption: UUID, quantity: int = 1, price: str = "86.50", right: str = "lounge") -> str:
    return f"{to_public('rdm', redemption)},{right},{quantity},{price}"


def csv(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()
