"""What a rule is: drafting, editing, copying and ending it."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.points import repository as ledger
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.assets.rules import DEPOSIT_EVENTS, is_event_forbidden
from guibin.points.earning import repository
from guibin.points.earning.effects import RightEffect
from guibin.points.earning.errors import PointsEndUnspent, RuleCodeTaken, RuleDraftMissing, RuleTermsInvalid
from guibin.points.earning.models import EarningRule, RuleState
from guibin.points.earning.occasion_repository import published_tags
from guibin.points.earning.rules import read_rule
from guibin.points.earning.service.effects import unknown_in
from guibin.points.earning.service.engine import wallets_by_code
from guibin.points.earning.terms import EarningTerms
from guibin.points.rules import reached
from guibin.security.actors import Actor, Scope
from guibin.security.errors import Forbidden

OBJECT: Final = "earning_rule"


async def create_rule(
    session: AsyncSession, scope: Scope, *, actor: Actor, code: str, branch: str | None, terms: EarningTerms
) -> EarningRule:
    """Draft a rule of a branch (None: of the bank); nobody earns by it before another person approves.

    Raises:
        RuleCodeTaken: there is, or was, a rule with this code.
        RuleTermsInvalid: the terms name what there is not.
        DepositRewardForbidden: deposits would earn what buys goods, or a right.
        Forbidden: the branch is not in the caller's scope.
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: a condition is wrong.
    """
    await require_owner(session, scope, branch)
    await check_terms(session, branch, terms)
    rule = EarningRule(code=code, branch=branch, state=RuleState.DRAFT, draft=terms.document(), created_at=clock.now())
    if not await repository.insert_rule(session, rule):
        raise RuleCodeTaken
    await audit.record(
        session,
        actor=actor,
        action="earning_rule.create",
        object_type=OBJECT,
        object_id=code,
        after={"branch": branch, "draft": rule.draft},
    )
    return await repository.get_rule(session, code=code)


async def clone_rule(session: AsyncSession, scope: Scope, *, actor: Actor, code: str, new_code: str) -> EarningRule:
    """Draft a copy of a rule, of its draft or else of its terms in force, under another code.

    Raises:
        NotFound: there is no such rule.
        RuleDraftMissing: it has no terms.
        RuleCodeTaken, Forbidden: as `create_rule`.
    """
    rule = await repository.get_rule(session, code=code)
    terms = await latest_terms(session, rule)
    if terms is None:
        raise RuleDraftMissing
    return await create_rule(session, scope, actor=actor, code=new_code, branch=rule.branch, terms=terms)


async def edit_rule(
    session: AsyncSession, scope: Scope, rule: EarningRule, *, actor: Actor, terms: EarningTerms
) -> EarningRule:
    """Replace the draft of a locked rule; a draft that waits for approval is taken back by that.

    What is in force stays in force until the draft is approved, and entries keep the version that made them.

    Raises:
        StateConflict: the rule has ended.
        RuleTermsInvalid, DepositRewardForbidden, Forbidden, RuleFieldUnknown ...: as `create_rule`.
    """
    await require_owner(session, scope, rule.branch)
    if rule.state == RuleState.ENDED:
        raise StateConflict(**{"from": rule.state, "to": RuleState.DRAFT})
    await check_terms(session, rule.branch, terms)
    before = {"draft": rule.draft}
    rule.draft = terms.document()
    rule.state = resting_state(rule)
    rule.revision += 1
    session.add(rule)
    await audit.record(
        session,
        actor=actor,
        action="earning_rule.edit",
        object_type=OBJECT,
        object_id=rule.code,
        before=before,
        after={"draft": rule.draft},
        facts={"revision": rule.revision},
    )
    return rule


async def end_rule(session: AsyncSession, scope: Scope, rule: EarningRule, *, actor: Actor, reason: str) -> None:
    """Let a locked rule end now, for good. Events that occurred before still earn by it when they come in late.

    Raises:
        StateConflict: it has ended.
        Forbidden: the owner is not in the caller's scope.
    """
    await require_owner(session, scope, rule.branch)
    if rule.state == RuleState.ENDED:
        raise StateConflict(**{"from": rule.state, "to": RuleState.ENDED})
    rule.state, rule.ended_at = RuleState.ENDED, clock.now()
    rule.revision += 1
    session.add(rule)
    await audit.record(
        session, actor=actor, action="earning_rule.end", object_type=OBJECT, object_id=rule.code, reason=reason
    )


def resting_state(rule: EarningRule) -> RuleState:
    """Return the state of a rule while nothing of it waits for approval."""
    return RuleState.DRAFT if rule.active_version is None else RuleState.ACTIVE


async def latest_terms(session: AsyncSession, rule: EarningRule) -> EarningTerms | None:
    """Return the draft of a rule, or else its terms in force; None when it has neither."""
    if rule.draft is not None:
        return EarningTerms.of(rule.draft)
    version = await repository.find_version(session, rule)
    return None if version is None else EarningTerms.of(version.terms)


async def require_owner(session: AsyncSession, scope: Scope, branch: str | None) -> UUID | None:
    """Hold a command to rules of branches that the caller's scope covers; returns the id of the owner.

    Raises:
        RuleTermsInvalid: there is no such branch.
        Forbidden: it is not in the scope.
    """
    found = None if branch is None else await repository.find_branch(session, branch)
    if branch is not None and found is None:
        raise RuleTermsInvalid(unknown=[branch])
    owner_id = None if found is None else found.id
    if not scope.whole_bank and not await repository.is_within(session, owner_id, scope.branch_roots):
        raise Forbidden
    return owner_id


async def check_terms(session: AsyncSession, branch: str | None, terms: EarningTerms, *, lock: bool = False) -> None:
    """Hold terms to what there is; with `lock` the wallets stay as they are until the end of the transaction.

    Raises:
        RuleTermsInvalid: a wallet, tier, tag or right that there is not; a budget without a branch whose it would be.
        PointsEndUnspent: points would end before they can be spent.
        DepositRewardForbidden: deposits would earn what buys goods, or a right.
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: a condition is wrong.
    """
    if lock:
        await ledger.lock_all_wallets(session)
    wallets = await wallets_by_code(session)
    unknown = [code for code in terms.wallets if code not in wallets]
    named = {tier for case in terms.cases for gift in case.gives for tier in gift.multipliers}
    unknown += sorted(named - await repository.known_tiers(session)) if named else []
    unknown += await unknown_in(session, terms)
    unknown += sorted(set(terms.tags) - await published_tags(session, terms.tags)) if terms.tags else []
    if terms.budget_line is not None and branch is None:
        unknown.append("budget_line")
    if unknown:
        raise RuleTermsInvalid(unknown=unknown)
    if any(gift.ends_unspent for case in terms.cases for gift in case.gives):
        raise PointsEndUnspent
    read_rule(code="", version=0, terms=terms, in_force_from=clock.now())
    effects = [effect for case in terms.cases for effect in case.effects]
    if not DEPOSIT_EVENTS.isdisjoint(terms.events) and any(isinstance(effect, RightEffect) for effect in effects):
        raise DepositRewardForbidden(wallet=min(terms.wallets))
    for code in sorted(terms.wallets):
        for wallet in reached(code, wallets):
            if any(is_event_forbidden(event, wallet, None) for event in terms.events):
                raise DepositRewardForbidden(wallet=wallet.code)
