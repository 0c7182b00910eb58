"""Eligibility over HTTP: one reason per criterion, looked at when somebody is assigned, by hand and at an arrival."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer, CustomerRef, RefKind
from guibin.managers.absences.models import ManagerAbsence
from guibin.managers.capacity.models import CapacityOverride
from guibin.managers.eligibility.models import ManagerConflict, ManagerLicence, ServiceNeed
from guibin.managers.matrix.repository import matrix_on
from guibin.managers.models import Grade, Manager
from guibin.organisation.models import Staff
from guibin.relations.models import Household, HouseholdKind, HouseholdMember, HouseholdRole
from support.house import EAST, REGION, WEST, House
from support.tiers import add_manager, give_tier, put_average

TODAY = clock.today()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
LAST_YEAR = TODAY - timedelta(days=365)
Arrange = Callable[[AsyncSession, UUID, Manager], Awaitable[None]]


async def _served(
    client: httpx.AsyncClient, house: House, arrange: Arrange | None = None, *, tier: str = "T2"
) -> tuple[httpx.Response, httpx.Response]:
    """Return what an arrival is told in a dry run, and the answer to an assignment by hand."""
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, customer_id, tier, on=YESTERDAY)
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        if arrange is not None:
            await arrange(session, customer_id, manager)
        await session.commit()
    headers = house.headers("branch_head")
    path = f"/v1/customers/{to_public('cus', customer_id)}"
    looked = await client.post(f"{path}/assignment", json={"dry_run": True}, headers=headers)
    body = {"manager_id": to_public("mgr", manager.id), "reason": "客户要求"}
    return looked, await client.put(f"{path}/coverage", json=body, headers=headers)


async def _away(session: AsyncSession, _: UUID, manager: Manager) -> None:
    other = await add_manager(session, manager.branch_id, Grade.LOBBY)
    session.add(
        ManagerAbsence(
            id=new_id(),
            manager_id=manager.id,
            backup_id=other.id,
            kind="leave",
            valid_from=TODAY,
            valid_to=TOMORROW,
            created_by=new_id(),
            created_at=clock.now(),
        )
    )


async def _unlicensed(session: AsyncSession, _: UUID, manager: Manager) -> None:
    await _demand_licence(session)
    session.add(ManagerLicence(manager_id=manager.id, licence="fund_sales", valid_from=LAST_YEAR, valid_to=TODAY))


async def _demand_licence(session: AsyncSession) -> None:
    matrix = await matrix_on(session, TODAY)
    tiers = matrix.content["tiers"]
    matrix.content = {**matrix.content, "tiers": {**tiers, "T2": {**tiers["T2"], "licence": "fund_sales"}}}


async def _product(session: AsyncSession, customer_id: UUID, _: Manager) -> None:
    await put_average(session, customer_id, 100_00, day=YESTERDAY)
    matrix = await matrix_on(session, TODAY)
    matrix.content = {**matrix.content, "product_licences": {"deposits": "deposit_sales"}}


async def _language(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    manager.languages = ["zh"]
    session.add(ServiceNeed(customer_id=customer_id, language="yue", updated_at=clock.now()))


async def _skill(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    manager.skills = ["tax"]
    session.add(ServiceNeed(customer_id=customer_id, skills=["tax", "inheritance"], updated_at=clock.now()))


async def _declared(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    session.add(
        ManagerConflict(
            customer_id=customer_id,
            manager_id=manager.id,
            reason="亲属",
            declared_by=new_id(),
            declared_at=clock.now(),
        )
    )


async def _own_account(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    await _known_as(session, customer_id, manager)


async def _known_as(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    reference = customer_id.bytes
    (await session.get_one(Staff, manager.staff_id)).customer_ref = reference
    session.add(CustomerRef(ref=reference, kind=RefKind.CERTIFICATE, customer_id=customer_id, valid_from=LAST_YEAR))


async def _family(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    relative = new_id()
    await _known_as(session, relative, manager)
    household = Household(id=new_id(), kind=HouseholdKind.FAMILY, created_at=clock.now(), created_by=new_id())
    session.add(household)
    await session.flush()
    # The relative's own row of the household has no customer here: only the id counts.
    for member, role in ((customer_id, HouseholdRole.HEAD), (relative, HouseholdRole.SPOUSE)):
        if member == relative:
            await _stand_in(session, relative, customer_id)
        session.add(
            HouseholdMember(
                customer_id=member,
                id=new_id(),
                household_id=household.id,
                role=role,
                is_primary=False,
                share_percent=0,
                valid_from=LAST_YEAR,
                set_by=new_id(),
                set_at=clock.now(),
            )
        )


async def _stand_in(session: AsyncSession, new: UUID, like: UUID) -> None:
    row = (await session.get_one(Customer, like)).model_dump() | {"id": new}
    session.add(Customer.model_validate(row))
    await session.flush()


async def _no_customers(_: AsyncSession, __: UUID, manager: Manager) -> None:
    manager.capacity = 0


async def _no_minutes(_: AsyncSession, __: UUID, manager: Manager) -> None:
    manager.hard_minutes = 89


@pytest.mark.parametrize(
    ("arrange", "obstacle", "reason"),
    [
        (_away, "on_leave", "none_available"),
        (_unlicensed, "licence", "no_eligible_manager"),
        (_product, "licence", "no_eligible_manager"),
        (_language, "language", "no_eligible_manager"),
        (_skill, "skill", "no_eligible_manager"),
        (_declared, "conflict", "not_permitted"),
        (_own_account, "conflict", "not_permitted"),
        (_family, "conflict", "not_permitted"),
        (_no_customers, "no_capacity", "no_capacity"),
        (_no_minutes, "no_capacity", "no_capacity"),
    ],
)
async def test_each_criterion_refuses_by_hand_and_is_told_at_an_arrival(
    bank_client: httpx.AsyncClient, house: House, arrange: Arrange, obstacle: str, reason: str
) -> None:
    looked, by_hand = await _served(bank_client, house, arrange)
    assert (by_hand.status_code, by_hand.json()["code"]) == (409, "assignee_invalid"), by_hand.text
    assert by_hand.json()["reason"] == obstacle
    assert (looked.json()["manager_id"], looked.json()["reason"]) == (None, reason)
    assert obstacle in looked.json()["candidates"][-1]["obstacles"] + looked.json()["candidates"][0]["obstacles"]


async def _all_that_is_asked(session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
    await _demand_licence(session)
    session.add(ManagerLicence(manager_id=manager.id, licence="fund_sales", valid_from=LAST_YEAR, valid_to=TOMORROW))
    manager.languages, manager.skills, manager.hard_minutes = ["yue"], ["tax"], 90
    session.add(ServiceNeed(customer_id=customer_id, language="yue", skills=["tax"], updated_at=clock.now()))


async def test_who_has_all_that_is_asked_serves(bank_client: httpx.AsyncClient, house: House) -> None:
    looked, by_hand = await _served(bank_client, house, _all_that_is_asked)
    assert by_hand.status_code == 200, by_hand.text
    assert looked.json()["manager_id"] == by_hand.json()["manager"]["id"]
    assert by_hand.json()["manager"]["minutes"] == 90


async def test_a_regions_manager_serves_the_branches_below_when_marked_so(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async def regional(_: AsyncSession, __: UUID, manager: Manager) -> None:
        manager.branch_id, manager.serves_subtree = house.branches[REGION].id, True

    looked, by_hand = await _served(bank_client, house, regional)
    assert by_hand.status_code == 200, by_hand.text
    assert looked.json()["candidates"][0]["obstacles"] == []


async def test_what_was_granted_for_a_time_makes_room(bank_client: httpx.AsyncClient, house: House) -> None:
    async def granted(session: AsyncSession, _: UUID, manager: Manager) -> None:
        manager.capacity, manager.hard_minutes = 0, 0
        session.add(
            CapacityOverride(
                id=new_id(),
                manager_id=manager.id,
                extra_customers=1,
                extra_minutes=90,
                valid_from=TODAY,
                valid_to=TOMORROW,
                reason="过渡",
                approval_id=new_id(),
                maker_id=new_id(),
                approver_id=new_id(),
                created_at=clock.now(),
            )
        )

    _, by_hand = await _served(bank_client, house, granted)
    assert by_hand.status_code == 200, by_hand.text


async def _manager(house: House, **others: Any) -> str:
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR, **others)
        await session.commit()
    return to_public("mgr", manager.id)


async def test_a_managers_profile_is_edited_with_its_etag(bank_client: httpx.AsyncClient, house: House) -> None:
    url, headers = f"/v1/managers/{await _manager(house)}", house.headers("hq_operator")
    shown = await bank_client.get(url, headers=headers)
    assert (shown.json()["soft_capacity"], shown.json()["hard_minutes"]) == (10, 33_000), "the grade's, at most the own"
    body = {"grade": "expert", "capacity": 80, "soft_capacity": 70, "languages": ["yue", "zh"], "skills": ["tax"]}
    edited = await bank_client.put(url, json=body, headers=headers | {"If-Match": shown.headers["etag"]})
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"'), edited.text
    assert (edited.json()["grade"], edited.json()["languages"], edited.json()["available"]) == (
        "expert",
        ["yue", "zh"],
        80,
    )
    stale = await bank_client.put(url, json=body, headers=headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    above = await bank_client.put(url, json=body | {"soft_capacity": 81}, headers=headers | {"If-Match": '"2"'})
    assert (above.status_code, above.json()["code"]) == (422, "capacity_invalid")


async def test_a_licence_is_given_and_renewed(bank_client: httpx.AsyncClient, house: House) -> None:
    url, headers = f"/v1/managers/{await _manager(house)}/licences", house.headers("hq_operator")
    for last in ("2027-01-01", "2028-01-01"):
        body = {"valid_from": "2026-01-01", "valid_to": last}
        given = await bank_client.put(f"{url}/fund_sales", json=body, headers=headers)
        assert given.json()["items"] == [{"licence": "fund_sales", **body}], given.text
    assert (await bank_client.get(url, headers=house.headers("manager"))).json() == given.json()
    wrong = {"valid_from": "2026-01-01", "valid_to": "2026-01-01"}
    refused = await bank_client.put(f"{url}/fund_sales", json=wrong, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "period_invalid")


async def test_needs_and_conflicts_are_told_and_taken_back(bank_client: httpx.AsyncClient, house: House) -> None:
    customer, manager = to_public("cus", await house.add_customer()), await _manager(house)
    url, headers = f"/v1/customers/{customer}", house.headers("branch_head")
    empty = await bank_client.get(f"{url}/service-needs", headers=headers)
    assert (empty.headers["etag"], empty.json()["language"]) == ('"0"', None)
    needs = {"language": "yue", "skills": ["tax"], "wished_manager_id": manager, "introducer_id": None}
    put = await bank_client.put(f"{url}/service-needs", json=needs, headers=headers | {"If-Match": '"0"'})
    assert put.json() == {"customer_id": customer, **needs, "revision": 1}, put.text
    foreign = await bank_client.get(f"{url}/service-needs", headers=house.headers("branch_head_west"))
    assert foreign.status_code == 404
    body = {"manager_id": manager, "reason": "亲属关系"}
    declared = await bank_client.post(f"{url}/manager-conflicts", json=body, headers=headers)
    assert [one["withdrawn_at"] for one in declared.json()["items"]] == [None], declared.text
    gone = await bank_client.post(
        f"{url}/manager-conflicts/{manager}/withdraw", json={"reason": "申报有误"}, headers=headers
    )
    assert gone.json()["items"][0]["withdrawn_at"] is not None, gone.text


async def test_more_than_the_maximum_takes_a_second_person_and_ends(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    manager = await _manager(house, capacity=1)
    url = f"/v1/managers/{manager}/capacity-overrides"
    body = {"extra_customers": 2, "valid_to": TOMORROW.isoformat(), "reason": "同事离职，过渡期内代管"}
    submitted = await bank_client.post(url, json=body, headers=house.headers("branch_head"))
    assert submitted.status_code == 202, submitted.text
    foreign = await bank_client.post(url, json=body, headers=house.headers("branch_head_west"))
    assert foreign.status_code == 404
    approve = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    approved = await bank_client.post(approve, json={}, headers=house.headers("hq_approver"))
    assert approved.json()["state"] == "approved", approved.text
    shown = (await bank_client.get(f"/v1/managers/{manager}", headers=house.headers("manager"))).json()
    assert (shown["capacity"], shown["available"]) == (3, 3)
    again = await bank_client.post(url, json=body, headers=house.headers("branch_head"))
    assert (again.status_code, again.json()["code"]) == (409, "period_conflict")
    listed = await bank_client.get(url, headers=house.headers("manager"))
    assert [one["extra_customers"] for one in listed.json()["items"]] == [2]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"extra_customers": 0}, "capacity_invalid"),
        ({"valid_to": TODAY.isoformat()}, "period_invalid"),
        ({"valid_from": YESTERDAY.isoformat()}, "period_invalid"),
        ({"valid_to": (TODAY + timedelta(days=400)).isoformat()}, "period_invalid"),
    ],
)
async def test_an_override_that_grants_nothing_or_has_no_end_is_refused(
    bank_client: httpx.AsyncClient, house: House, change: dict[str, Any], code: str
) -> None:
    body = {"extra_customers": 2, "valid_to": TOMORROW.isoformat(), "reason": "同事离职，过渡期内代管"} | change
    url = f"/v1/managers/{await _manager(house)}/capacity-overrides"
    refused = await bank_client.post(url, json=body, headers=house.headers("branch_head"))
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_the_maximum_of_a_grade_is_edited_and_its_managers_follow(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    manager, headers = await _manager(house, capacity=120), house.headers("hq_operator")
    body = {"soft_customers": 50, "hard_customers": 120, "soft_minutes": 1_000, "hard_minutes": 2_000}
    url = "/v1/manager-capacities/senior"
    put = await bank_client.put(url, json=body, headers=headers | {"If-Match": '"1"'})
    assert (put.status_code, put.headers["etag"]) == (200, '"2"'), put.text
    shown = (await bank_client.get(f"/v1/managers/{manager}", headers=headers)).json()
    assert (shown["soft_capacity"], shown["hard_minutes"]) == (50, 2_000)
    loads = (await bank_client.get("/v1/manager-capacities", headers=headers)).json()["tiers"]
    assert {one["tier"]: one["weight"] for one in loads} == {"T1": 1, "T2": 1.5, "T3": 6, "T4": 11, "T5": 11}
    above = body | {"soft_customers": 121}
    refused = await bank_client.put(url, json=above, headers=headers | {"If-Match": '"2"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "capacity_invalid")


async def test_above_the_soft_maximum_the_answer_warns(bank_client: httpx.AsyncClient, house: House) -> None:
    async def soft(_: AsyncSession, __: UUID, manager: Manager) -> None:
        manager.soft_capacity = 0

    looked, by_hand = await _served(bank_client, house, soft)
    assert looked.json()["strained"] is True
    assert by_hand.json()["manager"]["strained"] is True


async def test_of_another_branch_is_still_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    async def elsewhere(_: AsyncSession, __: UUID, manager: Manager) -> None:
        manager.branch_id, manager.serves_subtree = house.branches[WEST].id, True

    looked, by_hand = await _served(bank_client, house, elsewhere)
    assert by_hand.json()["reason"] == "other_branch"
    assert (looked.json()["reason"], looked.json()["candidates"]) == ("no_eligible_manager", [])
