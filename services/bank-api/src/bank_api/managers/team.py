"""The team around a customer on the bank port, what customers wish of their managers, and the terms of coverage."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from bank_api.managers.coverage import coverage_of
from bank_api.managers.schemas import CoverageOut
from guibin.core.errors import NothingToChange, PreconditionRequired, VersionConflict
from guibin.core.ids import CustomerId, ManagerId
from guibin.core.text import Note
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.models import CoverageRole
from guibin.managers.stability import repository, wishes
from guibin.managers.stability.errors import NoOpenWish, SuccessorMissing
from guibin.managers.stability.models import ManagerWish, Wish, WishReason, WishState
from guibin.managers.team import service
from guibin.managers.terms.rules import Terms
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    page_query,
    staff,
)
from guibin.web.call import set_etag

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
DEFINE = staff(Verb.SUBMIT, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)

BesidePrimary = Literal[
    CoverageRole.BACKUP,
    CoverageRole.SPECIALIST,
    CoverageRole.BRANCH_LEADER,
    CoverageRole.CORPORATE_MANAGER,
    CoverageRole.SECOND,
]
"""The roles beside the primary manager, who is assigned by a call of its own."""


class TeamMemberIn(StrictModel):
    """Who shall serve the customer beside the primary manager, or shall no longer, and why."""

    manager_id: ManagerId
    role: BesidePrimary = Field(examples=["specialist"])
    reason: Annotated[str, Note(200)] = Field(examples=["保险专员加入服务团队"])


class ManagerWishOut(OutModel):
    """What a customer wishes of the manager."""

    customer_id: CustomerId
    manager_id: ManagerId = Field(description="Who served the customer when it was uttered")
    wish: Wish
    reason_code: WishReason
    state: WishState
    uttered_at: datetime
    answered_at: datetime | None

    @classmethod
    def of(cls, row: ManagerWish) -> Self:
        """Describe a wish."""
        return cls(
            customer_id=row.customer_id,
            manager_id=row.manager_id,
            wish=Wish(row.wish),
            reason_code=WishReason(row.reason),
            state=WishState(row.state),
            uttered_at=row.uttered_at,
            answered_at=row.answered_at,
        )


class WishAnswerIn(StrictModel):
    """Whether the bank agrees to what the customer wishes."""

    decision: Literal["agree", "decline"]
    manager_id: ManagerId | None = Field(
        default=None,
        description="Who serves the customer from today on; with a change that is agreed to, and only then",
    )
    reason: Annotated[str, Note(200)] = Field(examples=["按客户意愿更换"])


class CoverageTermsOut(Terms, OutModel):
    """The terms in force; the version is the ETag."""

    version: int = Field(description="0: what a bank starts from")


class CoverageTermsIn(Terms, StrictModel):
    """All terms as they shall be; what is left out becomes what a bank starts from."""


@router.post("/customers/{customer_id}/team", status_code=201, operation_id="joinTeam")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(AssigneeInvalid,),
)
async def join_team(
    call: StaffCall, customer_id: CustomerId, body: Annotated[TeamMemberIn, json_body(TeamMemberIn)]
) -> CoverageOut:
    """Let a manager serve the customer beside the primary one, and see the customer from the next request on."""
    joined = await service.join(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        manager_id=body.manager_id,
        role=body.role,
        reason=body.reason,
    )
    return await coverage_of(call, joined)


@router.post("/customers/{customer_id}/team/leave", operation_id="leaveTeam")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(AssigneeInvalid,),
)
async def leave_team(
    call: StaffCall, customer_id: CustomerId, body: Annotated[TeamMemberIn, json_body(TeamMemberIn)]
) -> CoverageOut:
    """Let a manager serve the customer in a role no longer; sight of the customer ends at once."""
    left = await service.leave(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        manager_id=body.manager_id,
        role=body.role,
        reason=body.reason,
    )
    return await coverage_of(call, left)


@router.get("/manager-preferences", operation_id="listManagerPreferences")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_wishes(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[WishState | None, Query(description="Only those in this state")] = None,
) -> Page[ManagerWishOut]:
    """List what customers wish of their managers, in the order in which they said it."""
    rows = await repository.list_wishes(call.session, call.scope, state=state, limit=page.fetch, after=page.after_id)
    return page.answer(rows, position=lambda row: str(row.id), shape=ManagerWishOut.of)


@router.post("/customers/{customer_id}/manager-preference/answer", operation_id="answerManagerPreference")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NoOpenWish, SuccessorMissing, AssigneeInvalid, VersionConflict),
)
async def answer_wish(
    call: StaffCall, customer_id: CustomerId, body: Annotated[WishAnswerIn, json_body(WishAnswerIn)]
) -> ManagerWishOut:
    """Answer what a customer wishes; a change that is agreed to lets the named manager serve from today on."""
    given = wishes.Answer(body.decision == "agree", body.reason, body.manager_id)
    row = await wishes.answer(call.session, call.scope, actor=call.actor, customer_id=customer_id, given=given)
    return ManagerWishOut.of(row)


@router.get("/coverage-terms", operation_id="getCoverageTerms")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_terms(call: StaffCall, response: Response) -> CoverageTermsOut:
    """Show on which terms customers keep, change and lose their managers."""
    found = await COVERAGE_TERMS.in_force(call.session)
    set_etag(response, found.version)
    return CoverageTermsOut(version=found.version, **_numbers(found.terms))


@router.put("/coverage-terms", status_code=202, operation_id="putCoverageTerms")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NothingToChange, PreconditionRequired, VersionConflict),
)
async def put_terms(call: StaffCall, body: Annotated[CoverageTermsIn, json_body(CoverageTermsIn)]) -> SubmittedOut:
    """Ask another person for other terms; the next night follows them."""
    found, wanted = await COVERAGE_TERMS.in_force(call.session), Terms(**_numbers(body))
    call.require_if_match(found.version)
    approval = await COVERAGE_TERMS.submit(call.session, actor=call.actor, terms=wanted, version=found.version)
    return SubmittedOut.of(approval)


def _numbers(terms: Terms) -> dict[str, Any]:
    return terms.model_dump(include=set(Terms.model_fields))
