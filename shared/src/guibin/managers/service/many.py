"""Many customers change hands at once: few within a branch at once, more or across branches with a second person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import repository as approval_rules
from guibin.approvals import service as approvals
from guibin.approvals.errors import AmendmentNotPossible
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, read_changes
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import CoverageId, CustomerId, ManagerId, to_public
from guibin.core.text import Note
from guibin.customers.models import Customer
from guibin.managers import repository
from guibin.managers.errors import DuplicateItem
from guibin.managers.service.by_hand import Move, Order, carry_out, check_moves, find_customers, present_coverage
from guibin.organisation.repository import common_ancestor
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb


@dataclass(frozen=True)
class Assignment:
    """Who shall serve whom from a day on, and why; without `valid_from` it is the day on which it is carried out."""

    moves: Sequence[Move]
    reason: str
    valid_from: date | None


class _Handover(BaseModel):
    """A move as it stands in a payload, with the coverage that the maker saw."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    manager_id: ManagerId
    coverage_id: CoverageId | None


class _Payload(BaseModel):
    """The payload of `coverage.assign`."""

    model_config = ConfigDict(frozen=True)

    reason: str
    valid_from: date | None
    moves: list[_Handover]


async def assign_many(
    session: AsyncSession, scope: Scope, *, actor: Actor, assignment: Assignment
) -> Approval | list[bool]:
    """Assign customers to managers, all or none: at once, or as a request where it takes a second person.

    Returns which customers changed hands, or the approval that this waits for: of more customers than one person may
    move at once, or of several branches.

    Raises:
        DuplicateItem: a customer stands in it twice.
        NotFound: a customer is out of scope.
        AssigneeInvalid, PeriodInvalid, PeriodConflict, VersionConflict: as `assign_by_hand`.
    """
    customers = await _find_all(session, scope, assignment.moves)
    rule = await approval_rules.rule_of(session, AssignmentHandler.kind)
    branches = {customer.branch_id for customer in customers}
    if len(branches) == 1 and rule.free_items is not None and len(customers) <= rule.free_items:
        seen = await present_coverage(session, [customer.id for customer in customers])
        order = Order(actor, scope, assignment.reason, assignment.valid_from)
        return await carry_out(session, customers, assignment.moves, order, seen=seen)
    request = await _examine(session, customers, assignment)
    return await approvals.submit(
        session,
        actor=actor,
        kind=AssignmentHandler.kind,
        domain=AssignmentHandler.domain,
        subject=to_public("brn", request.branch_id) if request.branch_id else "",
        payload=request.payload,
        preview=request.preview,
        branch_id=request.branch_id,
    )


async def _find_all(session: AsyncSession, scope: Scope, moves: Sequence[Move]) -> list[Customer]:
    if len({move.customer_id for move in moves}) != len(moves):
        raise DuplicateItem
    customers = await find_customers(session, scope, moves)
    if len({customer.id for customer in customers}) != len(customers):  # two of them have become one
        raise DuplicateItem
    return customers


async def _examine(session: AsyncSession, customers: Sequence[Customer], assignment: Assignment) -> Amended:
    """Hold an assignment to what could be carried out now, and show who moves and whose book grows."""
    present = await repository.open_coverages(session, customer_ids=[customer.id for customer in customers])
    pairs = list(zip(customers, assignment.moves, strict=True))
    before = {one.id: present[one.id].manager_id if one.id in present else None for one in customers}
    changing = [(one, move) for one, move in pairs if before[one.id] != move.manager_id]
    today = clock.today()
    await check_moves(session, changing, present, assignment.valid_from or today)
    # Today, said or left out, is the day of the approval: what waits for a person is not in force meanwhile.
    valid_from = None if assignment.valid_from == today else assignment.valid_from
    handovers = [
        _Handover(
            customer_id=one.id,
            manager_id=move.manager_id,
            coverage_id=present[one.id].id if one.id in present else None,
        )
        for one, move in pairs
    ]
    payload = _Payload(reason=assignment.reason, valid_from=valid_from, moves=handovers)
    return Amended(
        payload=payload.model_dump(mode="json"),
        preview={
            "customers": len(pairs),
            "branches": len({one.branch_id for one in customers}),
            "unchanged": len(pairs) - len(changing),
            "reason": assignment.reason,
            "valid_from": valid_from.isoformat() if valid_from else None,
            "moves": [_shown(move, before[one.id], customer_id=one.id) for one, move in changing],
            "loads": await _loads(session, changing, before),
        },
        branch_id=await common_ancestor(session, {one.branch_id for one in customers}),
    )


