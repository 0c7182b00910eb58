"""All SQL about customers. `visible` is the one predicate of data scope; whatever reads customers' data uses it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, SQLColumnExpression, Text, Uuid, exists, false, or_, text, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.arrays import one_of_few
from guibin.core.bulk import insert_rows
from guibin.core.errors import NotFound
from guibin.customers.models import ACCOMPANYING, Customer, CustomerAccess, PartyType, RefKind
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
    if scope.origins:
        opened.append(one_of_few(customer_id, scope.origins))
    if scope.books:
        served = select(CustomerAccess.customer_id).where(
            one_of_few(col(CustomerAccess.staff_id), scope.books), col(CustomerAccess.valid_to).is_(None)
        )
        opened.append(customer_id.in_(served))
    if scope.accompanies:
        opened.append(_accompanied(scope, customer_id))
    if scope.branch_roots:
        branches = select(BranchClosure.descendant_id).where(
            one_of_few(col(BranchClosure.ancestor_id), scope.branch_roots)
        )
        within = select(Customer.id).where(col(Customer.branch_id).in_(branches))
        opened.append(customer_id.in_(within) if branch_id is None else branch_id.in_(branches))
    return or_(*opened) if opened else false()


def _accompanied(scope: Scope, customer_id: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    return exists().where(
        col(CustomerAccess.customer_id) == customer_id,
        col(CustomerAccess.staff_id) == scope.staff_id,
        col(CustomerAccess.role) == ACCOMPANYING,
        col(CustomerAccess.valid_to) > clock.today(),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer who comes with a token stands, and whether the token still counts.

    Without a data key the personal data is erased. A token does not count once its session is revoked, or when the
    customer has ended all sessions since it was issued.
    """

    status: str
    merged_into: UUID | None
    has_data_key: bool
    in_force: bool


_ENTER: Final = text("SELECT * FROM customer_enter(:customer_id, :session_id, :issued_at)").columns(
    status=Text, merged_into=Uuid, has_data_key=Boolean, in_force=Boolean
)


async def enter_customer(
    session: AsyncSession, *, customer_id: UUID, session_id: UUID | None, issued_at: datetime
) -> Standing | None:
    """Open a customer's own rows and return how the customer stands, in one round trip; None when there is none.

    `session_id` names the session of ours that issued the token; None for a token of another issuer.
    """
    parameters = {"customer_id": customer_id, "session_id": session_id, "issued_at": issued_at}
    found = (await session.execute(_ENTER, parameters)).one_or_none()
    return None if found is None else Standing(*found)


async def find_customer(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Customer | None:
    """Return the customer as stored, merged away or not; None when there is none or it is out of scope."""
    statement = select(Customer).where(
        Customer.id == customer_id, visible(scope, col(Customer.id), col(Customer.branch_id))
    )
    return (await session.exec(statement)).one_or_none()


async def get_as_stored(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Customer:
    """Return a customer as stored, merged away or not: what is encrypted under an id is read with that id's own key.

    Raises:
        NotFound: unknown, or out of scope.
    """
    found = await find_customer(session, scope, customer_id=customer_id)
    if found is None:
        raise NotFound
    return found


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


async def lock_customers(session: AsyncSession, customer_ids: Iterable[UUID]) -> None:
    """Let what is decided about some customers come one after the other; they are locked in the order of their ids."""
    for customer_id in sorted(set(customer_ids)):  # one by one: a lock stands behind an equality of the key
        await session.execute(select(Customer.id).where(Customer.id == customer_id).with_for_update(key_share=True))


async def customers_of_refs(session: AsyncSession, refs: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the customers whom references name; references that name nobody are left out.

    A number or certificate that was replaced still finds its customer: not every line has heard of it at once.
    """
    statement = text("SELECT ref, customer_id FROM customer_ref WHERE ref = ANY(CAST(:refs AS bytea[]))")
    return {row[0]: row[1] for row in await session.execute(statement, {"refs": refs})}


async def party_types(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, PartyType]:
    """Return whether customers are persons or companies."""
    statement = text("SELECT id, party_type FROM customer WHERE id = ANY(CAST(:ids AS uuid[]))")
    return {row[0]: PartyType(row[1]) for row in await session.execute(statement, {"ids": list(ids)})}


async def add_refs(session: AsyncSession, refs: Iterable[tuple[bytes, RefKind, UUID]], *, day: date) -> None:
    """Add references that name nobody yet, valid from a day."""
    columns = ("ref", "kind", "customer_id", "key_version", "valid_from")
    rows = ((ref, kind, owner, 1, day) for ref, kind, owner in refs)
    await insert_rows(session, "customer_ref", columns, rows)


async def move_ref(session: AsyncSession, *, ref: bytes, kind: RefKind, customer_id: UUID) -> None:
    """Let a reference name another customer."""
    await session.execute(
        text("UPDATE customer_ref SET customer_id = :customer_id WHERE ref = :ref AND kind = :kind"),
        {"ref": ref, "kind": kind.value, "customer_id": customer_id},
    )
