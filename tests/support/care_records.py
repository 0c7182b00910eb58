"""Care over HTTP: customers with a manager, and what people write down of them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import begin_coverage
from support.house import EAST, House
from support.tiers import add_manager


@dataclass
class Caring:
    """Acts as the bank's people."""

    house: House
    bank: httpx.AsyncClient
    managers: dict[str, Manager] = field(default_factory=dict)

    async def manager(self, role: str = "manager", branch: str = EAST) -> Manager:
        """Return the member of staff of a role as a manager."""
        if role not in self.managers:
            async with self.house.sessions() as session:
                staff = self.house.staff[role]
                made = await add_manager(session, self.house.branches[branch].id, Grade.SENIOR, staff=staff)
                await session.commit()
                self.managers[role] = made
        return self.managers[role]

    async def served(self, role: str = "manager", branch: str = EAST, name: str = "张三丰") -> UUID:
        """Add a customer whom the manager of a role serves."""
        manager = await self.manager(role, branch)
        customer = await self.house.add_customer(branch=branch, name=name)
        async with self.house.sessions() as session:
            await begin_coverage(
                session, {customer: manager.id}, {customer: clock.today()}, source="staff", reason="客户要求"
            )
            await session.commit()
        return customer

    async def hand_over(self, customer: UUID, role: str, by: str = "branch_head") -> None:
        """Let the manager of another role serve the customer from today on."""
        manager = await self.manager(role)
        answer = await self.bank.put(
            f"/v1/customers/{to_public('cus', customer)}/coverage",
            json={"manager_id": to_public("mgr", manager.id), "reason": "客户要求更换客户经理"},
            headers=self.house.headers(by),
        )
        assert answer.status_code == 200, answer.text

    async def post(self, role: str, path: str, etag: str | None = None, /, **body: Any) -> httpx.Response:
        """Post as somebody, with a fresh key, upon a revision where one is named."""
        headers = self.house.headers(role, key=str(new_id())) | ({"If-Match": etag} if etag else {})
        return await self.bank.post(path, json=body, headers=headers)

    async def touch(self, customer: UUID, role: str = "manager", /, **body: Any) -> httpx.Response:
        """Write a call down that reached the customer, or what differs."""
        call = {"kind": "call", "channel": "phone", "purpose": "care", "result": "reached"}
        return await self.post(role, "/v1/touches", **{"customer_id": to_public("cus", customer)} | call | body)

    async def of(self, customer: UUID, what: str, role: str = "manager") -> list[dict[str, Any]]:
        """Return what is listed of a customer."""
        answer = await self.get(role, f"/v1/customers/{to_public('cus', customer)}/{what}")
        return list(answer["items"])

    async def get(self, role: str, path: str) -> dict[str, Any]:
        """Return what a read answers."""
        answer = await self.bank.get(path, headers=self.house.headers(role))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def code_of(answer: httpx.Response) -> tuple[int, str | None]:
    """Return the status and the code of an answer."""
    return answer.status_code, answer.json().get("code")
