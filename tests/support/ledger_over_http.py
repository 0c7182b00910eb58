"""Drives both ports and the model of the ledger with the same random steps (T-MODEL-2): one customer, one wallet."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from hypothesis import strategies as st

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.points import service
from guibin.points.models import Wallet
from guibin.points.rules import expiry_of
from support.house import House
from support.ledger_driver import POINTS, START, Both
from support.ledger_model import Entry, Hold, Model
from support.transfers import Giving

MOVES = (
    *("credit", "credit", "redeem", "redeem", "debit", "refund", "claw_back", "hold", "capture", "release", "wait"),
    *("pass_on", "pass_on", "receive", "take_back"),
)
STEPS = st.tuples(st.sampled_from(MOVES), POINTS, st.integers(0, 30))
Step = tuple[str, int, int]

WAIT_DAYS = 60
"""So many days pass at a time: points of this bank live for years."""

REASON = "系统故障少计积分，按工单补录"
SAME = {"hold_expired": "hold_closed"}
"""What the ports say more exactly than the model."""


@dataclass
class Ports:
    """Both ports and the model; `ids` are the public ids of redemptions, entries and holds.

    `other` is the account of `other_id`, who is given points and gives some.
    """

    house: House
    customer_port: httpx.AsyncClient
    bank_port: httpx.AsyncClient
    customer_id: UUID
    right: str
    wallet: Wallet
    other_id: UUID
    other: Model = field(default_factory=Model)
    pairs: dict[Entry, Entry] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    ids: dict[Entry | Hold, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: clock.start_of_day(START) + timedelta(hours=8))

    async def step(self, step: Step) -> None:
        """Do one step in both, a minute after the one before."""
        move, points, which = step
        self.now += timedelta(minutes=1)
        for model in (self.model, self.other):
            model.now = int(self.now.timestamp())
        with clock.fixed_at(self.now):
            if move == "wait":
                self.now += timedelta(days=WAIT_DAYS * (which % 4))
                with clock.fixed_at(self.now):
                    await self._night()
            else:
                await getattr(self, f"_{move}")(points, which)

    async def compare(self) -> None:
        """Hold all that is stored, and the ledger's promises, to the model."""
        async with self.house.sessions() as session:
            await Both(session, self.customer_id, self.model).compare()
            await Both(session, self.other_id, self.other).compare()

    async def _night(self) -> None:
        last = clock.last_closed_day()
        self.model.lapse(self.now)
        for model in (self.model, self.other):
            model.expire(last)
        async with self.house.sessions() as session:
            await service.release_lapsed(session)
            await service.expire(session, day=last)
            await session.commit()

    async def _credit(self, points: int, _which: int) -> None:
        expires_on = expiry_of(clock.today(), self.wallet)
        expected = self.model.credit("adjust_credit", points, expires_on, str(new_id()))
        await self._by_two("/v1/points/adjustments", {"wallet": "reward", "points": points}, expected)

    async def _debit(self, points: int, _which: int) -> None:
        expected = self.model.debit("adjust_debit", points, clock.today(), str(new_id()))
        await self._by_two("/v1/points/adjustments", {"wallet": "reward", "points": -points}, expected)

    async def _claw_back(self, points: int, which: int) -> None:
        given = self._choose([one for one in self.model.entries if one.kind == "adjust_credit"], which)
        if given is not None:
            path = f"/v1/points/entries/{await self._entry_id(given)}/reverse"
            expected = self.model.claw_back(given, points, clock.today(), str(new_id()))
            await self._by_two(path, {"points": points}, expected)

    async def _redeem(self, points: int, _which: int) -> None:
        expected = self.model.debit("redeem", points, clock.today(), str(new_id()))
        headers = self.house.customer_headers(self.customer_id, key=str(new_id()))
        body = {"right_id": self.right, "quantity": points}
        answer = await self.customer_port.post("/v1/redemptions", json=body, headers=headers)
        self._same(answer, expected)
        if answer.is_success:
            self.ids[self.model.entries[-1]] = answer.json()["id"]
            assert answer.json()["available_after"] == self.model.available(clock.today())

    async def _refund(self, points: int, which: int) -> None:
        spent = self._choose([one for one in self.model.entries if one in self.ids and one.kind == "redeem"], which)
        if spent is not None:
            expected = self.model.refund(spent, points, clock.today(), str(new_id()))
            answer = await self._staff(
                f"/v1/redemptions/{self.ids[spent]}/refund", {"units": points, "reason": REASON}, "hq_operator"
            )
            self._same(answer, expected)

    async def _pass_on(self, points: int, _which: int) -> None:
        await self._give((self.customer_id, self.model), (self.other_id, self.other), points)

    async def _receive(self, points: int, _which: int) -> None:
        await self._give((self.other_id, self.other), (self.customer_id, self.model), points)

    async def _give(self, giver: tuple[UUID, Model], receiver: tuple[UUID, Model], points: int) -> None:
        expected = giver[1].pass_on(receiver[1], points, clock.today(), str(new_id()))
        giving = Giving(self.house, self.customer_port)
        answer = await giving.give(giver[0], await giving.code(receiver[0]), points)
        self._same(answer, expected)
        if answer.is_success:
            assert answer.json()["available_after"] == giver[1].available(clock.today())
            self.pairs[giver[1].entries[-1]] = receiver[1].entries[-1]

    async def _take_back(self, points: int, which: int) -> None:
        passed = self._choose([one for one in self.model.entries if one in self.pairs], which)
        if passed is not None:
            path = f"/v1/points/entries/{await self._entry_id(passed)}/reverse"
            expected = self.other.give_back(self.model, passed, self.pairs[passed], points, clock.today())
            await self._by_two(path, {"points": points}, expected)

    async def _hold(self, points: int, which: int) -> None:
        ends_at = self.now + timedelta(days=1 + which)
        expected = self.model.hold(points, clock.today(), ends_at, str(new_id()))
        body = {
            "wallet": "reward",
            "points": points,
            "expires_at": ends_at.isoformat(),
            "reference": str(new_id()),
            "reason": REASON,
        }
        answer = await self._service("/v1/points/holds", body)
        self._same(answer, expected)
        if answer.is_success:
            self.ids[self.model.holds[-1]] = answer.json()["id"]

    async def _capture(self, points: int, which: int) -> None:
        hold = self._choose(self.model.holds, which)
        if hold is not None and hold.state != "captured":  # a second capture is answered as the first was
            expected = self.model.capture(hold, points, self.now, str(new_id()))
            self._same(await self._service(f"/v1/points/holds/{self.ids[hold]}/capture", {"points": points}), expected)

    async def _release(self, _points: int, which: int) -> None:
        hold = self._choose(self.model.holds, which)
        if hold is not None and hold.state != "released":  # the same
            expected = "hold_closed" if hold.ends_at <= self.now else self.model.release(hold)
            self._same(await self._service(f"/v1/points/holds/{self.ids[hold]}/release", {}), expected)

    async def _by_two(self, path: str, body: dict[str, Any], expected: str) -> None:
        """Let one person submit and another approve; either may be told why not."""
        answer = await self._staff(path, {"customer_id": self._customer, "reason": REASON, **body}, "hq_operator")
        if answer.is_success:
            approval = answer.json()["approval_id"]
            answer = await self._staff(f"/v1/approvals/{approval}/approve", {}, "hq_approver")
        self._same(answer, expected)

    async def _staff(self, path: str, body: dict[str, Any], role: str) -> httpx.Response:
        return await self.bank_port.post(path, json=body, headers=self.house.headers(role, key=str(new_id())))

    async def _service(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = self.house.service_headers("core_banking", ["points:hold"], key=str(new_id()))
        return await self.bank_port.post(path, json={"customer_id": self._customer, **body}, headers=headers)

    async def _entry_id(self, entry: Entry) -> str:
        """Look an entry up by its place: the answer to an approval does not name it."""
        headers = self.house.headers("hq_operator")
        path = f"/v1/customers/{self._customer}/points/entries?limit=100"
        found = (await self.bank_port.get(path, headers=headers)).json()["items"]
        id_: str = found[len(found) - 1 - self.model.entries.index(entry)]["id"]
        return id_

    @property
    def _customer(self) -> str:
        return to_public("cus", self.customer_id)

    @staticmethod
    def _choose(some: list[Any], which: int) -> Any:
        return some[which % len(some)] if some else None

    @staticmethod
    def _same(answer: httpx.Response, expected: str) -> None:
        found = "posted" if answer.is_success else answer.json()["code"]
        assert SAME.get(found, found) == expected, answer.text
