"""Rules that notice speed, and what they noticed, on the bank port."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.ids import CustomerId
from guibin.core.text import Code, OneLine
from guibin.points.rules import MAX_POINTS
from guibin.points.velocity import repository
from guibin.points.velocity.models import Measure, VelocityAction, VelocityHit, VelocityRule
from guibin.points.velocity.service import VelocityTerms, submit_rule
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
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

router = PortRouter(prefix="/v1", tags=["points"])

READ = staff(Verb.READ, Domain.POINTS)
DEFINE = staff(Verb.SUBMIT, Domain.POINTS)

Reason = Annotated[str, OneLine(100)]


class VelocityRuleIn(StrictModel):
    """More than so much of a measure within some hours in one account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "wallet": "reward",
                    "measure": "redemptions",
                    "hours": 1,
                    "most": 10,
                    "action": "freeze",
                    "reason_zh": "一小时内兑换次数异常，账户已保护性冻结，请联系客户经理",
                    "reason_en": "Unusually many redemptions within an hour: please call your manager",
                }
            ]
        }
    )

    wallet: Code = Field(examples=["reward"])
    measure: Measure
    hours: Annotated[int, Field(ge=1, le=744)] = Field(description="How far back it looks, to the minute")
    most: Annotated[int, Field(ge=0, le=MAX_POINTS)] = Field(description="What is not noticed yet")
    action: VelocityAction = Field(description="`flag` tells staff; `freeze` freezes the account as well")
    reason_zh: Reason = Field(description="What a customer reads whose account is frozen")
    reason_en: Reason
    active: bool = True

    def terms(self) -> VelocityTerms:
        """Say what is asked for."""
        return VelocityTerms.model_validate(self.model_dump(mode="json"))


class VelocityRuleOut(OutModel):
    """A rule that notices speed; its revision is the ETag of a change."""

    code: str = Field(examples=["many_redemptions"])
    wallet: str
    measure: Measure
    hours: int
    most: int
    action: VelocityAction
    reason_zh: str
    reason_en: str
    active: bool
    revision: int

    @classmethod
    def of(cls, row: VelocityRule) -> Self:
        """Describe a row."""
        return cls.model_validate(row.model_dump())


class VelocityRulesOut(OutModel):
    """All rules, by code."""

    items: list[VelocityRuleOut]


class VelocityHitOut(OutModel):
    """What a rule noticed."""

    customer_id: CustomerId
    rule_code: str
    wallet: str
    observed: int = Field(description="How often, or how many points, since the rule's window began")
    froze: bool = Field(description="Whether it froze the account; false where it was not open, or only staff are told")
    noticed_at: datetime

    @classmethod
    def of(cls, row: VelocityHit) -> Self:
        """Describe a row."""
        return cls.model_validate(row.model_dump())


@router.get("/velocity-rules", operation_id="listVelocityRules")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rules(call: StaffCall) -> VelocityRulesOut:
    """List the rules that notice speed, ordered by code."""
    return VelocityRulesOut(items=[VelocityRuleOut.of(row) for row in await repository.list_rules(call.session)])


@router.put("/velocity-rules/{velocity_rule_code}", status_code=202, operation_id="putVelocityRule")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PreconditionRequired, VersionConflict),
)
async def put_rule(
    call: StaffCall, velocity_rule_code: Code, body: Annotated[VelocityRuleIn, json_body(VelocityRuleIn)]
) -> SubmittedOut:
    """Submit a rule that notices speed, or other terms of one, with its revision as If-Match; another person approves.

    The worker asks the active rules each minute. Of the same movements a rule notices an account once; staff open a
    frozen account again.
    """
    rule = await repository.find_rule(call.session, velocity_rule_code)
    if rule is not None:
        call.require_if_match(rule.revision)
    approval = await submit_rule(
        call.session, actor=call.actor, grants=call.grants, code=velocity_rule_code, terms=body.terms()
    )
    return SubmittedOut.of(approval)


@router.get("/points/velocity-hits", operation_id="listVelocityHits")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_hits(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[VelocityHitOut]:
    """List what the rules noticed of customers in the caller's scope, newest first."""
    rows = await repository.list_hits(call.session, call.scope, before=page.after_moment, limit=page.fetch)
    return page.answer(rows, position=lambda row: (row.noticed_at, row.id), shape=VelocityHitOut.of)
