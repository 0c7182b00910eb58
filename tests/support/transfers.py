"""Customers who pass points on to each other, over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select

from guibin.core.ids import new_id
from guibin.points.invariants import check
from guibin.points.models import PointsEntry, PointsLot, Wallet
from support.house import House


async def allow_transfers(house: House, **limits: int) -> None:
    """Let reward points be passed on in a house, within limits."""
    async with house.sessions() as session:
        row = await session.get_one(Wallet, "reward")
        row.transferable, row.transfer_limits = True, limits
        session.add(row)
        await session.commit()


@dataclass(frozen=True)
class Giving:
    """Passes points on as a customer, to whoever shows a code."""

    house: House
    client: httpx.AsyncClient

    async def allow(self, **limits: int) -> None:
        """Let reward points be passed on, within limits."""
        await allow_transfers(self.house, **limits)

    async def code(self, customer_id: UUID, wallet: str = "reward") -> str:
        """Return the code that a customer shows."""
        headers = self.house.customer_headers(customer_id)
        answer = await self.client.get(f"/v1/me/points/receiving-codes/{wallet}", headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code"])

    async def give(self, customer_id: UUID, code: str, points: int, **fields: Any) -> httpx.Response:
        """Pass points on."""
        headers = self.house.customer_headers(customer_id, key=str(fields.pop("key", new_id())))
        body = {"code": code, "wallet": "reward", "points": points} | fields
        return await self.client.post("/v1/me/points/transfers", json=body, headers=headers)

    async def lots(self, customer_id: UUID) -> list[PointsLot]:
        """Return a customer's lots, by last day; the ledger keeps its promises."""
        async with self.house.sessions() as session:
            assert await check(session) == []
            query = select(PointsLot).where(PointsLot.customer_id == customer_id).order_by(col(PointsLot.expires_on))
            return list((await session.exec(query)).all())

    async def entries(self, customer_id: UUID) -> list[PointsEntry]:
        """Return a customer's entries."""
        async with self.house.sessions() as session:
            query = select(PointsEntry).where(PointsEntry.customer_id == customer_id).order_by(col(PointsEntry.seq))
            return list((await session.exec(query)).all())
