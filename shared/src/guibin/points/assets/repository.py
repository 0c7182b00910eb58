"""SQL of the rules' versions and of months."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.assets.models import AssetMonth, AssetRule, AssetRuleState
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.models import Wallet


async def versions_of(session: AsyncSession, code: str) -> Sequence[AssetRule]:
    """Return the versions of a code, the newest first."""
    query = select_rows(AssetRule).where(AssetRule.code == code).order_by(col(AssetRule.version).desc())
    return (await session.exec(query)).all()


async def add_rule(session: AsyncSession, rule: AssetRule) -> bool:
    """Add a version; False when another open one of its code, or the same number, is there."""
    statement = insert(AssetRule).values(rule.model_dump()).on_conflict_do_nothing().returning(col(AssetRule.id))
    return (await session.execute(statement)).first() is not None


async def active_versions(session: AsyncSession) -> Sequence[AssetRule]:
    """Return the approved versions whose wallets are in use."""
    query = (
        select_rows(AssetRule)
        .join(Wallet, col(Wallet.code) == col(AssetRule.wallet))
        .where(AssetRule.state == AssetRuleState.ACTIVE, col(Wallet.active).is_(True))
    )
    return (await session.exec(query)).all()


async def versions_by_id(session: AsyncSession, ids: Collection[UUID]) -> Sequence[AssetRule]:
    """Return some versions."""
    return (await session.exec(select_rows(AssetRule).where(col(AssetRule.id).in_(ids)))).all()


async def feeding(session: AsyncSession, wallet: str) -> Sequence[AssetRule]:
    """Return the versions that are submitted or approved for a wallet."""
    states = (AssetRuleState.PENDING, AssetRuleState.ACTIVE)
    query = select_rows(AssetRule).where(AssetRule.wallet == wallet, col(AssetRule.state).in_(states))
    return (await session.exec(query)).all()


async def event_terms(session: AsyncSession) -> list[EarningTerms]:
    """Return the terms that were submitted, and every approved version of rules that have not ended."""
    approved = select_rows(EarningRuleVersion.terms).join(
        EarningRule, col(EarningRule.code) == col(EarningRuleVersion.rule_code)
    )
    submitted = select_rows(EarningRule.draft).where(EarningRule.state == RuleState.PENDING)
    documents = [
        *(await session.exec(approved.where(EarningRule.state != RuleState.ENDED))).all(),
        *(await session.exec(submitted)).all(),
    ]
    return [EarningTerms.of(document) for document in documents if document is not None]


async def last_month_begun(session: AsyncSession) -> date | None:
    """Return the latest month whose points are being given or were."""
    found: date | None = (await session.execute(select(func.max(AssetMonth.month)))).scalar_one()
    return found


async def begin_month(session: AsyncSession, month: date, *, at: datetime) -> None:
    """Note that the points of a month are being given; again changes nothing."""
    await session.execute(insert(AssetMonth).values(month=month, begun_at=at).on_conflict_do_nothing())


async def seal_month(session: AsyncSession, month: date, *, at: datetime) -> None:
    """Note that a month is not looked at again."""
    statement = update(AssetMonth).where(col(AssetMonth.month) == month).values(sealed_at=at)
    await session.execute(statement)


async def months_not_sealed(session: AsyncSession) -> Sequence[date]:
    """Return the months that were begun and can still change, in order."""
    query = select(col(AssetMonth.month)).where(col(AssetMonth.sealed_at).is_(None)).order_by(col(AssetMonth.month))
    return (await session.execute(query)).scalars().all()
