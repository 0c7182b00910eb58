"""The organisation on the bank port: places, and for administrators people, roles and grants."""

from itertools import groupby
from typing import Annotated

from fastapi import Query

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import NotFound, NothingToChange, ValidationFailed
from guibin.core.ids import BranchId, StaffId
from guibin.customers.identifiers import normalise_certificate
from guibin.customers.references import certificate_ref
from guibin.organisation import access, granting, repository
from guibin.organisation.errors import RoleUnknown, SelfGrant, StaffDisabled, StaffExists
from guibin.organisation.models import Staff
from guibin.security.actors import Domain, Verb
from guibin.security.ciphers import KeyRing
from guibin.web import (
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
    staff,
)

from .schemas import (
    BranchesOut,
    BranchOut,
    CoverIn,
    DisablingIn,
    GrantOut,
    GrantsIn,
    RevocationIn,
    RoleOut,
    RolesIn,
    RolesOut,
    StaffDetailOut,
    StaffIn,
    StaffOut,
)

router = PortRouter(prefix="/v1", tags=["organisation"])

ADMINISTER = staff(Verb.WRITE, Domain.ORGANISATION)
ASK = staff(Verb.SUBMIT, Domain.ORGANISATION)
LOOK = anyone_of(ADMINISTER, staff(Verb.AUDIT, Domain.AUDIT))


@router.get("/branches", operation_id="listBranches")
@declare(caller=staff(Verb.READ, Domain.ORGANISATION), rate=RateClass.READ, data=DataClass.C1)
async def list_branches(call: StaffCall) -> BranchesOut:
    """Show the organisation tree, ordered by code."""
    rows = await repository.list_branches(call.session)
    return BranchesOut(items=[BranchOut.model_validate(row) for row in rows])


@router.get("/staff", operation_id="listStaff")
@declare(caller=LOOK, rate=RateClass.READ, data=DataClass.C1)
async def list_staff(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    branch_id: Annotated[BranchId | None, Query(description="Only at this branch and below it")] = None,
    active: Annotated[bool | None, Query(description="Only accounts that are active, or only disabled ones")] = None,
) -> Page[StaffOut]:
    """List the members of staff with their roles, by id."""
    rows = await repository.list_staff(
        call.session, limit=page.fetch, after=page.after_id, branch_id=branch_id, active=active
    )
    roles = await repository.roles_of(call.session, [row.id for row in rows])
    return page.answer(
        rows, position=lambda row: str(row.id), shape=lambda row: StaffOut.of(row, roles.get(row.id, []))
    )


@router.get("/staff/{staff_id}", operation_id="getStaff")
@declare(caller=LOOK, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def get_staff(call: StaffCall, staff_id: StaffId) -> StaffDetailOut:
    """Show a member of staff with roles and cover."""
    found = await call.session.get(Staff, staff_id)
    if found is None:
        raise NotFound
    return await _detail(call, found)


@router.post("/staff", status_code=201, operation_id="addStaff")
@declare(
    caller=ADMINISTER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, StaffExists),
)
async def add_staff(call: StaffCall, body: Annotated[StaffIn, json_body(StaffIn)]) -> StaffDetailOut:
    """Add a member of staff, who may do nothing until roles are asked for and agreed to."""
    person_ref, customer_ref = _refs(call.keys, body)
    new = access.NewPerson(
        no=body.no,
        branch_code=body.branch_code,
        name=body.name,
        issuer=call.port.settings.bank_issuer,
        subject=body.subject,
        phone=body.phone,
        person_ref=person_ref,
        customer_ref=customer_ref,
    )
    return await _detail(call, await access.add_person(call.session, call.keys, new, actor=call.actor))


@router.post("/staff/{staff_id}/disable", operation_id="disableStaff")
@declare(
    caller=ADMINISTER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound,),
)
async def disable_staff(
    call: StaffCall, staff_id: StaffId, body: Annotated[DisablingIn, json_body(DisablingIn)]
) -> StaffDetailOut:
    """Close an account at once: the next request of any of its tokens is refused."""
    return await _detail(call, await access.disable(call.session, staff_id, actor=call.actor, reason=body.reason))


