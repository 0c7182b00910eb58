"""Budgets and kill switches: who pays, up to where, and what is stopped at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import BranchId, new_id
from guibin.core.money import format_cny
from guibin.core.reasons import require_reason
from guibin.programme import repository
from guibin.programme.errors import BudgetBelowSpent, BudgetExhausted
from guibin.programme.models import Budget, KillSwitch, Target
from guibin.programme.rules import Stops, stops_of
from guibin.security.actors import Actor, Domain, Grant


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose budget pays: the code of a branch, a line, and the year of business."""

    branch: str
    line: str
    year: int


async def draw(session: AsyncSession, payer: Payer, *, source_kind: str, source_id: str, points: int, fen: int) -> None:
    """Let a budget pay for what an earning gives, or for what else is given; called last, since its row is hot.

    A redemption draws within `rights_redeem`.

    Raises:
        BudgetExhausted: it has not that much left, or there is none for this year.
    """
    drawn = await repository.draw(
        session,
        branch=payer.branch,
        year=payer.year,
        line=payer.line,
        source_kind=source_kind,
        source_id=source_id,
        points=points,
        fen=fen,
        at=clock.now(),
    )
    if not drawn:
        raise BudgetExhausted


async def draw_all(
    session: AsyncSession, payer: Payer, draws: Sequence[tuple[str, int, int]], *, source_kind: str
) -> bool:
    """Let a budget pay for many draws (source id, points, fen) at once, all or none; called last, as `draw` is."""
    return await repository.draw_all(
        session,
        draws,
        branch=payer.branch,
        year=payer.year,
        line=payer.line,
        source_kind=source_kind,
        at=clock.now(),
    )


async def give_back_points(
    session: AsyncSession, *, source_kind: str, source_id: str, points: int, fen: int | None = None
) -> None:
    """Give points and their cost back to the budget from which a source took them, at most what is left of them.

    Without `fen` it is what the points have cost. A source that took nothing gives nothing back.
    """
    draw = await repository.lock_draw(session, source_kind=source_kind, source_id=source_id)
    if draw is not None and draw.points > 0:
        if fen is None:
            fen = draw.fen * min(points, draw.points) // draw.points
        await repository.give_back(session, draw, points=min(points, draw.points), fen=min(fen, draw.fen))


