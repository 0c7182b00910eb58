"""Gifts over HTTP: a catalogue by two people, a branch's shelf, and a customer who is served."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import CustomerAccess
from support.house import EAST, House

REASON = "盘点发现两件破损，已拍照"


@dataclass
class Gifts:
    """Acts as the bank's people."""

    house: House
    bank: httpx.AsyncClient

    async def post(self, role: str, path: str, /, **body: Any) -> httpx.Response:
        """Post as somebody, with a fresh key."""
        return await self.bank.post(path, json=body, headers=self.house.headers(role, key=str(new_id())))

    async def get(self, role: str, path: str) -> list[dict[str, Any]]:
        """Return the items of a list."""
        answer = await self.bank.get(path, headers=self.house.headers(role))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def decide(self, submitted: httpx.Response, role: str, verb: str = "approve") -> httpx.Response:
        """Decide on what was submitted."""
        assert submitted.status_code == 202, submitted.text
        return await self.post(role, f"/v1/approvals/{submitted.json()['approval_id']}/{verb}")

    async def define(self, code: str = "tea_tin", value: str = "88.00", **other: Any) -> str:
        """Put a gift in force and return its id."""
        body = {"code": code, "name_zh": "茶罐", "name_en": "Tin of tea", "value": value} | other
        done = await self.decide(await self.post("rights_operator", "/v1/gifts", **body), "rights_approver")
        assert done.status_code == 200, done.text
        return next(str(one["id"]) for one in await self.get("manager", "/v1/gifts") if one["code"] == code)

    async def move(self, gift: str, kind: str, units: int, role: str = "lobby", **other: Any) -> httpx.Response:
        """Write a movement of the east's stock down."""
        branch = to_public("brn", self.house.branches[EAST].id)
        return await self.post(
            role, f"/v1/gifts/{gift}/movements", **{"branch_id": branch, "kind": kind, "units": units} | other
        )

    async def shelf(self, gift: str, role: str = "manager") -> tuple[int, ...]:
        """Return (free, reserved, handed over, written off) of the east."""
        (row,) = [one for one in await self.get(role, "/v1/gifts/stock") if one["gift_id"] == gift]
        return row["free"], row["reserved"], row["handed_over"], row["written_off"]

    async def served(self, role: str = "manager", branch: str = EAST) -> UUID:
        """Add a customer whom a manager serves."""
        customer = await self.house.add_customer(branch=branch)
        staff_id = self.house.staff[role].id
        async with self.house.sessions() as session:
            session.add(
                CustomerAccess(customer_id=customer, staff_id=staff_id, role="primary", valid_from=clock.today())
            )
            await session.commit()
        return customer

    async def give(self, customer: UUID, gift: str, units: int = 1, role: str = "manager") -> httpx.Response:
        """Ask for a gift."""
        path = f"/v1/customers/{to_public('cus', customer)}/gifts"
        return await self.post(role, path, gift_id=gift, units=units, occasion="birthday")
