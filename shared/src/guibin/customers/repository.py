"""All SQL about customers. `visible` is the one predicate of data scope; whatever reads customers' data uses it."""

from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, false, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer, CustomerAccess, CustomerRef, RefKind
from guibin.organisation.models import BranchClosure
from guibin.security.actors import Scope


def visible(
    scope: Scope, customer_id: SQLColumnExpression[UUID], branch_id: SQLColumnExpression[UUID] | None = None
) -> ColumnElement[bool]:
    """Return the predicate that holds for the customers whom a scope opens.

    `customer_id` is the column that names the customer; `branch_id` the column of the customer's branch where the
    statement has it at hand, which saves a look-up in `customer`. The empty scope opens nothing.
    """
    if scope.whole_bank:
        return true()
    opened: list[ColumnElement[bool]] = []
    if scope.customer_id is not None:
        opened.append(customer_id == scope.customer_id)
    if scope.staff_id is not None:
        served = select(CustomerAccess.customer_id).where(
            CustomerAccess.staff_id == scope.staff_id, col(CustomerAccess.valid_to).is_(None)
        )
        opened.append(customer_id.in_(served))
    if scope.branch_roots:
        branches = select(BranchClosure.descendant_id).where(col(BranchClosure.ancestor_id).in_(scope.branch_roots))
        within = select(Customer.id).where(col(Customer.branch_id).in_(branches))
        opened.append(customer_id.in_(within) if branch_id is None else branch_id.in_(branches))
    return or_(*opened) if opened else false()


async def find_customer(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Customer | None:
    """Return the customer as stored, merged away or not; None when there is none or it is out of scope."""
    statement = select(Customer).where(
        Customer.id == customer_id, visible(scope, col(Customer.id), col(Customer.branch_id))
    )
    return (await session.exec(statement)).one_or_none()


async def get_customer(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Customer:
    """Return a customer; one that was merged away is answered by the customer it became, if that is in scope too.

    Raises:
        NotFound: unknown, or out of scope.
    """
    found = await find_customer(session, scope, customer_id=customer_id)
    while found is not None and found.merged_into is not None:
        found = await find_customer(session, scope, customer_id=found.merged_into)
    if found is None:
        raise NotFound
    return found


async def find_ref(session: AsyncSession, kind: RefKind, ref: bytes) -> UUID | None:
    """Return the customer whom a reference names now."""
    statement = select(CustomerRef.customer_id).where(
        CustomerRef.ref == ref, CustomerRef.kind == kind, col(CustomerRef.valid_to).is_(None)
    )
    return (await session.exec(statement)).one_or_none()
