"""Who is credited for customers, on the bank port: on a day, how a team shares it, and the figures of a month."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import BranchId, CustomerId, ManagerId
from guibin.core.money import Cny
from guibin.core.text import Note
from guibin.customers.repository import get_customer
from guibin.managers.credit import repository, service
from guibin.managers.credit.errors import CreditSplitInvalid, MonthNotClosed
from guibin.managers.credit.models import CreditMonth, CreditSubject
from guibin.managers.credit.rules import MOST_SHARES, Credit, CreditKind
from guibin.managers.credit.splitting import WantedSplit, split_credit
from guibin.security.actors import Domain, Verb
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
from guibin.web.call import set_etag
from guibin.web.months import Month, first_of

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)


class CreditOut(OutModel):
    """Somebody who is credited for a customer."""

    kind: CreditKind = Field(description="own; double: handed the customer up, and counts in full beside the taker")
    manager_id: ManagerId | None = Field(description="Null: the branch alone; the manager has left, or has a share")
    branch_id: BranchId | None = Field(description="Null: the manager alone is, for the branch has a share already")
    percent: int = Field(description="Own credit is 100 together", examples=[100])
    until: date | None = Field(description="Of double credit: first day on which it is over")

    @classmethod
    def of(cls, one: Credit) -> Self:
        """Describe who is credited."""
        return cls(
            kind=one.kind, manager_id=one.manager_id, branch_id=one.branch_id, percent=one.percent, until=one.until
        )


class CreditOfCustomerOut(OutModel):
    """Who is credited for a customer on a day."""

    customer_id: CustomerId
    as_of: date
    split_version: int = Field(description="Counts how often the split was decided; the ETag")
    credits: list[CreditOut]


class CreditShareIn(StrictModel):
    """A share of the credit."""

    manager_id: ManagerId
    percent: Annotated[int, Field(ge=1, le=100)] = Field(examples=[70])


class CreditSplitIn(StrictModel):
    """How a team shares the credit for a customer."""

    shares: Annotated[list[CreditShareIn], Field(max_length=MOST_SHARES)] = Field(
        description="The primary manager among them, 100 per cent together; empty: the primary manager has all of it"
    )
    valid_from: Day | None = Field(
        default=None, description="First day, today where it is left out; until another split, or another manager"
    )
    reason: Annotated[str, Note(200)] = Field(examples=["公私联动，按贡献分成"])


class CreditFiguresOut(OutModel):
    """What a manager or a branch is credited for in a month."""

    branch_id: BranchId
    manager_id: ManagerId | None = Field(description="Null: the branch itself")
    opening_customers: int = Field(description="Own ones on the first day: the baseline to compare with")
    own_customers: int = Field(description="Own ones on any day of the month")
    own_average: Cny = Field(description="Month-daily averages, by the days and the share that were credited")
    double_customers: int = Field(description="Handed up to others and still counted")
    double_average: Cny
    unknown_customers: int = Field(description="Of all of them, those whose average is not known: no money of them")

    @classmethod
    def of(cls, row: CreditMonth) -> Self:
        """Describe the figures of a month."""
        return cls(
            branch_id=row.branch_id,
            manager_id=row.subject_id if row.subject == CreditSubject.MANAGER else None,
            opening_customers=row.opening_customers,
            own_customers=row.own_customers,
            own_average=row.own_fen,
            double_customers=row.double_customers,
            double_average=row.double_fen,
            unknown_customers=row.unknown_customers,
        )


class CreditMonthOut(OutModel):
    """The credit of a month, as far as it is in the caller's scope."""

    month: Month
    as_of: date | None = Field(description="The night that wrote it; null: nothing is in scope")
    branches: list[CreditFiguresOut]
    managers: list[CreditFiguresOut]

    @classmethod
    def of(cls, month: Month, rows: Sequence[CreditMonth]) -> Self:
        """Describe a month."""
        figures = [CreditFiguresOut.of(row) for row in rows]
        return cls(
            month=month,
            as_of=max((row.as_of for row in rows), default=None),
            branches=[one for one in figures if one.manager_id is None],
            managers=[one for one in figures if one.manager_id is not None],
        )


@router.get("/customers/{customer_id}/credit", operation_id="getCredit")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_credit(
    call: StaffCall,
    customer_id: CustomerId,
    response: Response,
    as_of: Annotated[Day | None, Query(description="On which day; today where it is left out")] = None,
) -> CreditOfCustomerOut:
    """Show who is credited for a customer on a day: own credit, and beside it who handed the customer up."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    shown = await _credit_of(call, customer.id, as_of)
    set_etag(response, shown.split_version)
    return shown


@router.put(
    "/customers/{customer_id}/credit-split",
    operation_id="putCreditSplit",
    response_model=CreditOfCustomerOut | SubmittedOut,
    responses={200: {"model": CreditOfCustomerOut}, 202: {"model": SubmittedOut}},
)
@declare(
    caller=ASSIGN,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(PreconditionRequired, VersionConflict, CreditSplitInvalid),
)
async def put_split(
    call: StaffCall,
    customer_id: CustomerId,
    body: Annotated[CreditSplitIn, json_body(CreditSplitIn)],
    response: Response,
) -> CreditOfCustomerOut | SubmittedOut:
    """Let a team share the credit for a customer from a day on. Across branches another person agrees first (202)."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    version = (await service.credit_of(call.session, customer.id, clock.today())).version
    call.require_if_match(version)
    shares = [(one.manager_id, one.percent) for one in body.shares]
    wanted = WantedSplit(version, shares, body.valid_from, body.reason)
    done = await split_credit(call.session, call.scope, actor=call.actor, customer_id=customer.id, wanted=wanted)
    if isinstance(done, Approval):
        response.status_code = 202
        return SubmittedOut.of(done)
    shown = await _credit_of(call, done, None)
    set_etag(response, shown.split_version)
    return shown


@router.get("/reports/credit/{month}", operation_id="getCreditOfMonth")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(MonthNotClosed,))
async def get_month(
    call: StaffCall, month: Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])]
) -> CreditMonthOut:
    """Show what managers and branches are credited for in a month that is over, own and double-counted apart."""
    rows = await repository.month_of(call.session, call.scope, first_of(month))
    if not rows and not await repository.is_closed(call.session, first_of(month)):
        raise MonthNotClosed
    return CreditMonthOut.of(month, rows)


async def _credit_of(call: StaffCall, customer_id: CustomerId, as_of: date | None) -> CreditOfCustomerOut:
    day = as_of or clock.today()
    found = await service.credit_of(call.session, customer_id, day)
    return CreditOfCustomerOut(
        customer_id=customer_id,
        as_of=day,
        split_version=found.version,
        credits=[CreditOut.of(one) for one in found.credits],
    )
