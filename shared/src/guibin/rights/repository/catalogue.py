"""The SQL of the catalogue. Rights are no customers' data, so there is no scope here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, tuple_, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound, VersionConflict
from guibin.points.models import Wallet
from guibin.rights.models import Category, Fulfilment, RightsItem, RightState
from guibin.rights.rules import Terms, TierLevel
from guibin.rights.terms import terms_of
from guibin.tiers.models import Tier

Moment = tuple[datetime, UUID]
Rows = Select[RightsItem, Tier, bool]


@dataclass(frozen=True, slots=True)
class Right:
    """A right with its terms in force and whether its wallet is in use."""

    item: RightsItem
    terms: Terms
    wallet_active: bool


@dataclass(frozen=True, slots=True)
class CatalogueFilter:
    """What a customer looks for; `words` stand in a name or a description, in any case."""

    category: Category | None = None
    fulfilment: Fulfilment | None = None
    words: str | None = None


def _rights() -> Rows:
    return (
        sql_select(RightsItem, Tier, col(Wallet.active))
        .join(Tier, col(Tier.code) == col(RightsItem.minimum_tier), isouter=True)
        .join(Wallet, col(Wallet.code) == col(RightsItem.wallet))
        .order_by(col(RightsItem.created_at), col(RightsItem.id))
        .execution_options(populate_existing=True)
    )


def _right(item: RightsItem, tier: Tier | None, wallet_active: bool) -> Right:
    return Right(item, terms_of(item, TierLevel(tier.code, tier.rank) if tier else None), wallet_active)


async def _fetch(session: AsyncSession, query: Rows) -> list[Right]:
    return [_right(*row) for row in (await session.execute(query)).all()]


async def get_right(session: AsyncSession, *, right_id: UUID) -> Right:
    """Return one right in any state.

    Raises:
        NotFound: there is none.
    """
    found = await _fetch(session, _rights().where(col(RightsItem.id) == right_id))
    if not found:
        raise NotFound
    return found[0]


async def list_offered(
    session: AsyncSession, wanted: CatalogueFilter, *, now: datetime, after: Moment | None, limit: int | None
) -> list[Right]:
    """Return published rights whose time of sale has not ended, oldest first; `limit` None returns all of them."""
    query = _rights().where(
        col(RightsItem.state) == RightState.PUBLISHED,
        or_(col(RightsItem.on_sale_to).is_(None), col(RightsItem.on_sale_to) > now),
    )
    if wanted.category is not None:
        query = query.where(col(RightsItem.category) == wanted.category)
    if wanted.fulfilment is not None:
        query = query.where(col(RightsItem.fulfilment) == wanted.fulfilment)
    if wanted.words is not None:
        texts = (RightsItem.name_zh, RightsItem.name_en, RightsItem.description_zh, RightsItem.description_en)
        query = query.where(or_(*(col(text).icontains(wanted.words, autoescape=True) for text in texts)))
    return await _fetch(session, _page(query, after).limit(limit))


async def list_rights(
    session: AsyncSession, *, state: RightState | None, category: Category | None, after: Moment | None, limit: int
) -> list[Right]:
    """Return rights in any state for the bank's own people, oldest first."""
    query = _rights()
    if state is not None:
        query = query.where(col(RightsItem.state) == state)
    if category is not None:
        query = query.where(col(RightsItem.category) == category)
    return await _fetch(session, _page(query, after).limit(limit))


def _page(query: Rows, after: Moment | None) -> Rows:
    return query if after is None else query.where(tuple_(col(RightsItem.created_at), col(RightsItem.id)) > after)


async def find_items(session: AsyncSession, *, right_ids: Iterable[UUID]) -> Mapping[UUID, RightsItem]:
    """Return the catalogue's rows of some rights by id, in any state."""
    rows = (await session.exec(select(RightsItem).where(col(RightsItem.id).in_(set(right_ids))))).all()
    return {row.id: row for row in rows}


async def insert_right(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a right; False when its code is taken."""
    statement = insert(RightsItem).values(**values).on_conflict_do_nothing().returning(col(RightsItem.id))
    return (await session.execute(statement)).first() is not None


async def update_right(session: AsyncSession, *, right_id: UUID, revision: int, values: Mapping[str, Any]) -> None:
    """Change a right that still has the revision that was read, and count the revision on.

    Raises:
        VersionConflict: somebody else changed it meanwhile.
    """
    statement = (
        update(RightsItem)
        .where(col(RightsItem.id) == right_id, col(RightsItem.revision) == revision)
        .values(**values, revision=revision + 1)
        .returning(col(RightsItem.id))
        .execution_options(synchronize_session=False)
    )
    if (await session.execute(statement)).first() is None:
        raise VersionConflict


async def keep_data_key(session: AsyncSession, *, right_id: UUID, data_key: bytes) -> None:
    """Give a right its data key unless it has one."""
    await session.execute(
        update(RightsItem)
        .where(col(RightsItem.id) == right_id, col(RightsItem.data_key).is_(None))
        .values(data_key=data_key)
        .execution_options(synchronize_session=False)
    )


async def find_tiers(session: AsyncSession, *, codes: Iterable[str]) -> set[str]:
    """Return which of some codes are tiers."""
    return set((await session.exec(select(Tier.code).where(col(Tier.code).in_(set(codes))))).all())


async def has_wallet(session: AsyncSession, *, code: str) -> bool:
    """Tell whether there is a wallet of this code."""
    rows: Sequence[str] = (await session.exec(select(Wallet.code).where(Wallet.code == code))).all()
    return bool(rows)
