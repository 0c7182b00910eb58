"""Heirs who claim the points of a customer who has died, over HTTP."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select

from guibin.core.ids import new_id, to_public
from guibin.points.invariants import check
from guibin.points.models import PointsAccount, PointsLot
from support.house import House

DEED, REASON = "(2026)沪东证字第1234号", "继承人持继承权公证书到网点办理"


@dataclass(frozen=True)
class Estate:
    """Acts as the bank's people about a customer who has died and the heirs."""

    house: House
    bank: httpx.AsyncClient

    async def restrict(self, customer_id: UUID, *kinds: str) -> None:
        """Let a customer be under these restrictions, and no others."""
        items = [{"kind": kind, "reference": "DOC-1"} for kind in kinds]
        url = f"/v1/customers/cus_{customer_id}/restrictions"
        done = await self.bank.put(url, json={"items": items}, headers=self.house.headers("branch_head"))
        assert done.status_code == 200, done.text

    async def claim(
        self, customer_id: UUID, *heirs: tuple[UUID, int], role: str = "hq_operator", key: str | None = None
    ) -> httpx.Response:
        """Submit that heirs have a customer's points by their shares."""
        body = {
            "heirs": [{"customer_id": to_public("cus", heir), "share": share} for heir, share in heirs],
            "document_no": DEED,
            "reason": REASON,
        }
        headers = self.house.headers(role, key=key or str(new_id()))
        return await self.bank.post(f"/v1/customers/cus_{customer_id}/inheritance", json=body, headers=headers)

    async def approve(self, asked: httpx.Response, role: str = "compliance") -> httpx.Response:
        """Agree to what was submitted."""
        assert asked.status_code == 202, asked.text
        url = f"/v1/approvals/{asked.json()['approval_id']}/approve"
        return await self.bank.post(url, json={}, headers=self.house.headers(role))

    async def read(self, path: str, role: str = "hq_operator") -> list[dict[str, Any]]:
        """Return a list of the bank port."""
        answer = await self.bank.get(f"/v1/{path}", headers=self.house.headers(role))
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def lots(self, customer_id: UUID) -> list[tuple[int, date | None]]:
        """Return what is left of a customer's lots, by last day; the ledger keeps its promises."""
        async with self.house.sessions() as session:
            assert await check(session) == []
            lot = PointsLot
            query = select(lot).where(lot.customer_id == customer_id, col(lot.remaining) > 0)
            found = (await session.exec(query.order_by(col(lot.expires_on)))).all()
            return [(one.remaining, one.expires_on) for one in found]

    async def account(self, customer_id: UUID, **values: Any) -> PointsAccount:
        """Return a customer's account of reward points, after some values of it were set."""
        async with self.house.sessions() as session:
            row = await session.get_one(PointsAccount, (customer_id, "reward"))
            for name, value in values.items():
                setattr(row, name, value)
            await session.commit()
            await session.refresh(row)
            return row
