"""The bank's policy of identity: whose word counts for each field of a customer, and the cap of merges."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationError
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.terms.repository import newest
from guibin.core.errors import NothingToChange, PreconditionRequired, ReasonRequired, ValidationFailed, VersionConflict
from guibin.core.lines import Line
from guibin.core.text import Note
from guibin.customers.models import IdentityPolicyVersion
from guibin.customers.policy.rules import DEFAULT, MOST_RECORDS, FieldRule, IdentityPolicy, PolicyField, Strategy
from guibin.customers.policy.service import IDENTITY_TERMS, submit_policy
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    set_etag,
    staff,
)

from .match_schemas import REASON

router = PortRouter(prefix="/v1/identity-policy", tags=["customers"])

READ = staff(Verb.READ, Domain.CUSTOMERS)
DEFINE = staff(Verb.SUBMIT, Domain.COMPLIANCE)

_STRATEGY = Field(
    description="non_empty: the first line that says something; source_priority: the same, of the named lines alone;"
    " most_recent, oldest: by the business date of the file that said it"
)


class FieldRuleIn(StrictModel):
    """Which record's word counts for one field."""

    strategy: Strategy = _STRATEGY
    lines: list[Line] = Field(
        default_factory=lambda: list(Line),
        min_length=1,
        max_length=len(Line),
        description="Who is asked, in this order; lines that are not named come after them, or not at all",
        examples=[["personal_finance", "credit_card"]],
    )


class FieldRulesIn(StrictModel):
    """The fields that have a rule of the bank's own."""

    name: FieldRuleIn | None = None
    certificate_no: FieldRuleIn | None = None
    phone: FieldRuleIn | None = None
    birth_date: FieldRuleIn | None = None
    address: FieldRuleIn | None = None
    employer: FieldRuleIn | None = None
    gender: FieldRuleIn | None = None
    city_code: FieldRuleIn | None = None


class PolicyIn(StrictModel):
    """The whole policy; a field that is not named is composed of the first line that says something of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "most_records_in_merge": 50,
                    "fields": {
                        "phone": {"strategy": "most_recent"},
                        "employer": {"strategy": "source_priority", "lines": ["corporate_individual"]},
                    },
                    "reason": "手机号以最近更新为准，任职单位仅采信代发条线",
                }
            ]
        }
    )

    most_records_in_merge: Annotated[int, Field(ge=2, le=1_000)] = Field(
        default=MOST_RECORDS, description="More source records are not made one customer without people"
    )
    fields: FieldRulesIn = Field(default_factory=FieldRulesIn)
    reason: Annotated[str, Note(200)] | None = REASON

    def terms(self) -> IdentityPolicy:
        """Say what is asked for.

        Raises:
            ValidationFailed: a line is named twice.
        """
        try:
            return IdentityPolicy.model_validate(self.model_dump(mode="json", exclude={"reason"}, exclude_none=True))
        except ValidationError:
            raise ValidationFailed.of(
                ["body", "fields"], "line_named_twice", "同一条线不能重复", "names a line twice"
            ) from None


class FieldRuleOut(OutModel):
    """Which record's word counts for one field."""

    strategy: Strategy = _STRATEGY
    lines: list[Line]

    @classmethod
    def of(cls, rule: FieldRule) -> Self:
        """Describe a rule."""
        return cls(strategy=rule.strategy, lines=list(rule.lines))


class PolicyOut(OutModel):
    """The policy in force; its version is the ETag of a change."""

    version: int = Field(description="0: the bank goes by the defaults", examples=[1])
    most_records_in_merge: int
    fields: dict[PolicyField, FieldRuleOut] = Field(description="Every field with its rule")
    is_applied: bool = Field(description="Whether the worker has composed all customers by it")

    @classmethod
    def of(cls, row: IdentityPolicyVersion | None) -> Self:
        """Describe the newest version."""
        terms = DEFAULT if row is None else IdentityPolicy.model_validate(row.terms)
        said: dict[str, Any] = {"version": 0, "is_applied": True}
        if row is not None:
            said = {"version": row.version, "is_applied": row.is_applied}
        return cls(
            **said,
            most_records_in_merge=terms.most_records_in_merge,
            fields={field: FieldRuleOut.of(terms.rule_of(field)) for field in PolicyField},
        )


@router.get("", operation_id="getIdentityPolicy")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_policy(call: StaffCall, response: Response) -> PolicyOut:
    """Show whose word counts for each field of a customer, and how many records one merge may join by itself."""
    policy = PolicyOut.of(await newest(call.session, IdentityPolicyVersion))
    set_etag(response, policy.version)
    return policy


@router.put("", status_code=202, operation_id="putIdentityPolicy")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(ReasonRequired, NothingToChange, PreconditionRequired, VersionConflict),
)
async def put_policy(call: StaffCall, body: Annotated[PolicyIn, json_body(PolicyIn)]) -> SubmittedOut:
    """Submit another policy, with the version in force as If-Match; another person, of compliance, approves.

    The worker then composes all customers anew, in their order; what files bring meanwhile is composed by it at once.
    """
    version = (await IDENTITY_TERMS.in_force(call.session)).version
    call.require_if_match(version)
    wanted = body.terms()
    approval = await submit_policy(call.session, actor=call.actor, terms=wanted, version=version, reason=body.reason)
    return SubmittedOut.of(approval)
