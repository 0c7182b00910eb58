"""Late care: told to the manager, then to the head, once each; and the report of what was kept."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.clock.service import tell_delays
from guibin.care.models import CareTask, TaskState
from guibin.core.clock import BUSINESS_ZONE
from guibin.core.ids import new_id, to_public
from guibin.managers.models import Coverage, Grade
from guibin.outbox.models import OutboxEvent
from support.house import EAST, WEST, House
from support.tiers import add_manager

FRIDAY = date(2026, 11, 20)
MONTH = "2026-11"


def task(customer_id: UUID, due_on: date, *, manager_id: UUID | None = None, **more: Any) -> CareTask:
    said: dict[str, Any] = {
        "customer_id": customer_id,
        "id": new_id(),
        "manager_id": manager_id,
        "kind": "call",
        "purpose": "care",
        "origin": "plan",
        "made_by": "T1.call",
        "occasion": due_on,
        "reference": "",
        "starts_on": due_on,
        "due_on": due_on,
        "state": "open",
        "escalation": 0,
        "created_at": datetime(2026, 11, 1, tzinfo=BUSINESS_ZONE),
        "revision": 1,
    }
    return CareTask(**{**said, **more})


async def _told(session: AsyncSession) -> list[tuple[str, str | None]]:
    query = (
        select(OutboxEvent).where(col(OutboxEvent.type) == "care.task_overdue").order_by(col(OutboxEvent.created_at))
    )
    return [(one.payload["told"], one.payload["manager_id"]) for one in (await session.exec(query)).all()]


async def _levels(session: AsyncSession) -> list[int]:
    query = select(CareTask.escalation).order_by(col(CareTask.due_on))
    return list((await session.exec(query)).all())


async def test_a_delay_is_told_to_the_manager_and_three_business_days_later_to_the_head(house: House) -> None:
    async with house.sessions() as session:
        customer_id = await house.add_customer()
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        session.add(task(customer_id, FRIDAY, manager_id=manager.id))
        session.add(task(customer_id, date(2026, 12, 1), manager_id=manager.id))
        await session.flush()
        assert await tell_delays(session, day=FRIDAY - timedelta(days=1)) == {"manager": 0, "branch_head": 0}
        assert await tell_delays(session, day=FRIDAY) == {"manager": 1, "branch_head": 0}
        assert await tell_delays(session, day=FRIDAY) == {"manager": 0, "branch_head": 0}
        assert await tell_delays(session, day=date(2026, 11, 24)) == {"manager": 0, "branch_head": 0}
        assert await tell_delays(session, day=date(2026, 11, 25)) == {"manager": 0, "branch_head": 1}
        assert await tell_delays(session, day=date(2026, 11, 26)) == {"manager": 0, "branch_head": 0}
        assert await _levels(session) == [2, 0]
        public = to_public("mgr", manager.id)
        assert await _told(session) == [("manager", public), ("branch_head", public)]


async def test_the_clock_of_a_manager_on_leave_runs_for_the_stand_in(house: House) -> None:
    async with house.sessions() as session:
        customer_id = await house.add_customer()
        away, there = [await add_manager(session, house.branches[EAST].id, Grade.SENIOR) for _ in range(2)]
        await session.execute(
            text(
                "INSERT INTO book_cover (staff_id, deputy_id, valid_from, valid_to)"
                " VALUES (:away, :there, '2026-11-16', '2026-11-30')"
            ),
            {"away": away.staff_id, "there": there.staff_id},
        )
        session.add(task(customer_id, FRIDAY, manager_id=away.id))
        await session.flush()
        await tell_delays(session, day=FRIDAY)
        assert await _told(session) == [("manager", to_public("mgr", there.id))]


async def test_the_report_counts_kept_late_broken_and_skipped_tasks_of_what_the_caller_sees(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    noon = datetime(2026, 11, 5, 12, tzinfo=BUSINESS_ZONE)
    async with house.sessions() as session:
        east, west = await house.add_customer(), await house.add_customer(branch=WEST)
        done: dict[str, Any] = {"state": TaskState.DONE, "ended_at": noon}
        session.add(task(east, date(2026, 11, 5), **done))
        session.add(task(east, date(2026, 11, 6), **done))
        session.add(task(east, date(2026, 11, 4), made_by="birthday", origin="trigger", **done))
        session.add(task(east, date(2026, 11, 3)))
        session.add(task(east, date(2026, 11, 2), state=TaskState.SKIPPED, reason="出国", ended_at=noon))
        session.add(task(east, date(2026, 11, 10), state=TaskState.LAPSED, reason="plan_changed", ended_at=noon))
        session.add(task(east, date(2026, 11, 11), state=TaskState.LAPSED, reason="too_late", ended_at=noon))
        session.add(task(west, date(2026, 11, 9), **done))
        session.add(task(west, date(2026, 10, 31), **done))
        await session.commit()
    shown = await bank_client.get(f"/v1/reports/care-kept/{MONTH}", headers=house.headers("hq_operator"))
    assert shown.status_code == 200, shown.text
    total = {"due": 7, "kept": 3, "late": 1, "broken": 2, "skipped": 1, "kept_percent": 42.86}
    assert shown.json()["total"] == total
    by_item = {one["item"]: one["kept_percent"] for one in shown.json()["items"]}
    assert by_item == {"T1.call": 50.0, "birthday": 0.0}
    assert [one["due"] for one in shown.json()["branches"]] == [6, 1]
    head = await bank_client.get(f"/v1/reports/care-kept/{MONTH}", headers=house.headers("branch_head"))
    assert (head.json()["total"]["due"], len(head.json()["branches"])) == (6, 1)
    manager = await bank_client.get(f"/v1/reports/care-kept/{MONTH}", headers=house.headers("manager"))
    assert manager.json()["total"]["kept_percent"] is None


async def test_a_task_that_was_late_when_the_customer_changed_hands_counts_for_who_served_on_the_due_day(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with house.sessions() as session:
        customer_id = await house.add_customer()
        first, second, colleague = [await add_manager(session, house.branches[EAST].id, Grade.SENIOR) for _ in range(3)]
        for manager, since, until in ((first, 1, date(2026, 11, 8)), (second, 8, None)):
            session.add(
                Coverage(
                    customer_id=customer_id,
                    id=new_id(),
                    manager_id=manager.id,
                    role="primary",
                    valid_from=date(2026, 11, since),
                    valid_to=until,
                    source="staff",
                    reason="test",
                )
            )
        session.add(task(customer_id, date(2026, 11, 3), manager_id=second.id))
        session.add(task(customer_id, date(2026, 11, 4), manager_id=colleague.id))
        session.add(task(customer_id, date(2026, 11, 9), manager_id=second.id))
        await session.commit()
    shown = await bank_client.get(f"/v1/reports/care-kept/{MONTH}", headers=house.headers("hq_operator"))
    broken = {one["manager_id"]: one["broken"] for one in shown.json()["managers"]}
    assert broken == {to_public("mgr", one.id): 1 for one in (first, second, colleague)}
