"""The audit trail on the bank port."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import StringConstraints

from guibin.audit import repository
from guibin.audit.models import AuditEntry
from guibin.audit.verification import verify_deployment
from guibin.core.ids import CustomerId
from guibin.core.text import Code
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Verb
from guibin.security.errors import Forbidden
from guibin.security.row_scope import all_rows
from guibin.web import (
    DataClass,
    Instant,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    check_range,
    declare,
    page_query,
    staff,
)

from .schemas import AuditEntryOut, VerdictOut

router = PortRouter(prefix="/v1", tags=["audit"])

AUDIT = staff(Verb.AUDIT, Domain.AUDIT)
ObjectId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]


def _shape(row: AuditEntry) -> AuditEntryOut:
    on_behalf = str(row.on_behalf_id) if row.on_behalf_id else None
    return AuditEntryOut.model_validate({**row.model_dump(), "actor_id": str(row.actor_id), "on_behalf_id": on_behalf})


@router.get("/audit", operation_id="listAuditEntries")
@declare(caller=AUDIT, rate=RateClass.READ, data=DataClass.C2)
async def list_entries(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    customer_id: Annotated[CustomerId | None, Query(description="Only what concerns this customer")] = None,
    actor: Annotated[UUID | None, Query(description="Only what this actor did: the id without its prefix")] = None,
    action: Annotated[str | None, Query(max_length=60, description="Only this action")] = None,
    object_id: Annotated[ObjectId | None, Query(description="Only what was done to this object")] = None,
    result: Annotated[Code | None, Query(description="`done`, a step of an approval, or the code of a refusal")] = None,
    since: Annotated[Instant | None, Query(alias="from", description="From this instant on")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Before this instant")] = None,
) -> Page[AuditEntryOut]:
    """List the audit trail, newest first: commands, looks at personal data, and what was refused.

    Who does not audit the whole bank asks customer by customer.
    """
    check_range(since, until)
    if not call.scope.whole_bank:
        if customer_id is None:
            raise Forbidden
        await get_customer(call.session, call.scope, customer_id=customer_id)
    wanted = repository.TrailFilter(customer_id, actor, action, object_id, result, since=since, until=until)
    rows = await repository.list_entries(call.session, limit=page.fetch, before=page.after_moment, wanted=wanted)
    return page.answer(rows, position=lambda row: (row.at, row.id), shape=_shape)


@router.get("/audit/verify", operation_id="verifyAuditTrail")
@declare(caller=AUDIT, rate=RateClass.SEARCH, data=DataClass.C1)
async def verify_trail(call: StaffCall) -> VerdictOut:
    """Check every row against its seal and the seals against the signed heads outside; names the first bad row."""
    async with all_rows(call.session):
        return VerdictOut.of(await verify_deployment(call.session, call.port.settings))


@router.get("/customers/{customer_id}/access-log", operation_id="listCustomerAccess")
@declare(caller=AUDIT, rate=RateClass.READ, data=DataClass.C2)
async def list_customer_access(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[AuditEntryOut]:
    """List who looked at a customer, did something about it, or tried to, newest first."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    wanted = repository.TrailFilter(customer.id)
    rows = await repository.list_entries(call.session, limit=page.fetch, before=page.after_moment, wanted=wanted)
    return page.answer(rows, position=lambda row: (row.at, row.id), shape=_shape)
