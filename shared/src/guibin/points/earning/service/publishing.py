"""Four eyes on rules of earning: submitted by one person, in force as a new version when another has agreed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.money import format_cny
from guibin.organisation.repository import chain_of
from guibin.points.earning import repository
from guibin.points.earning.errors import RuleDraftMissing
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.service.definitions import OBJECT, check_terms, require_owner, resting_state
from guibin.points.earning.service.testing import BackTest, back_test
from guibin.points.earning.terms import EarningTerms
from guibin.points.errors import LimitExceeded
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb, decide, limit_of
from guibin.tags.errors import RuleTooExpensive

PUBLISH: Final = "earning_rule.publish"
PREVIEW_SECONDS: Final = 5.0

UNKNOWN_COST: Final = 10**17
"""What counts as the cost where no back-test says it: only who has no limit submits and approves it."""


async def submit_rule(session: AsyncSession, rule: EarningRule, *, actor: Actor, grants: Sequence[Grant]) -> Approval:
    """Ask another person to put the draft of a locked rule in force, with what it would have cost last month.

    Raises:
        StateConflict: it waits already, or has ended.
        RuleDraftMissing: there is no draft.
        LimitExceeded: it costs more than the caller may submit.
        Forbidden: the owner is not in the caller's scope.
        RuleTermsInvalid, DepositRewardForbidden: what was right when it was drafted is wrong now.
    """
    request = await _mark_submitted(session, rule, actor=actor, grants=grants)
    return await approvals.submit(
        session,
        actor=actor,
        kind=PUBLISH,
        domain=Domain.POINTS,
        subject=rule.code,
        payload=request.payload,
        preview=request.preview,
        cost_fen=request.cost_fen,
        branch_id=request.branch_id,
    )


async def _mark_submitted(
    session: AsyncSession, rule: EarningRule, *, actor: Actor, grants: Sequence[Grant]
) -> Amended:
    if rule.state in {RuleState.PENDING, RuleState.ENDED}:
        raise StateConflict(**{"from": rule.state, "to": RuleState.PENDING})
    if rule.draft is None:
        raise RuleDraftMissing
    terms = EarningTerms.of(rule.draft)
    await check_terms(session, rule.branch, terms, lock=True)
    tested = await _last_month(session, rule, terms)
    cost_fen = UNKNOWN_COST if tested is None else tested.total.cost_fen
    owner_id = await require_owner(session, _scope(actor, grants, cost_fen), rule.branch)
    in_force = await repository.find_version(session, rule)
    rule.state = RuleState.PENDING
    rule.revision += 1
    session.add(rule)
    return Amended(
        payload={"code": rule.code, "revision": rule.revision, "terms": rule.draft},
        preview={
            "code": rule.code,
            "branch": rule.branch,
            **_figures(tested),
            "before": in_force.terms if in_force else None,
            "after": rule.draft,
        },
        cost_fen=cost_fen,
        branch_id=owner_id or await chain_of(session, None),
    )


def _scope(actor: Actor, grants: Sequence[Grant], cost_fen: int) -> Scope:
    scope = decide(grants, Verb.SUBMIT, Domain.POINTS, staff_id=actor.id, cost_fen=cost_fen)
    if scope is None:
        limit = limit_of(grants, Verb.SUBMIT, Domain.POINTS) or 0
        raise LimitExceeded(limit=format_cny(limit), cost=format_cny(cost_fen))
    return scope


async def _last_month(session: AsyncSession, rule: EarningRule, terms: EarningTerms) -> BackTest | None:
    month = (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        return await back_test(
            session,
            Scope.of_job(),
            code=rule.code,
            branch=rule.branch,
            terms=terms,
            month=month,
            seconds=PREVIEW_SECONDS,
        )
    except RuleTooExpensive:
        return None


def _figures(tested: BackTest | None) -> dict[str, Any]:
    if tested is None:
        return {"month": None, "events": None, "winners": None, "points": None, "cost": None}
    return {
        "month": tested.month.isoformat()[:7],
        "events": tested.events,
        "winners": len(tested.total.winners),
        "points": dict(tested.total.points),
        "cost": format_cny(tested.total.cost_fen),
    }


class EarningRulePublication(ApprovalHandler):
    """Carries out `earning_rule.publish`."""

    kind = PUBLISH
    domain = Domain.POINTS
    title = Label("发布积分规则", "Put a rule of earning in force")
    labels = MappingProxyType(
        {
            "code": Label("规则代码", "Code"),
            "branch": Label("所属机构", "Owner"),
            "month": Label("回测月份", "Month of the back-test"),
            "events": Label("触发事件数", "Events"),
            "winners": Label("获积分客户数", "Customers who would earn"),
            "points": Label("积分数", "Points"),
            "cost": Label("成本（元）", "Cost in CNY"),
            "before": Label("现行规则", "Terms in force"),
            "after": Label("拟生效规则", "Terms submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Put what was submitted in force as a new version: for events from its day, or from now on.

        Raises:
            StateConflict: the rule was edited or ended since.
            RuleTermsInvalid, DepositRewardForbidden: what was right at the submission is wrong now.
        """
        rule = await _submitted(session, payload)
        if rule is None or rule.draft is None:
            raise StateConflict(**{"from": RuleState.DRAFT, "to": RuleState.ACTIVE})
        terms = EarningTerms.of(rule.draft)
        await check_terms(session, rule.branch, terms, lock=True)
        version = EarningRuleVersion(
            rule_code=rule.code,
            version=await repository.next_version(session, code=rule.code),
            terms=rule.draft,
            in_force_from=_start(terms.effective_from),
            published_at=clock.now(),
            maker_id=context.maker_id,
            approver_id=context.approver.id,
        )
        session.add(version)
        rule.active_version, rule.draft, rule.state = version.version, None, RuleState.ACTIVE
        rule.revision += 1
        session.add(rule)
        await audit.record(
            session,
            actor=context.approver,
            action="earning_rule.published",
            object_type=OBJECT,
            object_id=rule.code,
            on_behalf_id=context.maker_id,
            facts={"version": version.version, "approval": to_public("apr", context.approval_id)},
        )

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give the draft back to its maker."""
        rule = await _submitted(session, payload)
        if rule is not None:
            rule.state = resting_state(rule)
            rule.revision += 1
            session.add(rule)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        rule = await repository.get_rule(session, code=str(payload["code"]), lock=True)
        return await _mark_submitted(session, rule, actor=maker, grants=grants)


def _start(day: date | None) -> datetime:
    return clock.now() if day is None else clock.start_of_day(day)


async def _submitted(session: AsyncSession, payload: Mapping[str, object]) -> EarningRule | None:
    """Return the rule, locked, if it still is as it was submitted."""
    rule = await repository.get_rule(session, code=str(payload["code"]), lock=True)
    return rule if rule.state == RuleState.PENDING and rule.revision == payload["revision"] else None
