"""Terminals of suppliers: which services use codes, and of whose rights."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import Field

from guibin.core.errors import NotFound
from guibin.core.ids import SupplierId
from guibin.organisation.models import ServiceClient
from guibin.security.actors import Domain, Verb
from guibin.suppliers.models import SupplierTerminal
from guibin.suppliers.repository import terminals as repository
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.service import terminals as service
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare, staff

from .router import READ

router = PortRouter(prefix="/v1/suppliers/{supplier_id}/terminals", tags=["suppliers"])

OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Of the service that signs in with tokens")]


class TerminalOut(OutModel):
    """A service that uses codes of this supplier's rights, and of no others."""

    terminal: str = Field(examples=["supplier_terminal"])
    active: bool
    set_at: datetime

    @classmethod
    def of(cls, row: SupplierTerminal, client: ServiceClient) -> Self:
        """Describe a terminal."""
        return cls(terminal=client.name, active=client.active, set_at=row.set_at)


class TerminalsOut(OutModel):
    """The terminals of a supplier, by name."""

    items: list[TerminalOut]


@router.get("", operation_id="listSupplierTerminals")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def list_terminals(call: StaffCall, supplier_id: SupplierId) -> TerminalsOut:
    """List the terminals of a supplier."""
    await get_supplier(call.session, supplier_id)
    rows = await repository.list_terminals(call.session, supplier_id=supplier_id)
    return TerminalsOut(items=[TerminalOut.of(*row) for row in rows])


@router.put("/{terminal}", operation_id="putSupplierTerminal")
@declare(caller=OPERATE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound,))
async def put_terminal(call: StaffCall, supplier_id: SupplierId, terminal: Name) -> TerminalOut:
    """Say that a service is a terminal of this supplier: from now on it uses codes of this supplier's rights alone.

    These are the rights that the supplier delivers now, and those for which it has a price today. A service that is
    nobody's terminal is the bank's own and uses any code.
    """
    supplier = await get_supplier(call.session, supplier_id)
    row = await service.attach_terminal(call.session, actor=call.actor, supplier=supplier, name=terminal)
    return TerminalOut.of(*row)


@router.delete("/{terminal}", status_code=204, operation_id="removeSupplierTerminal")
@declare(caller=OPERATE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound,))
async def remove_terminal(call: StaffCall, supplier_id: SupplierId, terminal: Name) -> None:
    """Say that a service is the bank's own from now on."""
    supplier = await get_supplier(call.session, supplier_id)
    await service.detach_terminal(call.session, actor=call.actor, supplier=supplier, name=terminal)
