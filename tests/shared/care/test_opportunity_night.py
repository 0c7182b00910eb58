"""The night of opportunities: who came to have a tag gets one, once; what is long overdue lapses; holdings prove."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import Complaint
from guibin.care.opportunities.models import Opportunity
from guibin.care.opportunities.night import tend_opportunities
from guibin.care.plans.models import CarePlan
from guibin.contact.models import ContactDecision
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.managers.models import Coverage, Grade
from guibin.organisation.calendars import special_days
from guibin.tags.models import CustomerTag, Tag
from support.chances import FUND, add_product, buy
from support.house import EAST, House
from support.points import sessions_of
from support.tiers import add_manager

NIGHT = clock.today() - timedelta(days=1)
MORNING = clock.today()
TAG = "cash_rich"
RULES: list[dict[str, Any]] = [
    {"code": "cash_to_fund", "tag": TAG, "product_code": FUND, "due_days": 14, "amount_fen": 500_000_00},
    {"code": "off", "tag": TAG, "need": "health", "enabled": False},
    {"code": "by_value", "tag": TAG, "value": "other", "need": "health"},
]


async def furnished(house: House) -> None:
    """Let there be a fund, a tag, and a plan in force with the rules."""
    await add_product(house)
    async with house.sessions() as session:
        names = {"kind": "manual", "axis": "service", "name_zh": "闲置资金", "name_en": "Idle cash"}
        session.add(Tag.model_validate({"code": TAG, "state": "published", "created_at": clock.now(), **names}))
        plan = (await session.exec(select(CarePlan).where(CarePlan.state == "active"))).one()
        plan.terms = plan.terms | {"opportunities": {"lapses_after": 30, "rules": RULES}}
        await session.commit()


async def tagged(house: House, session: AsyncSession, *, since: date = NIGHT, managed: bool = True) -> UUID:
    """Add a customer who came to have the tag."""
    customer_id = await house.add_customer()
    if managed:
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        session.add(
            Coverage(
                customer_id=customer_id,
                id=new_id(),
                manager_id=manager.id,
                role="primary",
                valid_from=date(2025, 1, 1),
                source="staff",
                reason="test",
            )
        )
    session.add(CustomerTag(customer_id=customer_id, tag_code=TAG, source="manual", since=since))
    await session.flush()
    return customer_id


async def rows_of(session: AsyncSession, customer_id: UUID) -> list[Opportunity]:
    query = select(Opportunity).where(Opportunity.customer_id == customer_id).order_by(col(Opportunity.created_at))
    return list((await session.exec(query.execution_options(populate_existing=True))).all())


def chance(customer_id: UUID, **more: Any) -> Opportunity:
    values = {"source": "staff", "reference": "test", "product_code": FUND, "due_on": MORNING, "opened_on": MORNING}
    return Opportunity.model_validate(
        {"customer_id": customer_id, "id": new_id(), "created_at": clock.now(), **values, **more}
    )


def refused(customer_id: UUID, until: date) -> Opportunity:
    ended = {"state": "refused", "result": "risk", "reason": "test", "sleeps_until": until, "ended_at": clock.now()}
    return chance(customer_id, **ended)


def offers(customer_id: UUID) -> list[ContactDecision]:
    """Return two offers of the fund in this quarter."""
    said = {"channel": "phone", "purpose": "selling", "sender": "manager", "subject": FUND, "state": "sent"}
    now = clock.now()
    return [
        ContactDecision.model_validate(
            {
                "customer_id": customer_id,
                "id": new_id(),
                "at": now,
                "decided_at": now,
                "reasons": [],
                "policy_version": 1,
                "decided_by": UUID(int=1),
                **said,
            }
        )
        for _ in range(2)
    ]


async def test_who_came_to_have_a_tag_gets_one_opportunity_of_a_stay_unless_something_stands_in_the_way(
    house: House,
) -> None:
    await furnished(house)
    async with house.sessions() as session:
        chosen, slept = await tagged(house, session), await tagged(house, session)
        let_be = [await tagged(house, session) for _ in range(4)]
        let_be.append(await tagged(house, session, managed=False))
        merged = await tagged(house, session, since=MORNING + timedelta(days=9))
        open_one, asleep, complaining, pushed, _ = let_be
        session.add_all([chance(open_one), refused(asleep, MORNING + timedelta(days=1)), refused(slept, MORNING)])
        session.add_all([refused(merged, MORNING + timedelta(days=1)), *offers(pushed)])
        later = await tagged(house, session)
        due = {"answer_due_on": MORNING, "resolve_due_on": MORNING, "created_by": UUID(int=1), "channel": "phone"}
        said = {"category": "fees", "severity": "minor", "created_at": clock.now(), **due}
        session.add(Complaint.model_validate({"customer_id": complaining, "id": new_id(), **said}))
        await session.flush()
        await session.execute(text("UPDATE customer SET merged_into = :a WHERE id = :b"), {"a": later, "b": merged})
        await session.commit()
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        assert await tend_opportunities(session, day=NIGHT) == {"proved": 0, "lapsed": 0, "opened": 2}
        await session.commit()
        assert await tend_opportunities(session, day=NIGHT) == {"proved": 0, "lapsed": 0, "opened": 0}
        (made,) = await rows_of(session, chosen)
        assert [one.state for one in await rows_of(session, slept)] == ["refused", "open"]
        assert [len(await rows_of(session, one)) for one in (*let_be, later)] == [1, 1, 0, 0, 0, 0]
        calendar = await special_days(session, MORNING, MORNING + timedelta(days=60))
    assert (made.source, made.reference, made.amount_fen, made.opened_on) == (
        "tag",
        "cash_to_fund",
        500_000_00,
        MORNING,
    )
    assert made.due_on >= MORNING + timedelta(days=14)
    assert calendar.get(made.due_on, made.due_on.isoweekday() < 6)

    async with house.sessions() as session:
        row = (await rows_of(session, chosen))[0]
        row.state, row.result, row.ended_at = "lost", "competitor", clock.now()
        await session.commit()
        assert (await tend_opportunities(session, day=NIGHT))["opened"] == 0, "of one stay in a tag one is opened"
        again = {"customer_id": chosen, "tag_code": TAG, "source": "manual", "since": MORNING}
        await session.execute(
            text("UPDATE customer_tag SET until = :day WHERE customer_id = :id"), {"day": MORNING, "id": chosen}
        )
        session.add(CustomerTag.model_validate(again))
        await session.flush()
        assert (await tend_opportunities(session, day=NIGHT))["opened"] == 1


async def test_what_is_long_overdue_lapses_and_what_was_won_is_proved_once_a_holding_is_seen(house: House) -> None:
    await furnished(house)
    customer, other = await house.add_customer(), await house.add_customer()
    won = {"state": "won", "result": "bought", "ended_at": clock.now(), "won_fen": 100}
    async with house.sessions() as session:
        late = chance(customer, due_on=MORNING - timedelta(days=31))
        kept = chance(other, due_on=MORNING - timedelta(days=30))
        seen, unseen = chance(customer, opened_on=NIGHT, **won), chance(other, opened_on=MORNING, **won)
        session.add_all([late, kept, seen, unseen])
        await session.commit()
    holding = await buy(house, customer, on=MORNING)
    await buy(house, other, on=NIGHT)
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        assert await tend_opportunities(session, day=NIGHT) == {"proved": 1, "lapsed": 1, "opened": 0}
        assert await tend_opportunities(session, day=NIGHT) == {"proved": 0, "lapsed": 0, "opened": 0}
        states = {one.id: one for owner in (customer, other) for one in await rows_of(session, owner)}
    assert [states[one.id].state for one in (late, kept)] == ["lapsed", "open"]
    assert (states[seen.id].holding_id, states[seen.id].proved_on) == (holding, MORNING)
    assert states[unseen.id].proved_on is None
