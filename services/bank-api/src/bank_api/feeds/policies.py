"""When each line's files are due, on the bank port: terms that two people change."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.lines import Line
from guibin.feeds.policies import repository, service
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, json_body, set_etag, staff

from .policy_schemas import FeedPoliciesOut, FeedPolicyIn, FeedPolicyOut
from .router import READ

router = PortRouter(prefix="/v1/feeds/policies", tags=["feeds"])


@router.get("", operation_id="listFeedPolicies")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_policies(call: StaffCall) -> FeedPoliciesOut:
    """Show for every line when its files are due, which must be in, and what the night does without them."""
    return FeedPoliciesOut.of(await repository.policies_of(call.session))


@router.get("/{line}", operation_id="getFeedPolicy")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_policy(call: StaffCall, line: Line, response: Response) -> FeedPolicyOut:
    """Show the terms of one line; the revision is the ETag, 0 before any."""
    policy = await repository.policy_of(call.session, line)
    set_etag(response, policy.revision)
    return FeedPolicyOut.of(line, policy)


@router.put("/{line}", status_code=202, operation_id="changeFeedPolicy")
@declare(
    caller=staff(Verb.WRITE, Domain.FEEDS),
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict),
)
async def change_policy(
    call: StaffCall, line: Line, body: Annotated[FeedPolicyIn, json_body(FeedPolicyIn)]
) -> SubmittedOut:
    """Submit other terms for a line that was read with the ETag sent as If-Match; another person agrees.

    The night of a day waits for a line until its cut-off, and with `wait` for as long as it takes; without it the line
    is stale, and nobody is lowered or warned on its figures.
    """
    policy = await repository.policy_of(call.session, line)
    call.require_if_match(policy.revision)
    approval = await service.submit_policy(
        call.session, actor=call.actor, line=line, terms=body.terms(), revision=policy.revision
    )
    return SubmittedOut.of(approval)
