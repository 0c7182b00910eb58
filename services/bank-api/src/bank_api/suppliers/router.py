"""Suppliers of rights: who they are, which rights they deliver, and the secret with which both sides sign."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.models import Approval
from guibin.core.errors import NotFound
from guibin.core.ids import RightId, SupplierId
from guibin.core.settings import Profile
from guibin.outbox.rules import read_networks
from guibin.security.actors import Domain, Verb
from guibin.suppliers.errors import SecretAlreadyShown, SupplierCodeTaken, SupplierOff, SupplierUrlNotAllowed
from guibin.suppliers.repository import suppliers as repository
from guibin.suppliers.service import administration as service
from guibin.suppliers.service import connecting
from guibin.suppliers.service.administration import Reach
from guibin.web import (
    Call,
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    anyone_of,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)

from .supplier_schemas import (
    NewSupplierIn,
    SupplierIn,
    SupplierOut,
    SupplierRightIn,
    SupplierRightOut,
    SupplierRightsOut,
    SupplierSecretOut,
)

router = PortRouter(prefix="/v1/suppliers", tags=["suppliers"])

OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)
READ = anyone_of(OPERATE, staff(Verb.APPROVE, Domain.RIGHTS), staff(Verb.READ, Domain.ACCOUNTING))


@router.get("", operation_id="listSuppliers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_suppliers(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[SupplierOut]:
    """List the suppliers of rights, newest first."""
    rows = await repository.list_suppliers(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(
        rows, position=lambda row: (row.created_at, row.id), shape=lambda row: SupplierOut.of(row, call.keys)
    )


@router.post("", status_code=201, operation_id="createSupplier")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(SupplierCodeTaken,),
)
async def create_supplier(
    call: StaffCall, body: Annotated[NewSupplierIn, json_body(NewSupplierIn)], response: Response
) -> SupplierOut:
    """Add a supplier, which is not connected before its address is changed (`PUT`).

    Its secret is made with it and fetched once under .../secret.
    """
    supplier = await service.create_supplier(
        call.session, actor=call.actor, keys=call.keys, reach=_reach(call), code=body.code, content=body.content()
    )
    set_etag(response, supplier.revision)
    return SupplierOut.of(supplier, call.keys)


@router.get("/{supplier_id}", operation_id="getSupplier")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_supplier(call: StaffCall, supplier_id: SupplierId, response: Response) -> SupplierOut:
    """Show one supplier."""
    supplier = await repository.get_supplier(call.session, supplier_id)
    set_etag(response, supplier.revision)
    return SupplierOut.of(supplier, call.keys)


@router.put(
    "/{supplier_id}",
    operation_id="changeSupplier",
    response_model=SupplierOut | SubmittedOut,
    responses={200: {"model": SupplierOut}, 202: {"model": SubmittedOut}},
)
@declare(caller=OPERATE, rate=RateClass.WRITE, data=DataClass.C2, refusals=(SupplierUrlNotAllowed,))
async def change_supplier(
    call: StaffCall, supplier_id: SupplierId, body: Annotated[SupplierIn, json_body(SupplierIn)], response: Response
) -> SupplierOut | SubmittedOut:
    """Change a supplier; needs If-Match. The contact is replaced as a whole.

    With another `base_url` all of it waits for another person (202); without, as to switch it off, it holds at once.
    """
    supplier = await repository.get_supplier(call.session, supplier_id)
    call.require_if_match(supplier.revision)
    done = await connecting.change(
        call.session,
        actor=call.actor,
        keys=call.keys,
        reach=_reach(call),
        supplier=supplier,
        content=body.content(body.base_url),
    )
    if isinstance(done, Approval):
        response.status_code = 202
        return SubmittedOut.of(done)
    set_etag(response, done.revision)
    return SupplierOut.of(done, call.keys)


@router.post("/{supplier_id}/rotate-secret", status_code=202, operation_id="rotateSupplierSecret")
@declare(caller=OPERATE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, fresh_login=True)
async def rotate_secret(call: StaffCall, supplier_id: SupplierId) -> SubmittedOut:
    """Ask another person for a new secret; it is made when that one agrees, and fetched once under .../secret.

    For 24 hours from then the one before is good too, so that the supplier can follow.
    """
    supplier = await repository.get_supplier(call.session, supplier_id)
    return SubmittedOut.of(await connecting.submit_secret(call.session, actor=call.actor, supplier=supplier))


@router.get("/{supplier_id}/secret", operation_id="getSupplierSecret")
@declare(caller=OPERATE, rate=RateClass.REVEAL, data=DataClass.C3, refusals=(SecretAlreadyShown,), fresh_login=True)
async def get_secret(call: StaffCall, supplier_id: SupplierId) -> SupplierSecretOut:
    """Show the secret, once; whoever lost it makes a new one."""
    supplier = await repository.get_supplier(call.session, supplier_id)
    secret = await service.show_secret(call.session, actor=call.actor, keys=call.keys, supplier=supplier)
    return SupplierSecretOut(key_id=f"k{supplier.secret_no}", secret=secret)


@router.get("/{supplier_id}/rights", operation_id="listSupplierRights")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rights(call: StaffCall, supplier_id: SupplierId) -> SupplierRightsOut:
    """List what a supplier delivers now."""
    await repository.get_supplier(call.session, supplier_id)
    rows = await repository.list_rights_of(call.session, supplier_id=supplier_id)
    return SupplierRightsOut(items=[SupplierRightOut.of(row) for row in rows])


@router.put("/{supplier_id}/rights/{right_id}", operation_id="putSupplierRight")
@declare(caller=OPERATE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound, SupplierOff))
async def put_right(
    call: StaffCall,
    supplier_id: SupplierId,
    right_id: RightId,
    body: Annotated[SupplierRightIn, json_body(SupplierRightIn)],
) -> SupplierRightOut:
    """Say that this supplier delivers a right from now on, in place of whoever did before."""
    supplier = await repository.get_supplier(call.session, supplier_id)
    row = await service.deliver_by(
        call.session, actor=call.actor, supplier=supplier, right_id=right_id, product_code=body.product_code
    )
    return SupplierRightOut.of(row)


def _reach(call: Call) -> Reach:
    settings = call.port.settings
    return Reach(settings.profile is Profile.DEVELOPMENT, read_networks(settings.webhook_networks))
