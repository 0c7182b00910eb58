"""Heirs claim a deceased customer's points: one person submits the claim with its deed, compliance agrees.

It is a transfer that the bank makes: lots keep their last day and cost, both sides have an entry that says why, and it
is taken back as transfers are. The deceased's account stays as frozen as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import CustomerId, new_id, to_public
from guibin.core.money import format_cny
from guibin.core.reasons import require_reason
from guibin.customers import repository as customers
from guibin.customers.models import Customer, PartyStatus
from guibin.outbox.events import PointsTransferReceived
from guibin.outbox.service import publish
from guibin.points import rules
from guibin.points.errors import AccountClosed, AccountFrozen
from guibin.points.inheritance import repository
from guibin.points.inheritance.errors import HeirUnavailable, NotDeceased, NothingToInherit, PointsSetAside
from guibin.points.inheritance.models import PointsInheritance
from guibin.points.inheritance.repository import Bequest
from guibin.points.inheritance.rules import divide, left_after
from guibin.points.models import AccountState, PointsAccount, PointsLot, Wallet
from guibin.points.service.ledger import lock_account
from guibin.points.transfer_models import PointsTransfer
from guibin.privacy import repository as privacy
from guibin.privacy.defaults import DECEASED
from guibin.privacy.rules import Act
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.row_scope import all_rows

REASONS_ZH: Final = ("积分由继承人继承", "继承所得积分")
REASONS_EN: Final = ("Points inherited by an heir", "Points inherited from a customer who has died")
_STANDING: Final = frozenset({PartyStatus.ACTIVE, PartyStatus.DORMANT})


class Heir(BaseModel):
    """Who inherits, and how many parts of the whole."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    share: int = Field(gt=0)


class Claim(BaseModel):
    """Whose points go to whom, by which deed. Its JSON form is the payload of the approval."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    heirs: tuple[Heir, ...]
    document_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class Estate:
    """What passes on as things stand: by wallet the lots that give, each with what of it is not needed for debt."""

    wallets: list[tuple[Wallet, list[tuple[PointsLot, int]]]]

    @property
    def points(self) -> dict[str, int]:
        """Return the points by wallet."""
        return {wallet.code: sum(left for _, left in lots) for wallet, lots in self.wallets}

    @property
    def cost_fen(self) -> int:
        """Return what they cost the bank when they were issued."""
        return sum(rules.cost_of(left, lot.cost_fen) for _, lots in self.wallets for lot, left in lots)


@dataclass(frozen=True, slots=True)
class InheritanceView:
    """A claim that was carried out, with the deceased's side of its transfers."""

    claim: PointsInheritance
    parts: Sequence[PointsTransfer]


async def submit_claim(session: AsyncSession, scope: Scope, *, actor: Actor, claim: Claim) -> Approval:
    """Submit a claim of heirs; nothing moves before another person of compliance approves.

    Raises:
        ReasonRequired: the reason says nothing.
        NotFound: the deceased or an heir is unknown or out of scope.
        NotDeceased, AccountFrozen, AccountClosed, PointsSetAside, NothingToInherit: nothing of it passes on now.
        HeirUnavailable: one of those named cannot inherit.
    """
    require_reason(claim.reason)
    customer = await customers.get_customer(session, scope, customer_id=claim.customer_id)
    await _find_heirs(session, scope, customer, claim)
    async with all_rows(session):
        estate = await _assess(session, customer.id)
    return await approvals.submit(
        session,
        actor=actor,
        kind=InheritanceHandler.kind,
        domain=InheritanceHandler.domain,
        subject=to_public("cus", customer.id),
        payload=claim.model_copy(update={"customer_id": customer.id}).model_dump(mode="json"),
        preview={
            "document": claim.document_no,
            "heirs": [f"{to_public('cus', heir.customer_id)} {heir.share}" for heir in claim.heirs],
            "points": [f"{wallet} {points}" for wallet, points in estate.points.items()],
            "cost": format_cny(estate.cost_fen),
            "reason": claim.reason,
        },
        owner_id=customer.id,
        cost_fen=estate.cost_fen,
        branch_id=customer.branch_id,
    )


