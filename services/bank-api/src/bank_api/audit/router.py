"""The audit trail on the bank port."""

from typing import Annotated

from fastapi import Query

from guibin.audit import repository
from guibin.audit.models import AuditEntry
from guibin.core.ids import CustomerId
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, Page, PageRequest, PortRouter, RateClass, StaffCall, declare, page_query, staff

from .schemas import AuditEntryOut

router = PortRouter(prefix="/v1/audit", tags=["audit"])


def _shape(row: AuditEntry) -> AuditEntryOut:
    return AuditEntryOut.model_validate({**row.model_dump(), "actor_id": str(row.actor_id)})


@router.get("", operation_id="listAuditEntries")
@declare(caller=staff(Verb.AUDIT, Domain.AUDIT), rate=RateClass.READ, data=DataClass.C2)
async def list_entries(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    customer_id: Annotated[CustomerId | None, Query(description="Only what concerns this customer")] = None,
    action: Annotated[str | None, Query(max_length=60, description="Only this action")] = None,
) -> Page[AuditEntryOut]:
    """List the audit trail, newest first."""
    rows = await repository.list_entries(
        call.session, limit=page.fetch, before=page.after_moment, owner_id=customer_id, action=action
    )
    return page.answer(rows, position=lambda row: (row.at, row.id), shape=_shape)
