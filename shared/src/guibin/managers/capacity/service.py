"""Commands on capacity: what a grade carries, what a tier weighs, and more than the maximum until a day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, read_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import ManagerId, new_id, to_public
from guibin.core.reasons import require_reason
from guibin.core.text import Note
from guibin.managers import repository
from guibin.managers.capacity import repository as capacities
from guibin.managers.capacity.errors import CapacityInvalid
from guibin.managers.capacity.models import CapacityOverride, GradeCapacity
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb
from guibin.tiers.errors import PeriodConflict, PeriodInvalid

LONGEST: Final = timedelta(days=366)
MOST_EXTRA: Final = 1_000
MOST_EXTRA_MINUTES: Final = 100_000


async def set_tier_minutes(session: AsyncSession, minutes: Mapping[str, int]) -> None:
    """Let tiers weigh what the contact plan in force asks for: minutes a year, by tier code."""
    await capacities.put_tier_minutes(session, minutes)


async def put_grade(
    session: AsyncSession, grade: GradeCapacity, *, actor: Actor, customers: tuple[int, int], minutes: tuple[int, int]
) -> GradeCapacity:
    """Set the soft and hard maximum of a locked grade; managers without values of their own follow at once.

    Raises:
        CapacityInvalid: a soft maximum is above the hard one.
    """
    if customers[0] > customers[1] or minutes[0] > minutes[1]:
        raise CapacityInvalid
    before = grade.model_dump(exclude={"grade"})
    grade.soft_customers, grade.hard_customers = customers
    grade.soft_minutes, grade.hard_minutes = minutes
    grade.revision += 1
    await audit.record(
        session,
        actor=actor,
        action="grade_capacity.put",
        object_type="grade",
        object_id=grade.grade,
        before=before,
        after=grade.model_dump(exclude={"grade"}),
    )
    return grade


class Wanted(BaseModel):
    """How much more a manager may carry, from when until before when, and why. Its JSON form is in the payload."""

    model_config = ConfigDict(frozen=True)

    manager_id: ManagerId
    extra_customers: int
    extra_minutes: int
    valid_from: date
    valid_to: date
    reason: str


async def submit_override(session: AsyncSession, scope: Scope, *, actor: Actor, wanted: Wanted) -> Approval:
    """Ask another person to let a manager carry more than the hard maximum until a day.

    Raises:
        NotFound: no such manager in the branches of the scope.
        ReasonRequired: the reason says nothing.
        PeriodInvalid: it begins before today, ends before it begins, or lasts longer than a year.
        PeriodConflict: something is granted in that period already.
        CapacityInvalid: it grants nothing.
    """
    request = await _examine(session, scope, wanted)
    return await approvals.submit(
        session,
        actor=actor,
        kind=CapacityOverriding.kind,
        domain=CapacityOverriding.domain,
        subject=to_public("mgr", wanted.manager_id),
        payload=request.payload,
        preview=request.preview,
        branch_id=request.branch_id,
    )


async def _examine(session: AsyncSession, scope: Scope, wanted: Wanted) -> Amended:
    person = await repository.get_person(session, wanted.manager_id)
    if not scope.whole_bank and person.branch.id not in await subtree_ids(session, scope.branch_roots):
        raise NotFound
    require_reason(wanted.reason)
    if not wanted.extra_customers and not wanted.extra_minutes:
        raise CapacityInvalid
    today = clock.today()
    if not today <= wanted.valid_from < wanted.valid_to <= wanted.valid_from + LONGEST:
        raise PeriodInvalid(earliest=today.isoformat(), longest_days=LONGEST.days)
    await _require_free(session, wanted)
    [seat] = await repository.seats(session, day=today, manager_ids=[wanted.manager_id], everybody=True)
    document = wanted.model_dump(mode="json")
    shown = {name: value for name, value in document.items() if name != "manager_id"}
    book = {
        "customers": seat.load,
        "capacity": seat.capacity,
        "minutes": seat.minutes,
        "hard_minutes": seat.hard_minutes,
    }
    return Amended(payload=document, preview={**shown, "book": book}, branch_id=person.branch.id)


async def _require_free(session: AsyncSession, wanted: Wanted) -> None:
    taken = await capacities.overlaps(
        session, manager_id=wanted.manager_id, first=wanted.valid_from, end=wanted.valid_to
    )
    if taken:
        raise PeriodConflict


class Changes(BaseModel):
    """What the maker may change when an approver asks for it: all but the manager."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    extra_customers: Annotated[int, Field(ge=0, le=MOST_EXTRA)] | None = None
    extra_minutes: Annotated[int, Field(ge=0, le=MOST_EXTRA_MINUTES)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    reason: Annotated[str, Note(200)] | None = None


class CapacityOverriding(ApprovalHandler):
    """Lets a manager carry more than the hard maximum until a day; it ends by itself."""

    kind = "manager.capacity_override"
    domain = Domain.MANAGERS
    maker_verb = Verb.WRITE
    title = Label("临时提高管户上限", "Let a manager carry more for a time")
    labels = MappingProxyType(
        {
            "extra_customers": Label("增加客户数", "More customers"),
            "extra_minutes": Label("增加年服务分钟数", "More minutes a year"),
            "valid_from": Label("生效日", "First day"),
            "valid_to": Label("失效日（当日不再有效）", "First day on which it is over"),
            "reason": Label("原因", "Reason"),
            "book": Label("现管户情况", "Book now"),
            "customers": Label("客户数", "Customers"),
            "capacity": Label("客户数上限", "Most customers"),
            "minutes": Label("年服务分钟数", "Minutes a year"),
            "hard_minutes": Label("年服务分钟数上限", "Most minutes a year"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Grant it from its first day, or from today where that is over.

        Raises:
            PeriodConflict: it would be over already, or something else was granted meanwhile.
        """
        wanted = Wanted.model_validate(payload)
        await repository.lock_managers(session, [wanted.manager_id])
        await _require_free(session, wanted)
        first = max(wanted.valid_from, clock.today())
        if wanted.valid_to <= first:
            raise PeriodConflict
        override = CapacityOverride(
            id=new_id(),
            manager_id=wanted.manager_id,
            extra_customers=wanted.extra_customers,
            extra_minutes=wanted.extra_minutes,
            valid_from=first,
            valid_to=wanted.valid_to,
            reason=wanted.reason,
            approval_id=context.approval_id,
            maker_id=context.maker_id,
            approver_id=context.approver.id,
            created_at=clock.now(),
        )
        session.add(override)
        await session.flush()
        await audit.record(
            session,
            actor=context.approver,
            action=self.kind,
            object_type="manager",
            object_id=to_public("mgr", wanted.manager_id),
            on_behalf_id=context.maker_id,
            reason=wanted.reason,
            facts={"extra_customers": wanted.extra_customers, "valid_to": wanted.valid_to.isoformat()},
        )

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine it again with other numbers, days or reason."""
        scope = self.scope_of_maker(maker, grants)
        changed = read_changes(Changes, changes).model_dump(mode="json", exclude_none=True)
        return await _examine(session, scope, Wanted.model_validate({**payload, **changed}))
