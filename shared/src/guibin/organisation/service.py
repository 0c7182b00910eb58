"""Commands on the organisation: places, people and clients. Used by imports; each is repeatable by its code."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id, to_public
from guibin.organisation import repository
from guibin.organisation.models import Branch, BranchClosure, BranchKind, ServiceClient, Staff, StaffRole
from guibin.security.ciphers import KeyRing, WrappedKey


@dataclass(frozen=True)
class NewBranch:
    """A node to add; `parent_code` None makes the root."""

    code: str
    kind: BranchKind
    parent_code: str | None
    name_zh: str
    name_en: str
    city_code: str | None = None


@dataclass(frozen=True)
class NewStaff:
    """A member of staff to add, with one role at one branch."""

    no: str
    branch_code: str
    role: str
    name: str
    phone: str | None = None


async def add_branch(session: AsyncSession, new: NewBranch) -> Branch:
    """Add a node below its parent and its pairs in the closure; an existing code is returned as it is."""
    found = await repository.branch_by_code(session, new.code)
    if found is not None:
        return found
    parent = await repository.branch_by_code(session, new.parent_code) if new.parent_code else None
    branch = Branch(
        id=new_id(),
        code=new.code,
        kind=new.kind,
        parent_id=parent.id if parent else None,
        name_zh=new.name_zh,
        name_en=new.name_en,
        city_code=new.city_code,
    )
    session.add(branch)
    await session.flush()
    ancestors = await repository.ancestor_ids(session, parent.id) if parent else []
    session.add_all(BranchClosure(ancestor_id=above, descendant_id=branch.id) for above in [*ancestors, branch.id])
    await session.flush()
    return branch


async def add_staff(session: AsyncSession, keys: KeyRing, new: NewStaff, *, issuer: str) -> Staff:
    """Add a member of staff whose token subject is the public id; an existing number is returned as it is.

    Raises:
        LookupError: the branch is unknown.
    """
    found = await repository.staff_by_no(session, new.no)
    if found is not None:
        return found
    branch = await repository.branch_by_code(session, new.branch_code)
    if branch is None:
        raise LookupError(f"no branch has the code {new.branch_code}")
    staff = make_staff(keys, no=new.no, branch_id=branch.id, name=new.name, phone=new.phone, issuer=issuer)
    session.add(staff)
    await session.flush()
    session.add(StaffRole(staff_id=staff.id, role=new.role, branch_id=branch.id))
    await session.flush()
    return staff


def make_staff(
    keys: KeyRing,
    *,
    no: str,
    branch_id: UUID,
    name: str,
    phone: str | None,
    issuer: str,
    subject: str | None = None,
    person_ref: bytes | None = None,
    customer_ref: bytes | None = None,
) -> Staff:
    """Return the row of a new member of staff, name and phone under a data key of their own.

    `subject` is the public id where none is given.
    """
    staff_id = new_id()
    wrapped = keys.new_data_key(staff_id)
    key = keys.open_data_key(wrapped, staff_id)
    return Staff(
        id=staff_id,
        no=no,
        issuer=issuer,
        subject=subject or to_public("stf", staff_id),
        branch_id=branch_id,
        person_ref=person_ref,
        customer_ref=customer_ref,
        data_key=wrapped,
        name_enc=key.encrypt(name, "staff", "name_enc", staff_id),
        phone_enc=key.encrypt(phone, "staff", "phone_enc", staff_id) if phone else None,
    )


async def add_service(session: AsyncSession, *, name: str, issuer: str, scopes: list[str]) -> UUID:
    """Add a service client whose token subject is its public id; an existing name is returned as it is."""
    found = await repository.service_by_name(session, name)
    if found is not None:
        return found.id
    service_id = new_id()
    session.add(
        ServiceClient(id=service_id, name=name, issuer=issuer, subject=to_public("svc", service_id), scopes=scopes)
    )
    await session.flush()
    return service_id


def staff_name(keys: KeyRing, staff: Staff) -> str | None:
    """Return the name of a member of staff in clear; None after erasure."""
    return _open(keys, staff, staff.name_enc, "name_enc")


def staff_phone(keys: KeyRing, staff: Staff) -> str | None:
    """Return the office phone of a member of staff in clear; None when none is kept."""
    return _open(keys, staff, staff.phone_enc, "phone_enc")


def _open(keys: KeyRing, staff: Staff, value: bytes | None, column: str) -> str | None:
    if staff.data_key is None or value is None:
        return None
    return keys.open_data_key(WrappedKey(staff.data_key), staff.id).decrypt(value, "staff", column, staff.id)
