"""A customer who takes rights that cost money beside points, and the bank's payment service, over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from guibin.core.ids import new_id
from support.house import House

PRICES: list[dict[str, object]] = [{"tier": None, "points": 100, "money": "50.00"}]


@dataclass(frozen=True)
class Till:
    """Redeems as the customer, and tells of money as the payment service."""

    house: House
    customer: httpx.AsyncClient
    bank: httpx.AsyncClient

    async def redeem(self, customer_id: UUID, right: str, quantity: int = 1, **body: Any) -> httpx.Response:
        """Redeem over the direct path."""
        headers = self.house.customer_headers(customer_id, key=str(new_id()))
        wish = {"right_id": right, "quantity": quantity} | body
        return await self.customer.post("/v1/redemptions", json=wish, headers=headers)

    async def read(self, customer_id: UUID, path: str) -> dict[str, Any]:
        """Read as the customer."""
        answer = await self.customer.get(path, headers=self.house.customer_headers(customer_id))
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def available(self, customer_id: UUID) -> int:
        """Return the points that the customer can spend."""
        wallets = (await self.read(customer_id, "/v1/me/points"))["wallets"]
        return next(int(one["available"]) for one in wallets if one["wallet"] == "reward")

    async def cancel(self, customer_id: UUID, redemption: str) -> httpx.Response:
        """Cancel as the customer."""
        headers = self.house.customer_headers(customer_id, key=str(new_id()))
        return await self.customer.post(f"/v1/redemptions/{redemption}/cancel", headers=headers)

    async def tell(self, redemption: str, what: str, amount: str | None = None, ref: str = "P1") -> httpx.Response:
        """Tell as the payment service: `paid`, `payment-failed`, `repaid`."""
        headers = self.house.service_headers("payment_gateway", ["payments:post"], key=str(new_id()))
        body = None if amount is None else {"amount": amount, "reference": ref}
        return await self.bank.post(f"/v1/redemptions/{redemption}/{what}", json=body, headers=headers)

    async def repayments(self) -> list[dict[str, Any]]:
        """Return what the payment service is to repay."""
        headers = self.house.service_headers("payment_gateway", ["payments:post"])
        answer = await self.bank.get("/v1/redemption-repayments", headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def refund(self, redemption: str, **body: Any) -> httpx.Response:
        """Refund as the head office."""
        headers = self.house.headers("hq_operator", key=str(new_id()))
        said = {"reason": "客户操作有误，申请退还"} | body
        return await self.bank.post(f"/v1/redemptions/{redemption}/refund", json=said, headers=headers)
