"""My consents and my data on the customer port."""

import math
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import DataRequestId
from guibin.privacy.errors import ConsentNotNeeded, ConsentTextChanged, ExportNotReady
from guibin.privacy.models import GivenAt, RequestKind
from guibin.privacy.rules import COPIES_A_DAY
from guibin.privacy.service import consents, exporting, requests
from guibin.web import (
    CustomerCall,
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    customer,
    declare,
    json_body,
    page_query,
)
from guibin.web.errors import DailyLimit
from guibin.web.limits import DAY, Limit

from .schemas import (
    ConsentsIn,
    DataRequestIn,
    ExportLinkOut,
    MyConsentOut,
    MyConsentsOut,
    MyDataRequestOut,
)

router = PortRouter(prefix="/v1/me", tags=["privacy"])

SELF = customer("profile:read:self")
COPIES = Limit("copy_per_day", COPIES_A_DAY, DAY)
ZIP: dict[int | str, dict[str, Any]] = {200: {"description": "The encrypted zip", "content": {"application/zip": {}}}}
LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$", description="From the answer that opened the link")]


@router.get("/consents", operation_id="listMyConsents")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def list_my_consents(call: CustomerCall) -> MyConsentsOut:
    """Show every purpose for which my data may be processed, its words, and what I said to them."""
    return await _consents(call)


@router.put("/consents", operation_id="putMyConsents")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C2, refusals=(ConsentTextChanged, ConsentNotNeeded))
async def put_my_consents(call: CustomerCall, body: Annotated[ConsentsIn, json_body(ConsentsIn)]) -> MyConsentsOut:
    """Say yes or no. A no takes effect at once and never costs a tier, a price or a right."""
    await consents.take_words(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=call.actor.id,
        words=[decision.word() for decision in body.decisions],
        proof=consents.Proof(GivenAt.CUSTOMER_PORT, call.request_id),
    )
    return await _consents(call)


@router.post("/data-requests", status_code=201, operation_id="createMyDataRequest")
@declare(
    caller=SELF,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(DailyLimit,),
)
async def create_data_request(
    call: CustomerCall, body: Annotated[DataRequestIn, json_body(DataRequestIn)]
) -> MyDataRequestOut:
    """Ask for a copy of my data, a correction, their deletion, or an explanation. Three copies a day."""
    if body.kind is RequestKind.COPY:
        await _count_copy(call)
    opened = await requests.open_request(
        call.session,
        call.keys,
        actor=call.actor,
        customer_id=call.actor.id,
        kind=body.kind,
        details=body.details,
    )
    return MyDataRequestOut.of(opened)


@router.get("/data-requests", operation_id="listMyDataRequests")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def list_my_data_requests(
    call: CustomerCall, page: Annotated[PageRequest, page_query()]
) -> Page[MyDataRequestOut]:
    """List my requests, the oldest first."""
    rows = await requests.list_requests(
        call.session,
        call.keys,
        call.scope,
        limit=page.fetch,
        customer_id=call.actor.id,
        after=page.after_moment,
    )
    return page.answer(rows, position=lambda one: (one.row.created_at, one.row.id), shape=MyDataRequestOut.of)


@router.post("/data-requests/{data_request_id}/link", operation_id="openMyExportLink")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C3, refusals=(ExportNotReady,))
async def open_link(call: CustomerCall, data_request_id: DataRequestId) -> ExportLinkOut:
    """Open a link to the copy of my data: for 15 minutes, for one fetch, for me. A new link closes the one before."""
    link = await exporting.open_link(call.session, call.keys, call.scope, actor=call.actor, request_id=data_request_id)
    return ExportLinkOut(path=f"/v1/me/exports/{link.token}", password=link.password, expires_at=link.expires_at)


@router.get("/exports/{link}", operation_id="fetchMyExport", response_class=Response, responses=ZIP)
@declare(caller=SELF, rate=RateClass.HISTORY, data=DataClass.C3)
async def fetch_export(call: CustomerCall, link: LinkToken) -> Response:
    """Fetch the encrypted zip with the copy of my data: JSON and CSV."""
    content = await exporting.fetch(call.session, actor=call.actor, token=link)
    if content is None:
        raise NotFound
    name = f'attachment; filename="my-data-{clock.today()}.zip"'
    return Response(content, media_type="application/zip", headers={"Content-Disposition": name})


async def _consents(call: CustomerCall) -> MyConsentsOut:
    standing = await consents.list_standing(call.session, call.scope, customer_id=call.actor.id)
    return MyConsentsOut(items=[MyConsentOut.of(one, call.language) for one in standing])


async def _count_copy(call: CustomerCall) -> None:
    allowed = COPIES.most(call.port.settings.profile)
    if await requests.copies_left(call.session, customer_id=call.actor.id, allowed=allowed) < 1:
        tomorrow = clock.start_of_day(clock.today() + timedelta(days=1))
        raise DailyLimit(limit=COPIES.name, retry_after=math.ceil((tomorrow - clock.now()).total_seconds()))
