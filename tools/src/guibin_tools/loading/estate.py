"""Loads a customer who has died with points, and the claim of two heirs that waits for compliance."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import Refusal
from guibin.customers.models import Customer, PartyStatus, PartyType
from guibin.organisation.models import Staff, StaffRole
from guibin.points.inheritance.service import Claim, Heir, submit_claim
from guibin.points.models import PointsAccount, Wallet
from guibin.privacy.defaults import DECEASED
from guibin.privacy.repository.restrictions import begin_about
from guibin.security.actors import Actor, ActorKind, Scope

LEAST: Final = 100
"""Points that are worth a claim."""

SHARES: Final = (2, 1)
DEED: Final = "(2026)沪东证字第1234号"
DEATH: Final = "DEMO-DEATH-1"
REASON: Final = "演示：继承人持继承权公证书到网点办理"
_MAKER: Final = "hq_operator"
_BANK: Final = Scope.of_job()


async def leave_points(session: AsyncSession) -> None:
    """Let heirs claim the points of a customer; a bank without points or without a head office has no such claim."""
    query = select(Staff).join(StaffRole, col(StaffRole.staff_id) == col(Staff.id)).where(StaffRole.role == _MAKER)
    maker = (await session.exec(query.order_by(col(Staff.no)).limit(1))).first()
    people = await _people(session)
    if maker is None or len(people) <= len(SHARES):
        return
    dead, *heirs = people
    await begin_about(session, customer_id=dead, kind=DECEASED, reference=DEATH, by=maker.id)
    shares = [Heir(customer_id=heir, share=share) for heir, share in zip(heirs, SHARES, strict=True)]
    claim = Claim(customer_id=dead, heirs=tuple(shares), document_no=DEED, reason=REASON)
    try:
        actor = Actor(ActorKind.STAFF, maker.id, maker.no, roles=frozenset({_MAKER}))
        await submit_claim(session, _BANK, actor=actor, claim=claim)
    except Refusal:  # what this bank's people are under stands in the way: it shows no claim
        return


async def _people(session: AsyncSession) -> Sequence[UUID]:
    """Return the last of the customers with points that are spent, and the two before among all."""
    rich = (
        select(PointsAccount.customer_id)
        .join(Wallet, col(Wallet.code) == col(PointsAccount.wallet))
        .join(Customer, col(Customer.id) == col(PointsAccount.customer_id))
        .where(
            col(PointsAccount.balance) >= LEAST,
            PointsAccount.held == 0,
            col(Wallet.growth).is_(False),
            Customer.party_type == PartyType.PERSON,
            col(Customer.merged_into).is_(None),
        )
        .order_by(col(PointsAccount.customer_id).desc())
        .limit(1)
    )
    dead = (await session.exec(rich)).first()
    if dead is None:
        return []
    others = (
        select(Customer.id)
        .where(
            Customer.id != dead,
            Customer.status == PartyStatus.ACTIVE,
            Customer.party_type == PartyType.PERSON,
            col(Customer.merged_into).is_(None),
        )
        .order_by(col(Customer.id).desc())
        .limit(len(SHARES))
    )
    return [dead, *(await session.exec(others)).all()]
