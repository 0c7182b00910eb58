"""Occasions that set care off: each makes its tasks once, for customers with a manager, from fresh lines alone."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.triggers.models import BirthdayCalendar, CarePreference
from guibin.care.triggers.service import notice
from guibin.core.clock import BUSINESS_ZONE
from guibin.core.ids import new_id
from guibin.holdings.models import CustomerEvent, Holding, LineDay
from guibin.managers.models import Coverage, Grade
from guibin.products.models import Product
from support.caring import add_touch, tasks_of
from support.house import EAST, House
from support.tiers import add_manager, give_tier

NIGHT = date(2026, 11, 24)
"""A Tuesday; tasks are due from the Wednesday on."""
LINE = "personal_finance"


async def served(house: House, session: AsyncSession, tier: str = "T2") -> UUID:
    """Add a customer with a tier and, since long, a manager."""
    customer_id = await house.add_customer()
    await give_tier(session, customer_id, tier, on=date(2025, 1, 1))
    manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
    await cover(session, customer_id, manager.id, date(2025, 1, 1))
    return customer_id


async def cover(session: AsyncSession, customer_id: UUID, manager_id: UUID, since: date) -> None:
    session.add(
        Coverage(
            customer_id=customer_id,
            id=new_id(),
            manager_id=manager_id,
            role="primary",
            valid_from=since,
            source="staff",
            reason="test",
        )
    )
    await session.flush()


async def born(session: AsyncSession, customer_id: UUID, day: date) -> None:
    await session.execute(
        text("UPDATE customer SET birth_year = :year, birth_mmdd = :mmdd, opened_on = NULL WHERE id = :id"),
        {"year": day.year, "mmdd": f"{day:%m%d}", "id": customer_id},
    )


async def hold(
    session: AsyncSession, customer_id: UUID, *, matures_on: date | None = None, opened_on: date, kind: str = "fund"
) -> None:
    names = {"name_zh": "产品", "name_en": "Product", "line": LINE, "side": "asset"}
    await session.merge(Product.model_validate({"code": kind.upper(), "product_class": kind, **names}))
    await session.flush()
    one = new_id()
    session.add(
        Holding(
            customer_id=customer_id,
            id=one,
            line=LINE,
            holding_ref=one.bytes,
            last4="0000",
            record_ref=b"r",
            product_code=kind.upper(),
            side="asset",
            opened_on=opened_on,
            matures_on=matures_on,
            status="active",
            as_of=NIGHT,
            feed_file_id=one,
        )
    )
    await session.flush()


async def event(session: AsyncSession, customer_id: UUID, on: date, kind: str, yuan: int) -> None:
    session.add(
        CustomerEvent(
            customer_id=customer_id,
            reference=str(new_id()),
            line=LINE,
            event_type=kind,
            occurred_at=datetime(on.year, on.month, on.day, 12, tzinfo=BUSINESS_ZONE),
            occurred_on=on,
            amount_fen=yuan * 100,
        )
    )
    await session.flush()


async def fresh(session: AsyncSession, *days: date) -> None:
    for day in days:
        await session.merge(LineDay(line=LINE, day=day, arrived_at=datetime(2026, 11, 25, tzinfo=BUSINESS_ZONE)))
    await session.flush()


async def turn_on(session: AsyncSession) -> None:
    """Let every trigger of the plan in force be on."""
    await session.execute(
        text(
            "UPDATE care_plan SET terms = jsonb_set(terms, '{triggers}',"
            " (SELECT jsonb_agg(t || '{\"enabled\": true}') FROM jsonb_array_elements(terms -> 'triggers') t))"
        )
    )


async def due(session: AsyncSession, customer_id: UUID, origin: str = "trigger") -> dict[str, date]:
    return {task.made_by: task.due_on for task in await tasks_of(session, customer_id, origin=origin)}


async def test_a_birthday_is_kept_by_the_calendar_that_the_customer_keeps(house: House) -> None:
    async with house.sessions() as session:
        solar, lunar, nobodys = [await served(house, session), await served(house, session), await house.add_customer()]
        for customer_id, day in ((solar, date(1988, 12, 6)), (lunar, date(1990, 12, 19)), (nobodys, date(1988, 12, 6))):
            await born(session, customer_id, day)
        session.add(CarePreference(customer_id=lunar, birthday=BirthdayCalendar.LUNAR))
        await session.flush()
        assert (await notice(session, day=NIGHT))["birthday"] == 2
        assert await due(session, solar) == {"birthday": date(2026, 12, 4)}
        # 19 December 1990 was the third day of the eleventh lunar month, which in 2026 is 11 December.
        assert await due(session, lunar) == {"birthday": date(2026, 12, 11)}
        assert await due(session, nobodys) == {}
        assert set((await notice(session, day=NIGHT)).values()) == {0}


async def test_maturities_new_managers_and_sales_make_their_tasks_once(house: House) -> None:
    async with house.sessions() as session:
        one, other = await served(house, session), await house.add_customer()
        await hold(session, one, opened_on=date(2025, 1, 1), matures_on=date(2026, 12, 1))
        await hold(session, one, opened_on=date(2026, 11, 23), kind="insurance")
        await hold(session, one, opened_on=date(2026, 11, 23), kind="deposits")
        await add_touch(session, one, date(2026, 11, 22), result="sold", product_code="INSURANCE", purpose="sales")
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        await cover(session, other, manager.id, date(2026, 11, 25))
        await notice(session, day=NIGHT)
        assert await due(session, one) == {"maturity_1": date(2026, 11, 30)}
        after = {"sale_7": date(2026, 11, 30), "sale_30": date(2026, 12, 23), "sale_90": date(2027, 2, 22)}
        assert await due(session, one, "after_sale") == after
        assert len(await tasks_of(session, one, origin="after_sale")) == 3
        assert await due(session, other) == {"new_coverage": date(2026, 11, 30)}
        assert {task.manager_id for task in await tasks_of(session, other, origin="trigger")} == {manager.id}
        assert set((await notice(session, day=NIGHT)).values()) == {0}


async def test_large_flows_fire_from_a_fresh_line_alone_and_by_the_threshold_of_the_tier(house: House) -> None:
    async with house.sessions() as session:
        await turn_on(session)
        large, small, higher, stale = [await served(house, session, tier) for tier in ("T2", "T2", "T4", "T2")]
        day = date(2026, 11, 24)
        await fresh(session, day)
        for _ in range(2):
            await event(session, large, day, "transfer_out", 150_000)
            await event(session, higher, day, "transfer_out", 150_000)
        await event(session, small, day, "withdrawal", 299_999)
        await event(session, stale, date(2026, 11, 23), "transfer_out", 900_000)
        counts = await notice(session, day=NIGHT)
        assert (counts["large_outflow"], counts["large_inflow"]) == (1, 0)
        assert await due(session, large) == {"large_outflow": date(2026, 11, 25)}
        await fresh(session, date(2026, 11, 23))
        assert (await notice(session, day=NIGHT))["large_outflow"] == 1
        assert await due(session, stale) == {"large_outflow": date(2026, 11, 25)}


async def test_the_first_payroll_that_does_not_come_is_noticed_when_the_month_is_over_and_known(house: House) -> None:
    night = date(2026, 10, 31)
    async with house.sessions() as session:
        await turn_on(session)
        missed, paid, long_gone = [await served(house, session) for _ in range(3)]
        for month in (8, 9, 10):
            if month < 10:
                await event(session, missed, date(2026, month, 10), "salary", 9_000)
            await event(session, paid, date(2026, month, 10), "salary", 9_000)
        await event(session, long_gone, date(2026, 8, 10), "salary", 9_000)
        assert (await notice(session, day=night))["payroll_missed"] == 0
        await fresh(session, night)
        assert (await notice(session, day=night))["payroll_missed"] == 1
        assert await due(session, missed) == {"payroll_missed": date(2026, 11, 4)}


async def test_tiers_complaints_and_needs_set_care_off(house: House) -> None:
    moment = datetime(2026, 11, 23, 9, tzinfo=BUSINESS_ZONE)
    async with house.sessions() as session:
        await turn_on(session)
        one = await served(house, session, "T1")
        scheme = (await session.execute(text("SELECT id FROM tier_scheme LIMIT 1"))).scalar_one()
        values = {"one": one, "id": new_id(), "scheme": scheme, "at": moment, "staff": house.staff["manager"].id}
        for statement in (
            (
                "INSERT INTO tier_standing (customer_id, period, below_before, tier_code, below_months, risen, verdict,"
                " scheme_id, evaluated_on)"
                " VALUES (:one, '2026-10-31', 0, 'T1', 1, false, 'watched', :scheme, '2026-11-24')"
            ),
            (
                "INSERT INTO tier_history (customer_id, id, tier_code, effective_on, cause, scheme_id, recorded_at)"
                " VALUES (:one, :id, 'T2', '2026-11-24', 'up', :scheme, :at)"
            ),
            (
                "INSERT INTO complaint (customer_id, id, category, severity, channel, state, answer_due_on,"
                " resolve_due_on,"
                " answered_at, resolved_at, closed_at, handed_over, created_by, created_at, revision)"
                " VALUES (:one, :id, 'fees', 'minor', 'phone', 'closed', '2026-11-20', '2026-11-20', :at, :at, :at, 0,"
                " :staff, :at, 1)"
            ),
            (
                "INSERT INTO need (customer_id, id, category, state, created_by, created_at, revision)"
                " VALUES (:one, :id, 'education', 'open', :staff, :at, 1)"
            ),
        ):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            await session.execute(text(statement), used)
        await notice(session, day=NIGHT)
        assert set(await due(session, one)) == {"tier_watch", "tier_up", "complaint_closed", "life_event"}
        told = {task.made_by: task.escalation for task in await tasks_of(session, one, origin="trigger")}
        assert told == {"tier_watch": 0, "tier_up": 0, "complaint_closed": 2, "life_event": 0}