class InheritanceHandler(ApprovalHandler):
    """Moves what is there when another person agrees: what expired or was freed since the submission counts."""

    kind = "points.inherit"
    domain = Domain.COMPLIANCE
    title = Label("积分继承", "Heirs claim points")
    labels = MappingProxyType(
        {
            "document": Label("公证书或判决书编号", "Number of the deed"),
            "heirs": Label("继承人与份额", "Heirs and their shares"),
            "points": Label("可继承积分", "Points that pass on"),
            "cost": Label("成本（元）", "Cost in CNY"),
            "reason": Label("办理说明", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Share what is there among the heirs; a refusal makes the approval `failed`, and nothing moves."""
        claim = Claim.model_validate(payload)
        customer = await customers.get_customer(session, context.maker_scope, customer_id=claim.customer_id)
        async with all_rows(session):
            heirs = await _find_heirs(session, context.maker_scope, customer, claim)
            await _lock(session, customer.id, heirs)
            estate = await _assess(session, customer.id)
            inheritance = PointsInheritance(
                customer_id=customer.id,
                id=new_id(),
                approval_id=context.approval_id,
                document_no=claim.document_no,
                reason=claim.reason,
                posted_at=clock.now(),
            )
            session.add(inheritance)
            await session.flush()
            for wallet, lots in estate.wallets:
                await _share_out(session, inheritance, context, wallet, lots, heirs)
        await record(
            session,
            actor=context.approver,
            action="points.inherit",
            object_type="customer",
            object_id=to_public("cus", customer.id),
            owner_id=customer.id,
            reason=claim.reason,
            on_behalf_id=context.maker_id,
            facts={
                "approval": to_public("apr", context.approval_id),
                "document": claim.document_no,
                "heirs": [to_public("cus", heir.customer_id) for heir in heirs],
                "points": estate.points,
            },
        )


INHERITANCE: Final = InheritanceHandler()


async def list_claims(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[InheritanceView]:
    """Return the claims on a customer's points that were carried out, the newest first, with what each heir had.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    claims = await repository.list_inheritances(session, customer_id=customer.id, before=before, limit=limit)
    parts = await repository.parts_of(session, customer_id=customer.id, ids=[claim.id for claim in claims])
    return [InheritanceView(claim, [part for part in parts if part.inheritance_id == claim.id]) for claim in claims]


async def _find_heirs(session: AsyncSession, scope: Scope, deceased: Customer, claim: Claim) -> list[Heir]:
    """Return the heirs as who they are now; each is another customer in good standing who may earn."""
    found: dict[UUID, Heir] = {}
    for heir in claim.heirs:
        customer = await customers.get_customer(session, scope, customer_id=heir.customer_id)
        if customer.id in {deceased.id, *found} or customer.status not in _STANDING:
            raise HeirUnavailable.of(heir.customer_id)
        found[customer.id] = Heir(customer_id=customer.id, share=heir.share)
    blocked = await privacy.blocked_among(session, found.keys(), Act.EARN, day=clock.today())
    if blocked:
        raise HeirUnavailable.of(min(blocked))
    return list(found.values())


async def _assess(session: AsyncSession, customer_id: UUID) -> Estate:
    """Hold a claim to what is known of the deceased, and find what of the points passes on today."""
    today = clock.today()
    kinds = await privacy.kinds_in_force(session, customer_id=customer_id, day=today)
    if DECEASED not in {kind.code for kind in kinds}:
        raise NotDeceased
    if any(kind.blocks_redeem and kind.code != DECEASED for kind in kinds):
        raise AccountFrozen
    accounts = await repository.heritable_accounts(session, customer_id=customer_id)
    moving = [(account, wallet) for account, wallet in accounts if account.state != AccountState.CLOSED]
    if held := [account.wallet for account, _ in moving if account.held]:
        raise PointsSetAside(wallets=held)
    wallets = [(wallet, await _left(session, account)) for account, wallet in moving]
    estate = Estate([(wallet, lots) for wallet, lots in wallets if lots])
    if not estate.wallets:
        raise NothingToInherit
    return estate


async def _left(session: AsyncSession, account: PointsAccount) -> list[tuple[PointsLot, int]]:
    lots = await repository.free_lots(
        session, customer_id=account.customer_id, wallet=account.wallet, day=clock.today()
    )
    left = left_after(account.debt, [lot.remaining - lot.held for lot in lots])
    return [(lot, points) for lot, points in zip(lots, left, strict=True) if points]


async def _lock(session: AsyncSession, customer_id: UUID, heirs: Sequence[Heir]) -> None:
    """Lock what may move, customers by their ids: nothing is posted or set aside until the end."""
    accounts = await repository.heritable_accounts(session, customer_id=customer_id)
    for one in sorted({customer_id, *(heir.customer_id for heir in heirs)}):
        for account, _ in accounts:
            await lock_account(session, customer_id=one, wallet=account.wallet)


async def _share_out(
    session: AsyncSession,
    inheritance: PointsInheritance,
    context: ApprovalContext,
    wallet: Wallet,
    lots: Sequence[tuple[PointsLot, int]],
    heirs: Sequence[Heir],
) -> None:
    """Move one wallet's points to the heirs; each is told what came."""
    columns = divide([points for _, points in lots], [heir.share for heir in heirs])
    for place, (heir, column) in enumerate(zip(heirs, columns, strict=True)):
        takes = [{"lot": str(lot.id), "points": n} for (lot, _), n in zip(lots, column, strict=True) if n]
        if not takes:
            continue
        bequest = Bequest(
            transfer=new_id(),
            inheritance=inheritance.id,
            giver=inheritance.customer_id,
            receiver=heir.customer_id,
            wallet=wallet.code,
            takes=takes,
            entries=[new_id(), new_id()],
            lots=sorted(new_id() for _ in takes),
            reasons_zh=list(REASONS_ZH),
            reasons_en=list(REASONS_EN),
            source_id=f"{to_public('apr', context.approval_id)}/{place}",
            actor=context.maker_id,
            at=inheritance.posted_at,
            day=clock.business_day(inheritance.posted_at),
        )
        _refuse_unless_moved(await repository.inherit(session, bequest), heir)
        received = PointsTransferReceived(wallet=wallet.code, points=sum(column))
        await publish(session, received, subject_id=bequest.transfer, customer_id=heir.customer_id)


def _refuse_unless_moved(outcome: str, heir: Heir) -> None:
    """Turn an outcome of the function into its refusal; most were seen before, under the same locks."""
    if outcome == "receiver_unavailable":
        raise HeirUnavailable.of(heir.customer_id)
    refused = {
        "not_deceased": NotDeceased,
        "open_holds": PointsSetAside,
        "account_closed": AccountClosed,
        "owed": NothingToInherit,
    }
    if outcome in refused:
        raise refused[outcome]
