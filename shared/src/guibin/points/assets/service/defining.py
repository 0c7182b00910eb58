"""Commands on asset rules: drafted, edited, submitted, and put in force by another person.

A rule that lets deposits earn where points buy goods names the document by which compliance allowed it; compliance
itself then approves, nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.service import Definitions
from guibin.approvals.handlers import Amended, ApprovalContext, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.money import Cny, format_cny
from guibin.organisation.models import Branch
from guibin.organisation.repository import chain_of
from guibin.points import repository as points
from guibin.points.assets import repository, rules
from guibin.points.assets.errors import AssetMonthBegun, AssetRuleInvalid, AssetRuleNotDraft, AssetRuleOpen
from guibin.points.assets.models import AssetRule, AssetRuleState
from guibin.points.assets.service.guarding import refuse_deposit_weights
from guibin.points.earning.repository import is_within
from guibin.points.rules import reached
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.errors import Forbidden
from guibin.tiers.repository import list_tiers


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """A version as its maker writes it; see `AssetRule`. Weights are per cent, amounts fen."""

    name_zh: str
    name_en: str
    wallet: str
    owner_branch_id: UUID | None
    weights: Mapping[str, int]
    threshold_fen: Cny
    step_fen: Cny | None
    rate_ppm: int | None
    cap_points: int | None
    tiers: Sequence[str] | None
    first_month: date
    last_month: date | None
    compliance_document: str | None

    def columns(self) -> dict[str, Any]:
        """Return the values of the row."""
        tiers = None if self.tiers is None else sorted(set(self.tiers))
        weights = {name: percent for name, percent in sorted(self.weights.items()) if percent}
        return asdict(self) | {"tiers": tiers, "weights": weights}


async def create_rule(session: AsyncSession, scope: Scope, *, actor: Actor, code: str, terms: RuleTerms) -> AssetRule:
    """Draft the first or the next version of a rule; its wallet stays.

    Raises:
        Forbidden: the owner is not in the caller's scope; of a rule of the whole bank that is the bank.
        AssetRuleOpen: the rule has a version that is not in force yet.
        AssetRuleInvalid, AssetMonthBegun, DepositRewardForbidden: the terms make no rule, or not from that month on.
    """
    await _require_owner(session, scope, terms.owner_branch_id)
    before = await repository.versions_of(session, code)
    await _check(session, terms, before)
    rule = AssetRule(
        id=new_id(),
        code=code,
        version=before[0].version + 1 if before else 1,
        created_at=clock.now(),
        **terms.columns(),
    )
    if not await repository.add_rule(session, rule):
        raise AssetRuleOpen
    await ASSET_RULES.record(session, rule, actor=actor, action="asset_rule.create")
    return rule


async def edit_rule(
    session: AsyncSession, scope: Scope, rule: AssetRule, *, actor: Actor, terms: RuleTerms
) -> AssetRule:
    """Replace the terms of a locked draft.

    Raises:
        Forbidden: the owner, as it is or would be, is not in the caller's scope.
        AssetRuleNotDraft: it was submitted, or is in force.
        AssetRuleInvalid, AssetMonthBegun, DepositRewardForbidden: see `create_rule`.
    """
    await _require_owner(session, scope, rule.owner_branch_id)
    await _require_owner(session, scope, terms.owner_branch_id)
    ASSET_RULES.require_draft(rule)
    others = [one for one in await repository.versions_of(session, rule.code) if one.id != rule.id]
    await _check(session, terms, others)
    before = await ASSET_RULES.shown(session, rule)
    for name, value in terms.columns().items():
        setattr(rule, name, value)
    return await ASSET_RULES.keep_edit(session, rule, actor=actor, before=before)


async def submit_rule(session: AsyncSession, scope: Scope, rule: AssetRule, *, actor: Actor) -> Approval:
    """Ask another person to put a locked draft in force; where it names a document for deposits, compliance.

    Raises:
        Forbidden: the owner is not in the caller's scope.
        AssetRuleNotDraft: it is no draft.
        AssetMonthBegun, DepositRewardForbidden: what has changed since it was drafted forbids it.
    """
    await _require_owner(session, scope, rule.owner_branch_id)
    rules_of_kind = RULES_FOR_DEPOSITS if rule.compliance_document else ASSET_RULES
    return await rules_of_kind.submit(session, rule, actor=actor)


class AssetRules(Definitions[AssetRule]):
    """All versions of all rules; one that was agreed to counts from its first month on."""

    table = AssetRule
    called = "asset_rule"
    prefix = "asr"
    payload_id = "rule_id"
    not_draft = AssetRuleNotDraft
    kind = "asset_rule.activate"
    domain = Domain.POINTS
    title = Label("启用资产积分规则", "Put a rule of earning from assets in force")
    labels = MappingProxyType(
        {
            "code": Label("规则代码", "Code"),
            "before": Label("现行规则", "Terms in force"),
            "after": Label("拟生效规则", "Terms submitted"),
            "document": Label("合规批文号", "Document of compliance"),
        }
    )

    async def shown(self, _session: AsyncSession, row: AssetRule) -> Mapping[str, object]:
        """Describe the terms of a version for people who decide, in the words of the port."""
        return _shown(row)

    def facts(self, row: AssetRule) -> Mapping[str, object]:
        """Return which version of which rule it is."""
        return {"code": row.code, "version": row.version, "revision": row.revision}

    async def examine(self, session: AsyncSession, row: AssetRule) -> Amended:
        """Show the terms beside those in force.

        Raises:
            AssetRuleNotDraft: it names a document now, or none any more, and another kind of approval decides.
            AssetMonthBegun, DepositRewardForbidden: what has changed since it was drafted forbids it.
        """
        self._require_kind(row)
        await _refuse(session, row)
        versions = await repository.versions_of(session, row.code)
        in_force = next((one for one in versions if one.state == AssetRuleState.ACTIVE), None)
        return Amended(
            payload={"terms": _shown(row)},
            preview={
                "code": row.code,
                "before": _shown(in_force) if in_force else None,
                "after": _shown(row),
                "document": row.compliance_document,
            },
            branch_id=row.owner_branch_id or await chain_of(session, None),
        )

    async def begin(self, session: AsyncSession, row: AssetRule) -> None:
        """Put the version in force as it was submitted.

        Raises:
            AssetRuleNotDraft: it waits for another kind of approval.
            AssetMonthBegun: its first month is being given already.
            DepositRewardForbidden: its wallet has come to buy goods since.
        """
        self._require_kind(row)
        await _refuse(session, row)
        row.state, row.activated_at = AssetRuleState.ACTIVE, clock.now()

    def _require_kind(self, row: AssetRule) -> None:
        if row.compliance_document is not None:
            raise AssetRuleNotDraft


class RulesForDeposits(AssetRules):
    """Those where deposits earn what buys goods: compliance decides, by the document that the rule names."""

    kind = "asset_rule.allow_deposits"
    domain = Domain.COMPLIANCE
    title = Label("合规批准存款计入的资产积分规则", "Let deposits count in a rule of earning from assets")

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Put the version in force, with who of compliance agreed.

        Raises:
            Refusal: as for the others.
        """
        await super().execute(session, payload, context=context)
        (await self.lock(session, self._id_in(payload))).compliance_id = context.approver.id
        await session.flush()

    def _require_kind(self, row: AssetRule) -> None:
        if row.compliance_document is None:
            raise AssetRuleNotDraft


