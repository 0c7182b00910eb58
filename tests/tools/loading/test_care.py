"""The demo bank's care: a manager's days as they are, once."""

from datetime import date, time, timedelta

import httpx
from sqlmodel import col, select

from guibin.approvals.rules import is_business_day
from guibin.approvals.surroundings import surroundings
from guibin.care.models import CareTask, Touch
from guibin.care.opportunities.models import Opportunity
from guibin.care.opportunities.night import tend_opportunities
from guibin.care.opportunities.terms import OpportunityTerms, faults_of_rules
from guibin.care.plans.models import CarePlan
from guibin.contact.models import ContactDecision
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.zone import BUSINESS_ZONE
from guibin.managers.claims.models import Claim, ClaimDispute
from guibin.managers.models import Coverage, Grade
from guibin.managers.repository import begin_coverage
from guibin.products.models import Product
from guibin.tags.models import CustomerTag
from guibin.tags.starter import STARTER_TAGS
from guibin_tools.demo.care_rules import OPPORTUNITY_RULES
from guibin_tools.demo.products import PRODUCTS
from guibin_tools.loading.care import CUSTOMERS, tell_stories
from guibin_tools.loading.care_rules import open_by_rules
from guibin_tools.loading.catalogue import load_products
from guibin_tools.loading.claims import claim_customers
from guibin_tools.loading.past import give_past, last_care_year
from support.house import EAST, House
from support.tiers import add_manager


async def test_customers_are_reached_while_the_bank_is_open_and_offers_go_to_who_consented(house: House) -> None:
    customers = [await house.add_customer() for _ in range(CUSTOMERS)]
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        for one in customers:
            session.add(
                Coverage(
                    customer_id=one,
                    id=new_id(),
                    manager_id=manager.id,
                    role="primary",
                    valid_from=date(2025, 1, 1),
                    source="staff",
                    reason="test",
                )
            )
        for code in ("PF202", "PF103", "PF301", "PF601"):
            names = {"name_zh": code, "name_en": code, "line": "personal_finance", "product_class": "fund"}
            session.add(Product.model_validate({"code": code, "side": "asset", **names}))
        session.add(
            Opportunity(
                customer_id=sorted(customers)[1],
                id=new_id(),
                manager_id=manager.id,
                source="tag",
                reference="a_rule",
                need="education",
                due_on=clock.today(),
                opened_on=clock.today(),
                created_at=clock.now(),
            )
        )
        await session.flush()
        assert [await tell_stories(session, house.keys) for _ in range(2)] == [CUSTOMERS, 0]
        moments = [one.at.astimezone(BUSINESS_ZONE) for one in (await session.exec(select(Touch))).all()]
        days = sorted(at.date() for at in moments)
        calendar = await surroundings().calendar(session, days[0], days[-1])
        chances = (await session.exec(select(Opportunity).order_by(col(Opportunity.due_on)))).all()
        told = sorted(one.escalation for one in (await session.exec(select(CareTask))).all())
        judged = (await session.exec(select(ContactDecision))).all()
    assert all(time(9) < at.time() < time(18) and is_business_day(at.date(), calendar) for at in moments)
    assert [one.state for one in chances] == ["open", "won", "refused", "open", "open"]
    assert [one.proof for one in chances if one.state == "won"] == ["not_seen"]
    assert told[-2:] == [1, 2], "the manager has heard of one task that is late, the head of another"
    assert {reason for one in judged for reason in one.reasons} == set()
    assert "selling" in {one.purpose for one in judged}


async def test_a_manager_has_a_claim_that_a_colleague_disputes(house: House) -> None:
    for _ in range(2):
        await house.add_customer()
    async with house.sessions() as session:
        made = [
            await add_manager(session, house.branches[EAST].id, Grade.SENIOR, staff=house.staff[role])
            for role in ("manager", "branch_head")
        ]
        people = list(zip(made, (house.staff[role] for role in ("manager", "branch_head")), strict=True))
        await claim_customers(session, people)
        claims = (await session.exec(select(Claim).order_by(col(Claim.id)))).all()
        [dispute] = (await session.exec(select(ClaimDispute))).all()
    assert [one.manager_id for one in claims] == [one.id for one in made]
    assert (dispute.claim_id, dispute.manager_id) == (claims[0].id, made[1].id)


async def test_the_past_lies_before_the_present_and_reports_have_something_to_say(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customers = [await house.add_customer() for _ in range(30)]
    today = clock.today()
    async with house.sessions() as session:
        managers = [await add_manager(session, house.branches[EAST].id, Grade.SENIOR) for _ in range(2)]
        for place, one in enumerate(customers):
            await begin_coverage(session, {one: managers[place % 2].id}, {one: today}, source="run", reason="matrix")
        await give_past(session)
        await session.commit()
    headers = house.headers("hq_operator")
    stability = (await bank_client.get("/v1/reports/stability", headers=headers)).json()["total"]
    assert stability["customers"] == len(customers)
    assert stability["months"] > 0
    spread = (await bank_client.get(f"/v1/reports/care-spread/{last_care_year().last.year}", headers=headers)).json()
    indexes = sorted(one["index"] for one in spread["managers"])
    assert indexes[0] < 1.5 < indexes[1]
    month = today.replace(day=1) - timedelta(days=1)
    credit = await bank_client.get(f"/v1/reports/credit/{month:%Y-%m}", headers=headers)
    assert credit.status_code == 200, credit.text


async def test_the_night_opens_what_the_rules_of_the_demo_bank_say_and_what_a_bank_changed_stays(house: House) -> None:
    terms, codes = OpportunityTerms(rules=list(OPPORTUNITY_RULES)), {one.code for one in PRODUCTS}
    assert faults_of_rules(terms, tags={one.code for one in STARTER_TAGS}, sensitive=(), products=codes) is None
    near = OPPORTUNITY_RULES[0]
    customer, day = await house.add_customer(), clock.last_closed_day()
    async with house.sessions() as session:
        await load_products(session, PRODUCTS)
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        await begin_coverage(session, {customer: manager.id}, {customer: day}, source="run", reason="matrix")
        session.add(CustomerTag(customer_id=customer, tag_code=near.tag, source="rule", since=day))
        for rules in ([near], OPPORTUNITY_RULES):
            await open_by_rules(session, rules)
        counts = [await tend_opportunities(session, day=day) for _ in range(2)]
        (row,) = (await session.exec(select(Opportunity))).all()
        plan = (await session.exec(select(CarePlan))).one()
    assert [one["code"] for one in plan.terms["opportunities"]["rules"]] == [near.code]
    assert [one["opened"] for one in counts] == [1, 0]
    assert (row.source, row.reference, row.manager_id) == ("tag", near.code, manager.id)
