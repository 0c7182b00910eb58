"""Fields of one customer that people hold, on the bank port."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import CustomerId, StaffId
from guibin.core.lines import Line
from guibin.core.text import Note
from guibin.customers.locks.errors import FieldNotSaid
from guibin.customers.locks.service import Holding, LockView, list_held, submit_lock, unlock
from guibin.customers.policy.rules import PolicyField
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    staff,
)

from .match_schemas import REASON

router = PortRouter(prefix="/v1/customers/{customer_id}/field-locks", tags=["customers"])

READ = staff(Verb.READ, Domain.CUSTOMERS)
HOLD = staff(Verb.SUBMIT, Domain.COMPLIANCE)


class FieldLockIn(StrictModel):
    """The field stays as it stands, or as one line says it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"line": "personal_finance", "reason": "客户到网点出示新证件，以个金条线为准"}]}
    )

    line: Line | None = Field(default=None, description="Whose word is to stand; null: what stands there now")
    until: date | None = Field(
        default=None, description="First day on which the lines' words count again; null: none", examples=[None]
    )
    reason: Annotated[str, Note(200)] | None = REASON


class FieldUnlockIn(StrictModel):
    """Why the lines' words count again."""

    reason: Annotated[str, Note(200)] | None = REASON


class LineWordOut(OutModel):
    """What a line says beside a held field."""

    line: Line
    as_of: date = Field(description="Business date of the file that said so")
    agrees: bool = Field(description="Whether it says what is held")


class FieldLockOut(OutModel):
    """A held field."""

    field: PolicyField
    line: Line | None = Field(description="Whose word was taken; null: what stood there")
    until: date | None
    reason: str
    locked_by: StaffId
    approved_by: StaffId
    locked_at: datetime
    words: list[LineWordOut] = Field(description="What the lines say beside it")

    @classmethod
    def of(cls, view: LockView) -> Self:
        """Describe a lock."""
        lock = view.lock
        return cls(
            field=PolicyField(lock.field),
            line=None if lock.line is None else Line(lock.line),
            until=lock.until,
            reason=lock.reason,
            locked_by=lock.locked_by,
            approved_by=lock.approved_by,
            locked_at=lock.locked_at,
            words=[LineWordOut.model_validate(word) for word in view.words],
        )


class FieldLocksOut(OutModel):
    """The held fields of a customer."""

    items: list[FieldLockOut]


@router.get("", operation_id="listFieldLocks")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_locks(call: StaffCall, customer_id: CustomerId) -> FieldLocksOut:
    """List the fields that people hold, who and why, and whether each line says the same; no value is shown."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    held = await list_held(call.session, call.keys, customer=customer)
    return FieldLocksOut(items=[FieldLockOut.of(view) for view in held])


@router.put("/{field}", status_code=202, operation_id="lockField")
@declare(
    caller=HOLD,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, FieldNotSaid),
)
async def lock_field(
    call: StaffCall, customer_id: CustomerId, field: PolicyField, body: Annotated[FieldLockIn, json_body(FieldLockIn)]
) -> SubmittedOut:
    """Ask another person, of compliance, to hold a field as it stands or as one line says it.

    From then on no file and no policy changes it, until the day that is given or until it is released. A merge takes
    it along where the other customer holds none of its own. A field that is held already is held anew.
    """
    wanted = Holding(customer_id=customer_id, field=field, line=body.line, until=body.until, reason=body.reason)
    return SubmittedOut.of(await submit_lock(call.session, call.scope, actor=call.actor, wanted=wanted))


@router.post("/{field}/release", status_code=204, operation_id="unlockField")
@declare(
    caller=HOLD,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired),
)
async def unlock_field(
    call: StaffCall,
    customer_id: CustomerId,
    field: PolicyField,
    body: Annotated[FieldUnlockIn, json_body(FieldUnlockIn)],
) -> None:
    """Let the lines' words count for the field again; it is composed anew at once."""
    await unlock(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        field=field,
        reason=body.reason,
    )