ASSET_RULES: Final = AssetRules()
RULES_FOR_DEPOSITS: Final = RulesForDeposits()


async def _check(session: AsyncSession, terms: RuleTerms, versions: Sequence[AssetRule]) -> None:
    """Hold terms to what they name.

    Raises:
        AssetRuleInvalid, AssetMonthBegun, DepositRewardForbidden.
    """
    fault = await _fault(session, terms, versions)
    if fault is not None:
        raise AssetRuleInvalid(fault=fault)
    await _refuse(session, terms)


async def _fault(session: AsyncSession, terms: RuleTerms, versions: Sequence[AssetRule]) -> str | None:
    tiers = {tier.code for tier in await list_tiers(session)}
    owner = terms.owner_branch_id
    before = versions[0] if versions else None
    faults = {
        "wallet_unknown": await points.get_wallet(session, terms.wallet) is None,
        "wallet_or_owner_changed": before and (before.wallet, before.owner_branch_id) != (terms.wallet, owner),
        "branch_unknown": owner is not None and await session.get(Branch, owner) is None,
        "tier_unknown": not set(terms.tiers or ()) <= tiers,
        "step_or_rate": (terms.step_fen is None) == (terms.rate_ppm is None),
        "rate_out_of_range": terms.rate_ppm is not None and not 1 <= terms.rate_ppm <= rules.MOST_PPM,
        "nothing_counts": not any(terms.weights.values()),
        "months_out_of_order": terms.last_month is not None and terms.last_month < terms.first_month,
    }
    return next((name for name, stands in faults.items() if stands), None)


async def _refuse(session: AsyncSession, terms: RuleTerms | AssetRule) -> None:
    """Refuse what the state of the bank forbids: at drafting, at submission and when it is carried out.

    The wallet stays as it is until the end of the transaction, so that no change of it slips in between.
    """
    begun = await repository.last_month_begun(session)
    if begun is not None and terms.first_month <= begun:
        raise AssetMonthBegun(first=f"{rules.month_after(begun):%Y-%m}")
    line = reached(terms.wallet, await points.lock_all_wallets(session))
    if not line:
        raise AssetRuleInvalid(fault="wallet_unknown")
    refuse_deposit_weights(line, terms.weights, terms.compliance_document)


async def _require_owner(session: AsyncSession, scope: Scope, owner_branch_id: UUID | None) -> None:
    if not scope.whole_bank and not await is_within(session, owner_branch_id, scope.branch_roots):
        raise Forbidden


def _shown(rule: AssetRule) -> dict[str, object]:
    """Describe the terms of a version for people who decide, in the words of the port."""
    return {
        "name": rule.name_zh,
        "wallet": rule.wallet,
        "owner_branch_id": to_public("brn", rule.owner_branch_id) if rule.owner_branch_id else None,
        "weights": {name: format_cny(percent) for name, percent in rule.weights.items()},
        "threshold": format_cny(rule.threshold_fen),
        "step": None if rule.step_fen is None else format_cny(rule.step_fen),
        "rate_per_mille": None if rule.rate_ppm is None else rules.per_mille(rule.rate_ppm),
        "cap_points": rule.cap_points,
        "tiers": rule.tiers,
        "first_month": f"{rule.first_month:%Y-%m}",
        "last_month": None if rule.last_month is None else f"{rule.last_month:%Y-%m}",
        "compliance_document": rule.compliance_document,
    }
