"""Loads places, people and service clients; everything is repeatable."""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.seeding import add_missing
from guibin.managers.models import Manager
from guibin.organisation.models import BranchKind
from guibin.organisation.service import NewBranch, NewStaff, add_branch, add_service, add_staff
from guibin.security.ciphers import KeyRing
from guibin_tools.bank_data import BranchData, StaffData

SERVICES = {
    "core_banking": ["earn:post", "identity:post", "points:hold"],
    "data_platform": ["feeds:post"],
    "supplier_terminal": ["voucher:use"],
    "payment_gateway": ["payments:post"],
    "message_gateway": ["contacts:post"],
}
"""Service clients of a demo bank, each with what it needs and no more."""


async def load_branches(session: AsyncSession, branches: Iterable[BranchData]) -> int:
    """Load the tree, parents first; returns its number of nodes."""
    nodes = list(branches)
    for branch in nodes:
        await add_branch(
            session,
            NewBranch(
                code=branch.code,
                kind=BranchKind(branch.kind),
                parent_code=branch.parent_code,
                name_zh=branch.name_zh,
                name_en=branch.name_en,
                city_code=branch.city_code,
            ),
        )
    return len(nodes)


async def load_staff(session: AsyncSession, keys: KeyRing, staff: Iterable[StaffData], *, issuer: str) -> int:
    """Load people with their roles, and managers with grade and capacity; returns the number of people."""
    people, managers = list(staff), []
    for person in people:
        member = await add_staff(
            session,
            keys,
            NewStaff(no=person.no, branch_code=person.branch_code, role=person.role, name=person.name),
            issuer=issuer,
        )
        if person.grade is not None and person.capacity is not None:
            managers.append(
                {
                    "id": new_id(),
                    "staff_id": member.id,
                    "branch_id": member.branch_id,
                    "grade": person.grade,
                    "capacity": person.capacity,
                    "languages": list(person.languages),
                    "skills": list(person.skills),
                    "active": True,
                    "revision": 1,
                    "created_at": clock.now(),
                }
            )
    if managers:
        await add_missing(session, Manager, managers)
    return len(people)


async def load_services(session: AsyncSession, *, issuer: str) -> int:
    """Load the service clients; returns their number."""
    for name, scopes in SERVICES.items():
        await add_service(session, name=name, issuer=issuer, scopes=scopes)
    return len(SERVICES)