async def _loads(
    session: AsyncSession, changing: Sequence[tuple[Customer, Move]], before: Mapping[UUID, UUID | None]
) -> list[dict[str, object]]:
    coming = Counter(move.manager_id for _, move in changing)
    going = Counter(manager_id for one, _ in changing if (manager_id := before[one.id]) is not None)
    concerned = sorted({*coming, *going})
    seats = await repository.seats(session, day=clock.today(), manager_ids=concerned, everybody=True)
    after = {seat.manager_id: seat.load + coming[seat.manager_id] - going[seat.manager_id] for seat in seats}
    return [
        {
            "manager_id": to_public("mgr", seat.manager_id),
            "before": seat.load,
            "after": after[seat.manager_id],
            "strained": seat.soft_capacity is not None and after[seat.manager_id] > seat.soft_capacity,
        }
        for seat in sorted(seats, key=lambda one: one.manager_id)
    ]


def _shown(move: Move, before: UUID | None, *, customer_id: UUID) -> dict[str, str | None]:
    return {
        "customer_id": to_public("cus", customer_id),
        "from": to_public("mgr", before) if before else None,
        "to": to_public("mgr", move.manager_id),
    }


class Changes(BaseModel):
    """What the maker may change when an approver asks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reason: Annotated[str, Note(200)] | None = None
    valid_from: date | None = None
    without: list[CustomerId] | None = None
    """Customers who shall stay where they are."""


class AssignmentHandler(ApprovalHandler):
    """Carries out `coverage.assign`: every customer of the batch changes hands, or none does."""

    kind = "coverage.assign"
    domain = Domain.MANAGERS
    maker_verb = Verb.WRITE
    title = Label("批量调整管户", "Assign many customers")
    labels = MappingProxyType(
        {
            "customers": Label("客户数", "Customers"),
            "branches": Label("涉及机构数", "Branches"),
            "unchanged": Label("无变化客户数", "Unchanged"),
            "reason": Label("原因", "Reason"),
            "valid_from": Label("生效日（空为批准当日）", "First day; the day of the approval where there is none"),
            "moves": Label("管户变动", "Who moves"),
            "loads": Label("客户经理管户数变化", "Books before and after"),
            "customer_id": Label("客户", "Customer"),
            "manager_id": Label("客户经理", "Manager"),
            "from": Label("原客户经理", "From"),
            "to": Label("新客户经理", "To"),
            "before": Label("变动前", "Before"),
            "after": Label("变动后", "After"),
            "strained": Label("超过预警上限", "Above the soft maximum"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Assign them, if each still has the manager that the maker saw and is still the maker's to move.

        Raises:
            NotFound, AssigneeInvalid, PeriodConflict, VersionConflict: things have changed since.
        """
        wanted = _Payload.model_validate(payload)
        moves = [Move(one.customer_id, one.manager_id) for one in wanted.moves]
        customers = await _find_all(session, context.maker_scope, moves)
        pairs = zip(customers, wanted.moves, strict=True)
        seen = {customer.id: handover.coverage_id for customer, handover in pairs}
        order = Order(context.approver, context.maker_scope, wanted.reason, wanted.valid_from)
        await carry_out(session, customers, moves, order, seen=seen)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine the batch again, with another reason or day, or without some of the customers.

        Raises:
            AmendmentNotPossible: nobody is left in it.
        """
        scope = self.scope_of_maker(maker, grants)
        changed, wanted = read_changes(Changes, changes), _Payload.model_validate(payload)
        moves = [
            Move(one.customer_id, one.manager_id)
            for one in wanted.moves
            if one.customer_id not in (changed.without or ())
        ]
        if not moves:
            raise AmendmentNotPossible
        assignment = Assignment(moves, changed.reason or wanted.reason, changed.valid_from or wanted.valid_from)
        return await _examine(session, await _find_all(session, scope, moves), assignment)