async def give_back(
    session: AsyncSession, *, source_kind: str, source_id: str, share: tuple[int, int] = (1, 1)
) -> None:
    """Give back to its budget what a source took: all of it, or a share such as (3, 4) of what is left, rounded down.

    A source that took nothing gives nothing back. Called last, as what draws on it does.
    """
    draw = await repository.lock_draw(session, source_kind=source_kind, source_id=source_id)
    if draw is not None:
        part, whole = share
        await repository.give_back(session, draw, points=draw.points * part // whole, fen=draw.fen * part // whole)


async def find_stops(session: AsyncSession, *, earning: bool) -> Stops:
    """Return what is stopped now, of earning or of spending."""
    return stops_of(await repository.list_stopped(session, earning=earning))


@dataclass(frozen=True, slots=True)
class Switching:
    """What is to be stopped, or to go on: `subject` is the code of a wallet or the public id of a right."""

    target: Target
    subject: str
    earning: bool
    spending: bool
    reason: str


async def put_switch(session: AsyncSession, *, actor: Actor, wanted: Switching) -> KillSwitch:
    """Stop earning or spending, or let it go on, at once and on both ports.

    Raises:
        ReasonRequired: the reason says nothing.
    """
    require_reason(wanted.reason)
    switch = KillSwitch(
        target=wanted.target,
        subject=wanted.subject,
        earning=wanted.earning,
        spending=wanted.spending,
        reason=wanted.reason,
        set_by=actor.id,
        set_at=clock.now(),
    )
    await repository.put_switch(session, switch)
    await audit.record(
        session,
        actor=actor,
        action="kill_switch.put",
        object_type="kill_switch",
        object_id=f"{wanted.target}:{wanted.subject}",
        facts={"earning": wanted.earning, "spending": wanted.spending, "reason": wanted.reason},
    )
    return switch


class BudgetLimits(BaseModel):
    """A budget as it is to be; its JSON form is the payload of the approval."""

    model_config = ConfigDict(frozen=True)

    branch_id: BranchId
    year: int
    line: str
    points_limit: int | None = None
    fen_limit: int | None = None


async def submit_budget(session: AsyncSession, *, actor: Actor, wanted: BudgetLimits) -> Approval:
    """Submit a budget, or other bounds of one; another person agrees.

    Raises:
        NotFound: there is no such branch.
        BudgetBelowSpent: more was spent than it would allow.
    """
    request = await _examine(session, wanted)
    return await approvals.submit(
        session,
        actor=actor,
        kind=BudgetHandler.kind,
        domain=BudgetHandler.domain,
        subject=f"{request.preview['branch']}/{wanted.year}/{wanted.line}",
        payload=request.payload,
        preview=request.preview,
        branch_id=request.branch_id,
    )


async def _examine(session: AsyncSession, wanted: BudgetLimits) -> Amended:
    branch = await repository.find_branch(session, branch_id=wanted.branch_id)
    if branch is None:
        raise NotFound
    before = await repository.find_budget(session, branch=branch.code, year=wanted.year, line=wanted.line)
    if before is not None and (
        _exceeds(before.points_spent, wanted.points_limit) or _exceeds(before.fen_spent, wanted.fen_limit)
    ):
        raise BudgetBelowSpent
    return Amended(
        payload=wanted.model_dump(mode="json"),
        preview={
            "branch": branch.code,
            "year": wanted.year,
            "line": wanted.line,
            "before": _limits(before.points_limit, before.fen_limit) if before else None,
            "after": _limits(wanted.points_limit, wanted.fen_limit),
        },
        branch_id=branch.id,
    )


def _exceeds(spent: int, limit: int | None) -> bool:
    return limit is not None and spent > limit


def _limits(points: int | None, fen: int | None) -> dict[str, object]:
    return {"points": points, "cny": None if fen is None else format_cny(fen)}


class BudgetHandler(ApprovalHandler):
    """Puts an approved budget in force."""

    kind = "budget.set"
    domain = Domain.RIGHTS
    title = Label("预算设定或变更", "Set or change a budget")
    labels = MappingProxyType(
        {
            "branch": Label("机构", "Branch"),
            "year": Label("年度", "Year"),
            "line": Label("业务条线", "Line"),
            "before": Label("现行预算", "Budget in force"),
            "after": Label("拟定预算", "Budget submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Write the bounds.

        Raises:
            BudgetBelowSpent: more was spent meanwhile.
        """
        del context  # the bounds are the same whoever approves them
        wanted = BudgetLimits.model_validate(payload)
        if await repository.add_budget(session, _budget(wanted)):
            return
        branch = await repository.find_branch(session, branch_id=wanted.branch_id)
        found = branch and await repository.find_budget(session, branch=branch.code, year=wanted.year, line=wanted.line)
        if not found:
            raise NotFound
        changed = await repository.set_limits(
            session,
            branch_id=found.branch_id,
            budget_id=found.id,
            points_limit=wanted.points_limit,
            fen_limit=wanted.fen_limit,
        )
        if not changed:
            raise BudgetBelowSpent

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, Any],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine the same budget again as things stand now."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        return await _examine(session, BudgetLimits.model_validate(payload))


def _budget(wanted: BudgetLimits) -> Budget:
    return Budget(
        branch_id=wanted.branch_id,
        id=new_id(),
        year=wanted.year,
        line=wanted.line,
        points_limit=wanted.points_limit,
        fen_limit=wanted.fen_limit,
        points_spent=0,
        fen_spent=0,
        created_at=clock.now(),
    )


__all__: Final = [
    "BudgetHandler",
    "BudgetLimits",
    "Payer",
    "Stops",
    "Switching",
    "draw",
    "find_stops",
    "give_back",
    "give_back_points",
    "put_switch",
    "submit_budget",
]
