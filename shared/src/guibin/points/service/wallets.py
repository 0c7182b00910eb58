"""Kinds of points as a bank defines them: every change is submitted by one person and approved by another.

What was issued keeps what it had: the cost and the funding line of a point stand in its lot, and so does its last day.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import to_public
from guibin.organisation.repository import head_office
from guibin.points import correction_repository, repository
from guibin.points.assets.service.guarding import refuse_goods_for_deposits
from guibin.points.errors import GrowthNotCounted, RollOverInvalid, WalletCodeTaken, WalletInUse
from guibin.points.models import Expiry, Rounding, Wallet
from guibin.points.rules import roll_over_fault
from guibin.points.transfer_rules import TransferLimits
from guibin.points.valuation import Valuation
from guibin.security.actors import Actor, Domain, Grant, Verb, decide
from guibin.security.errors import Forbidden
from guibin.tiers.repository import active_scheme

OBJECT: Final = "wallet"


class CapKind(StrEnum):
    """Whether a cap bounds what a customer earns or what a customer spends."""

    EARN = "earn"
    SPEND = "spend"


class WalletCap(BaseModel):
    """At most so many points of one customer in a period."""

    model_config = ConfigDict(frozen=True)

    kind: CapKind
    period: str
    points: int


class WalletTerms(BaseModel):
    """A kind of points, without its code. Its JSON form is the payload of the approval."""

    model_config = ConfigDict(frozen=True)

    name_zh: str
    name_en: str
    unit_zh: str
    unit_en: str
    cost_fen: int
    funding_line: str | None = None
    spendable: list[str] | None = None
    growth: bool = False
    buys_goods: bool = False
    transferable: bool = False
    pooled: bool = False
    transfer_limits: TransferLimits = TransferLimits()
    valuation: Valuation | None = None
    expiry: Expiry = Expiry.NEVER
    expiry_years: int | None = None
    expiry_months: int | None = None
    activity_events: list[str] = []
    expiry_rounding: Rounding = Rounding.NONE
    expiry_share: int = 100
    rolls_over_to: str | None = None
    pending_days: int = 0
    balance_cap: int | None = None
    caps: list[WalletCap] = []
    may_owe: bool = True
    refund_grace_days: int = 30
    active: bool = True

    @classmethod
    def of(cls, wallet: Wallet) -> Self:
        """Read a wallet as it is."""
        return cls.model_validate({name: getattr(wallet, name) for name in cls.model_fields})

    def put_on(self, wallet: Wallet) -> None:
        """Write the terms on a wallet."""
        for name, value in self.model_dump(mode="json").items():
            setattr(wallet, name, value)


async def submit_wallet(
    session: AsyncSession,
    *,
    actor: Actor,
    grants: Sequence[Grant],
    code: str,
    terms: WalletTerms,
    wallet: Wallet | None = None,
) -> Approval:
    """Submit a new kind of points, or other terms of `wallet`; another person agrees.

    Raises:
        Forbidden: the actor may not submit for the whole bank.
        WalletCodeTaken: the code names another wallet.
        WalletInUse: points stand in it, and the change would make them something else.
        GrowthNotCounted: points of growth, switched on or off against the tier scheme in force.
        DepositRewardForbidden: it would buy goods, or roll over into what does, while deposits earn in it.
        RollOverInvalid: its points cannot roll over as it says.
    """
    require_head_office(actor, grants)
    if wallet is None and await repository.get_wallet(session, code) is not None:
        raise WalletCodeTaken
    await _examine(session, code, terms, wallet)
    after, branch = terms.model_dump(mode="json"), await head_office(session)
    return await approvals.submit(
        session,
        actor=actor,
        kind=WalletChange.kind,
        domain=WalletChange.domain,
        subject=code,
        payload={"code": code, "revision": None if wallet is None else wallet.revision, "terms": after},
        preview={
            "code": code,
            "before": None if wallet is None else WalletTerms.of(wallet).model_dump(mode="json"),
            "after": after,
        },
        branch_id=None if branch is None else branch.id,
    )


def require_head_office(actor: Actor, grants: Sequence[Grant]) -> None:
    """Hold a change of what the whole bank has to people without a limit of cost.

    Raises:
        Forbidden: every grant that fits has a limit.
    """
    if (
        decide([grant for grant in grants if grant.limit_fen is None], Verb.SUBMIT, Domain.POINTS, staff_id=actor.id)
        is None
    ):
        raise Forbidden


async def _examine(session: AsyncSession, code: str, terms: WalletTerms, wallet: Wallet | None) -> None:
    wanted = Wallet(code=code, name_zh="", name_en="", unit_zh="", unit_en="", cost_fen=0)
    terms.put_on(wanted)
    wallets = {one.code: one for one in await repository.list_wallets(session)} | {code: wanted}
    fault = roll_over_fault(code, wallets)
    if fault is not None:
        raise RollOverInvalid(fault=fault)
    _refuse_to_leave_behind(wanted, wallets)
    await refuse_goods_for_deposits(session, wanted, wallets)
    await _refuse_growth_against_tiers(session, code, terms, wallet)
    if wallet is None:
        return
    fixed = changes_of_use(wallet, terms)
    if fixed and await correction_repository.holds_points(session, code):
        raise WalletInUse(fields=fixed)


def _refuse_to_leave_behind(wanted: Wallet, wallets: Mapping[str, Wallet]) -> None:
    """Keep a wallet as it must be for those that roll over into it.

    Raises:
        WalletInUse: it would be closed, or become what they are not.
    """
    fixed = {"active": not wanted.active}
    for one in wallets.values():
        if one.rolls_over_to == wanted.code:
            fixed["growth"] = one.growth != wanted.growth
            refused = [field for field, stands in fixed.items() if stands]
            if refused:
                raise WalletInUse(fields=refused)


async def _refuse_growth_against_tiers(
    session: AsyncSession, code: str, terms: WalletTerms, wallet: Wallet | None
) -> None:
    """Let points of growth come into use with a tier scheme that counts them, and stay what they are while it does."""
    scheme = await active_scheme(session)
    counted = scheme is not None and scheme.growth_wallet == code
    was_active, is_growth = wallet is not None and wallet.active, terms.growth
    if (is_growth and terms.active and not was_active and not counted) or (
        counted and not (is_growth and (terms.active or not was_active))
    ):
        raise GrowthNotCounted


def changes_of_use(wallet: Wallet, terms: WalletTerms) -> list[str]:
    """Return the fields that a change touches and that cannot change while points stand in the wallet.

    Lots of an account that lapses for want of activity have no day of their own, a wallet that is off would keep
    customers from what is theirs, and what they may spend does not become what they may not.
    """
    fixed = []
    if wallet.expiry != terms.expiry and Expiry.INACTIVITY in {wallet.expiry, terms.expiry}:
        fixed.append("expiry")
    if wallet.active and not terms.active and not wallet.growth:
        fixed.append("active")
    if wallet.growth != terms.growth:
        fixed.append("growth")
    return fixed


class WalletChange(ApprovalHandler):
    """Makes an approved kind of points, or changes one."""

    kind = "points.wallet"
    domain = Domain.POINTS
    title = Label("积分类别设定或变更", "Define or change a kind of points")
    labels = MappingProxyType(
        {
            "code": Label("代码", "Code"),
            "before": Label("现行设定", "Terms in force"),
            "after": Label("拟定设定", "Terms submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the terms; they count from the next movement on.

        Raises:
            WalletCodeTaken, VersionConflict: it was made or changed meanwhile.
            WalletInUse, GrowthNotCounted, RollOverInvalid, DepositRewardForbidden: what was right at the submission is
                wrong now.
        """
        code, terms = str(payload["code"]), WalletTerms.model_validate(payload["terms"])
        wallet = (await repository.lock_all_wallets(session)).get(code)
        if payload["revision"] is None and wallet is not None:
            raise WalletCodeTaken
        if payload["revision"] is not None:
            if wallet is None:
                raise NotFound
            if wallet.revision != payload["revision"]:
                raise VersionConflict
        await _examine(session, code, terms, wallet)
        if wallet is None:
            wallet = Wallet(code=code, name_zh="", name_en="", unit_zh="", unit_en="", cost_fen=0, revision=0)
        terms.put_on(wallet)
        wallet.revision += 1
        session.add(wallet)
        await audit.record(
            session,
            actor=context.approver,
            action="wallet.defined",
            object_type=OBJECT,
            object_id=code,
            on_behalf_id=context.maker_id,
            facts={"revision": wallet.revision, "approval": to_public("apr", context.approval_id)},
        )


WALLET_CHANGE: Final = WalletChange()
