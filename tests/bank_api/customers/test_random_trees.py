"""Over random organisations each member of staff sees the customers of a model, in lists, exports, filters and counts.

T-AC-3: 200 trees before a merge, a few with every commit.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bank_api.customers import queries
from bank_api.customers.queries import Filters, Keys
from bank_api.exports.lists import CustomerList
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer, CustomerAccess
from guibin.customers.repository import visible
from guibin.exports.lists import Viewer
from guibin.managers.models import Unassigned, UnassignedReason
from guibin.managers.repository import list_unassigned
from guibin.organisation.models import BranchKind, RoleGrant, Staff, StaffRole
from guibin.organisation.repository import roles_and_grants
from guibin.organisation.service import NewBranch, add_branch
from guibin.security.actors import DataScope, Domain, Scope, Verb, decide
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagAxis, TagKind, TagSource, TagState
from guibin.tags.repository import count_reach
from guibin.tiers import defaults as tiers

TAG, TIER, NAME = "even", "T1", b"one name for all"
PAGE = 4
DAY = clock.today()
KEYS = KeyRing(KeyMaterial.generate())
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@dataclass(frozen=True)
class Person:
    """Somebody with roles (whose data, at which node) and a book of customers, by their numbers."""

    roles: tuple[tuple[DataScope, int], ...]
    book: frozenset[int]


@dataclass(frozen=True)
class Bank:
    """Node 0 is the root, the parent of node n is `parents[n - 1]`; a customer is the number of the own branch."""

    parents: tuple[int, ...]
    customers: tuple[int, ...]
    people: tuple[Person, ...]

    def below(self, root: int) -> set[int]:
        """Return a node and all nodes below it."""
        found = {root}
        for node, parent in enumerate(self.parents, start=1):
            found |= {node} if parent in found else set()
        return found

    def seen_by(self, person: Person) -> set[int]:
        """Return the numbers of the customers whom somebody may see."""
        seen: set[int] = set()
        for data, node in person.roles:
            if data is DataScope.WHOLE_BANK:
                seen |= set(range(len(self.customers)))
            if data is DataScope.OWN_CUSTOMERS:
                seen |= person.book
            if data is DataScope.SUBTREE:
                seen |= self.at(self.below(node))
        return seen

    def at(self, nodes: set[int]) -> set[int]:
        """Return the numbers of the customers at some nodes."""
        return {number for number, branch in enumerate(self.customers) if branch in nodes}


@st.composite
def banks(draw: st.DrawFn) -> Bank:
    nodes = draw(st.integers(1, 9))
    parents = tuple(draw(st.integers(0, node - 1)) for node in range(1, nodes))
    customers = tuple(draw(st.lists(st.integers(0, nodes - 1), min_size=1, max_size=12)))
    numbers = st.frozensets(st.integers(0, len(customers) - 1), max_size=5)
    roles = st.lists(st.tuples(st.sampled_from(DataScope), st.integers(0, nodes - 1)), max_size=3, unique=True)
    people = st.lists(st.builds(Person, roles.map(tuple), numbers), min_size=1, max_size=3)
    return Bank(parents, customers, tuple(draw(people)))


async def build(session: AsyncSession, bank: Bank) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Put a bank into the database; returns the ids of nodes, customers and people."""
    nodes = []
    for node, parent in enumerate((None, *bank.parents)):
        kind = BranchKind.BRANCH if node else BranchKind.HEAD_OFFICE
        above = None if parent is None else f"n{parent}"
        nodes.append((await add_branch(session, NewBranch(f"n{node}", kind, above, "机构", "Branch"))).id)
    for data in DataScope:
        session.add(RoleGrant(role=data, verb=Verb.READ, domain=Domain.CUSTOMERS, data=data))
    await tiers.seed(session)
    tag: dict[str, Any] = {"axis": TagAxis.SERVICE, "name_zh": "双数", "name_en": "Even", "created_at": clock.now()}
    session.add(Tag(code=TAG, kind=TagKind.MANUAL, state=TagState.PUBLISHED, **tag))
    customers = [await add_customer(session, nodes[branch], f"n{branch}") for branch in bank.customers]
    await session.flush()
    for number in range(0, len(customers), 2):
        member: dict[str, Any] = {"customer_id": customers[number], "source": TagSource.MANUAL, "since": DAY}
        session.add(CustomerTag(tag_code=TAG, **member))
    people = [await add_person(session, nodes, customers, person) for person in bank.people]
    await session.flush()
    return nodes, customers, people


