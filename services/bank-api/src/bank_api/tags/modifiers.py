"""What staff add to a customer's score."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, field_validator

from guibin.approvals.errors import StateConflict
from guibin.core.ids import CustomerId, StaffId
from guibin.core.invalid import invalid_input
from guibin.core.text import Code, Note
from guibin.security.actors import Domain, Verb
from guibin.tags.errors import TagKindConflict
from guibin.tags.models import ScoreModifier
from guibin.tags.modifiers import service
from guibin.web import (
    DataClass,
    Day,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    staff,
)

from .router import sensitive_in
from .schemas import ReasonIn

router = PortRouter(prefix="/v1/customers", tags=["tags"])

READ = staff(Verb.READ, Domain.TAGS)
BY_HAND = staff(Verb.WRITE, Domain.TAGS)


class ModifierIn(StrictModel):
    """What to add to a score."""

    points: int = Field(ge=-1_000_000, le=1_000_000, description="Not 0; below 0 takes away", examples=[15])
    until: Day | None = Field(default=None, description="First day without it; it lasts until somebody ends it without")
    reason: Annotated[str, Note(200)] = Field(examples=["a recommendation of the branch"])

    @field_validator("points")
    @classmethod
    def _something(cls, points: int) -> int:
        if points == 0:
            raise invalid_input("points", "不能为 0", "must not be 0")
        return points


class ModifierOut(OutModel):
    """Points that staff added to a score."""

    points: int
    since: date
    until: date | None = Field(description="First day without it; null while it lasts")
    set_by: StaffId
    set_at: datetime
    reason: str

    @classmethod
    def of(cls, row: ScoreModifier) -> "ModifierOut":
        """Describe an addition."""
        return cls.model_validate(row)


class ModifiersOut(OutModel):
    """What was ever added to a customer's score, newest first."""

    items: list[ModifierOut]


@router.put("/{customer_id}/tags/{code}/modifier", operation_id="putScoreModifier")
@declare(caller=BY_HAND, rate=RateClass.WRITE, data=DataClass.C2, refusals=(TagKindConflict, StateConflict))
async def put_modifier(
    call: StaffCall, customer_id: CustomerId, code: Code, body: Annotated[ModifierIn, json_body(ModifierIn)]
) -> ModifierOut:
    """Add points to a customer's score, in place of those that were added before; the next run counts them."""
    row = await service.put_modifier(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        code=code,
        addition=service.Addition(body.points, body.reason, body.until),
        sensitive_in=sensitive_in(call),
    )
    return ModifierOut.of(row)


@router.delete("/{customer_id}/tags/{code}/modifier", status_code=204, operation_id="endScoreModifier")
@declare(caller=BY_HAND, rate=RateClass.WRITE, data=DataClass.C2, refusals=(TagKindConflict,))
async def end_modifier(
    call: StaffCall, customer_id: CustomerId, code: Code, body: Annotated[ReasonIn, json_body(ReasonIn)]
) -> None:
    """Take back what was added to a customer's score; that it was added stays on record."""
    await service.end_modifier(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        code=code,
        reason=body.reason,
        sensitive_in=sensitive_in(call),
    )


@router.get("/{customer_id}/tags/{code}/modifiers", operation_id="listScoreModifiers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, refusals=(TagKindConflict,))
async def list_modifiers(call: StaffCall, customer_id: CustomerId, code: Code) -> ModifiersOut:
    """List what was ever added to a customer's score, by whom and why."""
    rows = await service.list_modifiers(
        call.session, call.scope, customer_id=customer_id, code=code, sensitive_in=sensitive_in(call)
    )
    return ModifiersOut(items=[ModifierOut.of(row) for row in rows])
