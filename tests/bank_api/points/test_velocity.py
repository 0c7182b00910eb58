"""Rules that notice speed: defined by two people, they flag or freeze an account once, and the customer reads why."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.outbox.models import OutboxEvent
from guibin.points.velocity.models import VelocityRule
from guibin.points.velocity.repository import list_rules
from guibin.points.velocity.service import Looks, notice
from support.house import House
from support.points import NOON, commit_points, sessions_of

RULE: dict[str, Any] = {
    "wallet": "reward",
    "measure": "earnings",
    "hours": 24,
    "most": 2,
    "action": "freeze",
    "reason_zh": "短时间内多次获得积分，账户已保护性冻结",
    "reason_en": "Unusually many earnings: the account is frozen",
}


class Watch:
    """Head office, the worker, and the customer who is watched."""

    def __init__(self, bank: httpx.AsyncClient, customer: httpx.AsyncClient, house: House) -> None:
        self.bank, self.customer, self.house = bank, customer, house
        self.looks = Looks()

    async def define(self, code: str, revision: int | None = None, **changes: Any) -> httpx.Response:
        headers = self.house.headers("hq_operator") | ({"If-Match": f'"{revision}"'} if revision else {})
        asked = await self.bank.put(f"/v1/velocity-rules/{code}", json=RULE | changes, headers=headers)
        if asked.status_code != 202:
            return asked
        url = f"/v1/approvals/{asked.json()['approval_id']}/approve"
        return await self.bank.post(url, json={}, headers=self.house.headers("hq_approver"))

    async def look(self) -> int:
        """Do what the worker does each minute, as its role, on the day of the movements."""
        with clock.fixed_at(NOON + timedelta(minutes=1)):
            return await self._look()

    async def _look(self) -> int:
        async with sessions_of(self.house.database.worker_url) as sessions, sessions() as session:
            found = [await self._notice(session, rule) for rule in await list_rules(session, active=True)]
            await session.commit()
        return sum(found)

    async def _notice(self, session: AsyncSession, rule: VelocityRule) -> int:
        moved = self.looks.moved_since(rule, clock.now())
        found = await notice(session, rule, moved=moved)
        self.looks.looked(rule, clock.now(), moved=moved)
        return found

    async def hits(self) -> list[tuple[str, int, bool]]:
        answer = await self.bank.get("/v1/points/velocity-hits", headers=self.house.headers("hq_operator"))
        return [(one["rule_code"], one["observed"], one["froze"]) for one in answer.json()["items"]]

    async def reasons(self, customer_id: UUID) -> list[tuple[str, str]]:
        headers = self.house.customer_headers(customer_id)
        answer = await self.customer.get("/v1/me/points/freezes", headers=headers)
        return [(one["wallet"], one["reason"]) for one in answer.json()["items"]]

    async def open(self, customer_id: UUID) -> httpx.Response:
        url = f"/v1/customers/{to_public('cus', customer_id)}/points/reward/state"
        body = {"state": "open", "reason": "已与客户核实，均为本人正常交易"}
        return await self.bank.put(url, json=body, headers=self.house.headers("hq_operator"))


async def test_a_fast_account_is_frozen_once_and_its_customer_reads_why(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    watch = Watch(bank_client, customer_client, house)
    fast, slow = await house.add_customer(), await house.add_customer()
    assert (await watch.define("many_earnings")).status_code == 200
    for customer_id, times in ((fast, 3), (slow, 2)):
        for _ in range(times):
            await commit_points(house.database, customer_id, 50)

    async with house.sessions() as session, session.begin():
        rule = (await list_rules(session, active=True))[0]
        with clock.fixed_at(NOON + timedelta(minutes=1)):
            assert await notice(session, rule, moved=NOON + timedelta(seconds=1)) == 0  # nobody has moved since

    first, again = await watch.look(), await watch.look()

    assert (first, again) == (1, 0)
    assert await watch.hits() == [("many_earnings", 3, True)]
    assert await watch.reasons(fast) == [("reward", RULE["reason_zh"])]
    assert await watch.reasons(slow) == []
    held = await bank_client.post(
        "/v1/points/holds",
        json={
            "customer_id": to_public("cus", fast),
            "wallet": "reward",
            "points": 1,
            "expires_at": (clock.now() + timedelta(hours=1)).isoformat(),
            "reference": "B1",
            "reason": "机场贵宾厅预约占用积分",
        },
        headers=house.service_headers("core_banking", ("points:hold",), key=str(new_id())),
    )
    assert (held.status_code, held.json()["code"]) == (409, "account_frozen")
    async with house.sessions() as session:
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "points.speed_noticed"))).all()
    assert [one.payload for one in told] == [
        {"wallet": "reward", "rule": "many_earnings", "observed": 3, "frozen": True}
    ]

    await watch.define("many_points", measure="points_earned", most=149)
    assert (await watch.look(), await watch.hits()) == (1, [("many_points", 150, False), ("many_earnings", 3, True)])
    opened = await watch.open(fast)
    assert (opened.status_code, await watch.reasons(fast), await watch.look()) == (200, [], 0)


async def test_a_rule_changes_by_its_revision_and_a_flag_freezes_nothing(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    watch, customer_id = Watch(bank_client, customer_client, house), await house.add_customer()
    await watch.define("many_earnings")
    blind, stale = await watch.define("many_earnings", most=0), await watch.define("many_earnings", 2, most=0)
    changed = await watch.define("many_earnings", 1, most=0, action="flag")
    unknown = await watch.define("other", wallet="nothing")
    await commit_points(house.database, customer_id, 50)

    assert [one.status_code for one in (blind, stale, changed, unknown)] == [428, 412, 200, 404]
    assert (await watch.look(), await watch.hits(), await watch.reasons(customer_id)) == (
        1,
        [("many_earnings", 1, False)],
        [],
    )