async def add_customer(session: AsyncSession, branch_id: UUID, code: str) -> UUID:
    customer_id = new_id()
    person: dict[str, Any] = {
        "party_type": "person",
        "status": "active",
        "gender": "U",
        "leading_line": "personal_finance",
    }
    session.add(Customer(id=customer_id, branch_id=branch_id, name_idx=NAME, created_at=clock.now(), **person))
    await session.flush()
    session.add(CustomerFact(customer_id=customer_id, as_of=DAY, branch_id=branch_id, branch=code, gender="U"))
    waits = Unassigned(
        customer_id=customer_id, tier_code=TIER, branch_id=branch_id, reason=UnassignedReason.NO_CAPACITY, since=DAY
    )
    session.add(waits)
    return customer_id


async def add_person(session: AsyncSession, nodes: list[UUID], customers: list[UUID], person: Person) -> UUID:
    staff_id = new_id()
    session.add(Staff(id=staff_id, no=str(staff_id), issuer="i", subject=str(staff_id), branch_id=nodes[0]))
    await session.flush()
    session.add_all(StaffRole(staff_id=staff_id, role=data, branch_id=nodes[node]) for data, node in person.roles)
    for number in range(len(customers)):
        ended = None if number in person.book else DAY  # whoever was served once is not seen any more
        session.add(
            CustomerAccess(
                customer_id=customers[number], staff_id=staff_id, role="primary", valid_from=DAY, valid_to=ended
            )
        )
    return staff_id


async def check(session: AsyncSession, bank: Bank) -> None:
    inner = await session.begin_nested()
    try:
        nodes, customers, people = await build(session, bank)
        for staff_id, person in zip(people, bank.people, strict=True):
            _, grants = await roles_and_grants(session, staff_id)
            scope = decide(grants, Verb.READ, Domain.CUSTOMERS, staff_id=staff_id)
            assert (scope is None) == (not person.roles)
            expected = bank.seen_by(person)
            await compare(session, scope or Scope.nothing(), staff_id, {customers[number] for number in expected})
            for node, node_id in enumerate(nodes):
                here = {customers[number] for number in expected & bank.at(bank.below(node))}
                assert await listed(session, scope or Scope.nothing(), staff_id, Filters(branch_id=node_id)) == here
    finally:
        await inner.rollback()
        session.expunge_all()


async def compare(session: AsyncSession, scope: Scope, staff_id: UUID, expected: set[UUID]) -> None:
    """Hold every way to look at customers to the same set."""
    alone = select(Customer.id).where(visible(scope, col(Customer.id)))
    assert set((await session.exec(alone)).all()) == expected
    assert await listed(session, scope, staff_id, Filters()) == expected
    assert await exported(session, scope, staff_id, {}) == {to_public("cus", one) for one in expected}
    found = await queries.search_customers(
        session, scope, staff_id=staff_id, day=DAY, keys=Keys(name_idx=NAME), limit=100
    )
    assert {row.customer.id for row in found} == expected
    waiting = await list_unassigned(session, scope, limit=100, after=None, reason=None)
    assert {row.customer_id for row in waiting} == expected
    tagged = await listed(session, scope, staff_id, Filters(tag=TAG))
    reach = await count_reach(session, scope, code=TAG)
    assert (reach.members, reach.customers) == (len(tagged), len(expected))
    assert tagged <= expected
    assert await exported(session, scope, staff_id, {"tag": TAG}) == {to_public("cus", one) for one in tagged}


async def exported(session: AsyncSession, scope: Scope, staff_id: UUID, filters: dict[str, str]) -> set[str]:
    """Read an export; its rows are as many as were counted for it."""
    source, viewer = CustomerList(), Viewer(staff_id, frozenset())
    pages = source.read(session, KEYS, scope, viewer=viewer, filters=filters)
    ids = [row[0] async for page in pages for row in page]
    assert len(ids) == len(set(ids)) == await source.count(session, scope, filters=filters)
    return set(ids)


async def listed(session: AsyncSession, scope: Scope, staff_id: UUID, filters: Filters) -> set[UUID]:
    """Page through a list; no page repeats a customer."""
    ids: list[UUID] = []
    before = None
    while True:
        page = await queries.list_customers(
            session, scope, staff_id=staff_id, day=DAY, filters=filters, limit=PAGE, before=before
        )
        ids += [row.customer.id for row in page]
        if len(page) < PAGE:
            break
        before = (page[-1].customer.created_at, page[-1].customer.id)
    assert len(ids) == len(set(ids))
    return set(ids)


@settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
@given(bank=banks())
async def test_everybody_sees_the_customers_of_the_model(session: AsyncSession, bank: Bank) -> None:
    await check(session, bank)


@pytest.mark.merge
@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(bank=banks())
async def test_everybody_sees_the_customers_of_the_model_in_200_trees(session: AsyncSession, bank: Bank) -> None:
    await check(session, bank)
