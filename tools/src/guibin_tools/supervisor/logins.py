"""The demo logins: who can be tried out, with tokens, in `demo.json` of the state folder."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.customers.personal import identity_of
from guibin.managers.models import Coverage, Manager
from guibin.organisation.models import ServiceClient, Staff, StaffRole
from guibin.points.models import PointsAccount
from guibin.relations.models import Household, HouseholdMember
from guibin.rights import service as rights
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.security.private_files import replace
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings
from guibin_tools.supervisor.simulator import Simulator
from guibin_tools.tokens import TokenDesk

CUSTOMERS = 8
_CANDIDATES = 60
_CATALOGUE = 100
MANAGER = "manager"
BRANCH_HEAD = "branch_head"

Logins = dict[str, Any]


async def write_logins(
    settings: OperatorSettings, simulator: Simulator | None, supplier: dict[str, Any] | None
) -> Logins:
    """Issue tokens for customers who can afford a right, for one member of staff of each role and for the services.

    People of the simulator of WeChat, if there is one, get the phone numbers of these customers.

    Returns:
        What is in the file: `customer_api` and `bank_api` (addresses), `customers` as `[{id, token}]`, `family` (the
        members of the demo household) as `[{role, id, token}]`, `staff` as
        `{role: {no, token}}`, `services` as `{name: {token}}`, and `wechat` with the simulator and its `people` as
        `[{uid, phone, customer}]`, and `supplier` with its simulator, its id and a right for each way it delivers by.
    """
    desk = TokenDesk(settings)
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        able = await _able_customers(session)
        logins: Logins = {
            "customer_api": f"http://{settings.host}:{settings.customer_port}",
            "bank_api": f"http://{settings.host}:{settings.bank_port}",
            "customers": [
                {"id": to_public("cus", customer_id), "token": desk.of_customer(customer_id)} for customer_id in able
            ],
            "family": [
                {"role": role, "id": to_public("cus", customer_id), "token": desk.of_customer(customer_id)}
                for customer_id, role in await _family(session)
            ],
            "staff": {
                role: {"no": no, "token": await desk.of_staff(session, no)}
                for role, no in (await _staff_by_role(session)).items()
            },
            "services": {
                name: {"token": await desk.of_service(session, name)} for name in await _service_names(session)
            },
        }
        if simulator is not None:
            people = await _people_of(session, open_keys(settings), able)
            simulator.seed(people)
            logins["wechat"] = simulator.login(people)
    if supplier is not None:
        logins["supplier"] = supplier
    replace(settings.logins_file, json.dumps(logins, indent=2).encode())
    return logins


async def _able_customers(session: AsyncSession) -> list[UUID]:
    """Return customers who can take at least one right now, those with most points first."""
    able: list[UUID] = []
    for customer_id in await _richest(session):
        entries = await rights.list_catalogue(
            session,
            Scope.of_customer(customer_id),
            customer_id=customer_id,
            wanted=rights.CatalogueFilter(),
            affordable=True,
            after=None,
            limit=_CATALOGUE,
        )
        if any(entry.decision.eligible for entry in entries):
            able.append(customer_id)
        if len(able) == CUSTOMERS:
            break
    return able


async def _family(session: AsyncSession) -> Sequence[tuple[UUID, str]]:
    """Return the members of the first household with their roles."""
    first = select(Household.id).order_by(col(Household.id)).limit(1).scalar_subquery()
    query = (
        select(HouseholdMember.customer_id, HouseholdMember.role)
        .where(HouseholdMember.household_id == first, col(HouseholdMember.valid_to).is_(None))
        .order_by(col(HouseholdMember.id))
    )
    return (await session.exec(query)).all()


async def _people_of(session: AsyncSession, keys: KeyRing, customer_ids: Sequence[UUID]) -> list[dict[str, str]]:
    """Return people who have the phones of demo customers, so that binding can be tried."""
    customers = (await session.exec(select(Customer).where(col(Customer.id).in_(customer_ids)))).all()
    people: list[dict[str, str]] = []
    for customer in sorted(customers, key=lambda customer: customer_ids.index(customer.id)):
        phone = identity_of(keys, customer).phone
        if phone is not None:
            uid = f"demo{len(people) + 1}"
            people.append({"uid": uid, "phone": phone.value, "customer": to_public("cus", customer.id)})
    return people


async def _richest(session: AsyncSession) -> Sequence[UUID]:
    spendable = func.sum(PointsAccount.balance - PointsAccount.held - PointsAccount.debt)
    query = (
        select(PointsAccount.customer_id)
        .group_by(col(PointsAccount.customer_id))
        .order_by(spendable.desc(), col(PointsAccount.customer_id))
        .limit(_CANDIDATES)
    )
    return (await session.exec(query)).all()


async def _staff_by_role(session: AsyncSession) -> dict[str, str]:
    """Return the first staff number of each role; the manager is one with customers, the branch head is theirs."""
    query = (
        select(StaffRole.role, Staff.no, Staff.branch_id)
        .join(Staff, col(Staff.id) == col(StaffRole.staff_id))
        .where(col(Staff.active).is_(True))
        .order_by(Staff.no)
    )
    rows = (await session.exec(query)).all()
    found: dict[str, str] = {}
    for role, no, _ in rows:
        found.setdefault(role, no)
    if (busy := await _busiest_manager(session)) is not None:
        found[MANAGER] = busy.no
        found |= {role: no for role, no, branch in rows if role == BRANCH_HEAD and branch == busy.branch_id}
    return found


async def _busiest_manager(session: AsyncSession) -> Staff | None:
    query = (
        select(Staff)
        .join(Manager, col(Manager.staff_id) == col(Staff.id))
        .join(Coverage, col(Coverage.manager_id) == col(Manager.id))
        .where(col(Coverage.valid_to).is_(None))
        .group_by(col(Staff.id))
        .order_by(func.count().desc(), col(Staff.no))
        .limit(1)
    )
    return (await session.exec(query)).first()


async def _service_names(session: AsyncSession) -> Sequence[str]:
    return (await session.exec(select(ServiceClient.name).order_by(ServiceClient.name))).all()
