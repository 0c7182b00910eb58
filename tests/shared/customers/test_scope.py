"""Whose customers a scope opens."""

from uuid import UUID

import pytest
from sqlmodel import col, select

from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.customers.models import Customer, CustomerAccess
from guibin.customers.repository import get_customer, visible
from guibin.security.actors import Scope
from support.house import EAST, REGION, ROOT, WEST, House
from support.lines import DAY


async def seen(house: House, scope: Scope) -> tuple[set[UUID], set[UUID]]:
    """Return who is visible, once by the customer's id alone and once with the branch at hand."""
    async with house.sessions() as session:
        alone = await session.exec(select(Customer.id).where(visible(scope, col(Customer.id))))
        with_branch = await session.exec(
            select(Customer.id).where(visible(scope, col(Customer.id), col(Customer.branch_id)))
        )
        return set(alone), set(with_branch)


async def test_each_kind_of_scope_opens_its_customers_and_no_others(house: House) -> None:
    east, west = await house.add_customer(branch=EAST), await house.add_customer(branch=WEST)
    staff, other = house.staff["manager"].id, house.staff["manager_west"].id
    async with house.sessions() as session:
        session.add(CustomerAccess(customer_id=west, staff_id=staff, role="primary", valid_from=DAY))
        session.add(CustomerAccess(customer_id=east, staff_id=other, role="primary", valid_from=DAY, valid_to=DAY))
        await session.commit()
    branches = {code: house.branches[code].id for code in (ROOT, REGION, EAST, WEST)}
    for scope, expected in (
        (Scope.nothing(), set()),
        (Scope.of_job(), {east, west}),
        (Scope.of_customer(east), {east}),
        (Scope(staff_id=staff), {west}),
        (Scope(staff_id=other), set()),
        (Scope(branch_roots=(branches[EAST],)), {east}),
        (Scope(branch_roots=(branches[REGION],)), {east, west}),
        (Scope(branch_roots=(branches[EAST],), staff_id=staff), {east, west}),
    ):
        assert await seen(house, scope) == (expected, expected), scope.describe()


async def test_out_of_scope_and_unknown_are_not_found_alike(house: House) -> None:
    west = await house.add_customer(branch=WEST)
    scope = Scope(branch_roots=(house.branches[EAST].id,))
    async with house.sessions() as session:
        for customer_id in (west, new_id()):
            with pytest.raises(NotFound) as refused:
                await get_customer(session, scope, customer_id=customer_id)
            assert refused.value.facts == {}
