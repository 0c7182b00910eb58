"""Terminals of suppliers: each uses codes of its own supplier's rights alone."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.organisation.models import ServiceClient
from guibin.organisation.repository import service_by_name
from guibin.security.actors import Actor, ActorKind
from guibin.suppliers.models import Supplier, SupplierTerminal
from guibin.suppliers.repository import terminals as repository


async def attach_terminal(
    session: AsyncSession, *, actor: Actor, supplier: Supplier, name: str
) -> tuple[SupplierTerminal, ServiceClient]:
    """Say that a service is a terminal of this supplier from now on, whosever it was.

    Raises:
        NotFound: there is no such service.
    """
    service = await _service(session, name)
    row = await _keep(session, actor, service.id, supplier.id)
    await _record(session, actor, "supplier.terminal", supplier.id, service)
    return row, service


async def detach_terminal(session: AsyncSession, *, actor: Actor, supplier: Supplier, name: str) -> None:
    """Say that a service is the bank's own from now on.

    Raises:
        NotFound: it is no terminal of this supplier.
    """
    service = await _service(session, name)
    row = await repository.find_terminal(session, service.id)
    if row is None or row.supplier_id != supplier.id:
        raise NotFound
    await _keep(session, actor, service.id, None)
    await _record(session, actor, "supplier.terminal_remove", supplier.id, service)


async def rights_of_user(session: AsyncSession, actor: Actor) -> frozenset[UUID] | None:
    """Return the rights whose codes somebody may use today: those of the terminal's supplier; None, of any right."""
    if actor.kind is not ActorKind.SERVICE:
        return None
    row = await repository.find_terminal(session, actor.id)
    if row is None or row.supplier_id is None:
        return None
    return await repository.rights_on(session, supplier_id=row.supplier_id, day=clock.today())


async def _service(session: AsyncSession, name: str) -> ServiceClient:
    found = await service_by_name(session, name)
    if found is None:
        raise NotFound
    return found


async def _keep(session: AsyncSession, actor: Actor, service_id: UUID, supplier_id: UUID | None) -> SupplierTerminal:
    row = SupplierTerminal(service_id=service_id, supplier_id=supplier_id, set_by=actor.id, set_at=clock.now())
    await repository.keep_terminal(session, row)
    return row


async def _record(session: AsyncSession, actor: Actor, action: str, supplier_id: UUID, service: ServiceClient) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="supplier",
        object_id=to_public("sup", supplier_id),
        facts={"terminal": service.name},
    )
