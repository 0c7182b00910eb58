"""Roles are data: what staff may do is read from the tables of this moment."""

from sqlalchemy import update
from sqlmodel import col

from guibin.organisation.models import Staff
from guibin.organisation.repository import grants_of, roles_and_grants, subtree_ids
from guibin.security.actors import Domain, Verb, decide
from support.house import EAST, REGION, WEST, House


async def test_a_manager_reads_own_customers_and_no_others(house: House) -> None:
    async with house.sessions() as session:
        staff = house.staff["manager"]
        roles, grants = await roles_and_grants(session, staff.id)
        assert roles == {"manager"}
        scope = decide(grants, Verb.READ, Domain.CUSTOMERS, staff_id=staff.id)
        assert scope is not None
        assert (scope.staff_id, scope.branch_roots, scope.whole_bank) == (staff.id, (), False)
        assert decide(grants, Verb.SUBMIT, Domain.TAGS, staff_id=staff.id) is None


async def test_a_branch_head_reads_the_branch_and_approves_small_adjustments_only(house: House) -> None:
    async with house.sessions() as session:
        staff = house.staff["branch_head"]
        grants = await grants_of(session, staff.id)
        scope = decide(grants, Verb.READ, Domain.CUSTOMERS, staff_id=staff.id)
        assert scope is not None
        assert scope.branch_roots == (house.branches[EAST].id,)
        assert decide(grants, Verb.APPROVE, Domain.POINTS, staff_id=staff.id, cost_fen=500_00)
        assert decide(grants, Verb.APPROVE, Domain.POINTS, staff_id=staff.id, cost_fen=500_01) is None


async def test_staff_who_are_not_active_have_no_grants(house: House) -> None:
    async with house.sessions() as session:
        staff = house.staff["hq_operator"]
        await session.execute(update(Staff).where(col(Staff.id) == staff.id).values(active=False))
        assert await grants_of(session, staff.id) == []


async def test_a_subtree_holds_the_node_and_all_below_it(house: House) -> None:
    async with house.sessions() as session:
        below = await subtree_ids(session, [house.branches[REGION].id])
        assert set(below) == {house.branches[code].id for code in (REGION, EAST, WEST)}
