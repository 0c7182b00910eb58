"""How all records of care are answered: one record with its revision as the ETag, or a page of a customer's."""

from typing import Any, TypeVar
from uuid import UUID

from starlette.responses import Response

from guibin.care import service
from guibin.care.service import Seen
from guibin.web import Page, PageRequest, StaffCall, set_etag

from .views import RecordOut

Shape = TypeVar("Shape", bound=RecordOut)


def answer_record(call: StaffCall, response: Response, shape: type[Shape], seen: Seen[Any]) -> Shape:
    """Answer one record as the caller may see it; its revision is the ETag."""
    set_etag(response, seen.row.revision)
    return shape.of(seen, call.actor.roles)


async def answer_page(
    call: StaffCall,
    page: PageRequest,
    shape: type[Shape],
    table: type[Any],
    *,
    customer_id: UUID,
    state: str | None = None,
) -> Page[Shape]:
    """Answer a page of a customer's records, the newest first; with `state` only those in it."""
    rows: list[Seen[Any]] = await service.list_of(
        call.session,
        call.scope,
        call.keys,
        table,
        customer_id=customer_id,
        states=None if state is None else (state,),
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(
        rows,
        position=lambda seen: (seen.row.created_at, seen.row.id),
        shape=lambda seen: shape.of(seen, call.actor.roles),
    )