@router.post("/staff/{staff_id}/revoke", operation_id="revokeStaffTokens")
@declare(
    caller=ADMINISTER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound,),
)
async def revoke_tokens(
    call: StaffCall, staff_id: StaffId, body: Annotated[RevocationIn, json_body(RevocationIn)]
) -> StaffDetailOut:
    """Stop believing one token, one session, or everything issued until now; who logs in again is let in."""
    revoked = await access.revoke(call.session, staff_id, actor=call.actor, reason=body.reason, token_id=body.token_id)
    return await _detail(call, revoked)


@router.post("/staff/{staff_id}/roles", status_code=202, operation_id="submitStaffRoles")
@declare(
    caller=ASK,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, StaffDisabled, RoleUnknown, SelfGrant, NothingToChange),
)
async def submit_roles(
    call: StaffCall, staff_id: StaffId, body: Annotated[RolesIn, json_body(RolesIn)]
) -> SubmittedOut:
    """Ask for the roles of somebody else; another administrator agrees, and the next request is permitted by them."""
    wanted = granting.RolesOf(
        staff_id=staff_id,
        roles=tuple(granting.RoleAt(role=one.role, branch_code=one.branch_code) for one in body.roles),
        reason=body.reason,
    )
    return SubmittedOut.of(await granting.submit_roles(call.session, wanted, actor=call.actor))


@router.post("/staff/{staff_id}/covers", status_code=202, operation_id="submitStaffCover")
@declare(
    caller=ASK,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, StaffDisabled, SelfGrant),
)
async def submit_cover(
    call: StaffCall, staff_id: StaffId, body: Annotated[CoverIn, json_body(CoverIn)]
) -> SubmittedOut:
    """Ask that somebody stands in for a person who is away, 30 days at most; the own customers pass by coverage."""
    wanted = granting.Cover(
        staff_id=staff_id,
        deputy_id=body.deputy_id,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        reason=body.reason,
    )
    return SubmittedOut.of(await granting.submit_cover(call.session, wanted, actor=call.actor))


@router.get("/grants", operation_id="listGrants")
@declare(caller=LOOK, rate=RateClass.READ, data=DataClass.C1)
async def list_grants(call: StaffCall) -> RolesOut:
    """Show what each role may do, to whose data and within which limits."""
    rows = await repository.list_grants(call.session)
    return RolesOut(
        items=[
            RoleOut(role=role, grants=[GrantOut.of(row) for row in group])
            for role, group in groupby(rows, key=lambda row: row.role)
        ]
    )


@router.post("/grants", status_code=202, operation_id="submitGrants")
@declare(
    caller=ASK,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(SelfGrant, NothingToChange),
)
async def submit_grants(call: StaffCall, body: Annotated[GrantsIn, json_body(GrantsIn)]) -> SubmittedOut:
    """Ask for the grants of a role that one does not have; another administrator agrees."""
    wanted = granting.GrantsOf(
        role=body.role,
        grants=tuple(
            granting.GrantOf(limit_fen=grant.limit, **grant.model_dump(exclude={"limit"})) for grant in body.grants
        ),
        reason=body.reason,
    )
    return SubmittedOut.of(await granting.submit_grants(call.session, wanted, actor=call.actor))


async def _detail(call: StaffCall, found: Staff) -> StaffDetailOut:
    roles = (await repository.roles_of(call.session, [found.id])).get(found.id, [])
    covers = await repository.covers_of(call.session, found.id, now=clock.now())
    return StaffDetailOut.with_covers(found, roles, covers)


def _refs(keys: KeyRing, body: StaffIn) -> tuple[bytes | None, bytes | None]:
    """Return the keyed hashes by which second accounts of one person, and the person's own customer, are found."""
    if body.certificate_no is None:
        return None, None
    number = normalise_certificate(body.certificate_type, body.certificate_no, on=clock.today())
    if number is None:
        raise ValidationFailed.of(
            ["body", "certificate_no"], "id_no", "不是该类证件的号码", "is not a certificate number of its kind"
        )
    person_ref = keys.blind_index("person", f"{body.certificate_type}|{number}")
    return person_ref, certificate_ref(keys, body.certificate_type, number, body.name)
