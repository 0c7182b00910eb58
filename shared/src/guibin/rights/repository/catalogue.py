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
from guibin.rights.offer import Terms, TierLevel
from guibin.rights.rules import SpendCap
from guibin.rights.terms import terms_of
from guibin.tags.models import Tag, TagState
from guibin.tiers.models import Tier

Moment = tuple[datetime, UUID]
Place = tuple[bool, int, datetime, UUID]
"""Where a right stands in the catalogue: not featured, its place among others, when it was created."""

Rows = Select[RightsItem, Tier, Wallet]


@dataclass(frozen=True, slots=True)
class PayingWallet:
    """What decides of a kind of points: the categories that it buys (None: all), its caps, what a point costs."""

    code: str
    active: bool
    categories: frozenset[str] | None
    caps: tuple[SpendCap, ...]
    point_fen: int

    @classmethod
    def of(cls, wallet: Wallet) -> "PayingWallet":
        """Read a wallet."""
        caps: list[dict[str, Any]] = wallet.caps
        return cls.read(
            wallet.code, active=wallet.active, spendable=wallet.spendable, caps=caps, point_fen=wallet.cost_fen
        )

    @classmethod
    def read(
        cls,
        code: str,
        *,
        active: bool,
        spendable: Sequence[str] | None,
        caps: Sequence[Mapping[str, Any]],
        point_fen: int,
    ) -> "PayingWallet":
        """Read the columns of a wallet."""
        return cls(
            code=code,
            active=active,
            categories=None if spendable is None else frozenset(spendable),
            caps=tuple(SpendCap(cap["period"], cap["points"]) for cap in caps if cap["kind"] == "spend"),
            point_fen=point_fen,
        )


@dataclass(frozen=True, slots=True)
class Right:
    """A right with its terms in force and its own wallet."""

    item: RightsItem
    terms: Terms
    wallet: PayingWallet


@dataclass(frozen=True, slots=True)
class CatalogueFilter:
    """What a customer looks for; `words` stand in a name or a description, in any case."""

    category: Category | None = None
    fulfilment: Fulfilment | None = None
    words: str | None = None
    brand: str | None = None
    label: str | None = None
    featured: bool | None = None
    right_ids: tuple[UUID, ...] | None = None


_IN_PLACE = (~col(RightsItem.featured), col(RightsItem.place), col(RightsItem.created_at), col(RightsItem.id))


def place_of(right: Right) -> Place:
    """Tell where a right stands in the catalogue: what the bank puts in front first, then by place, then by age."""
    item = right.item
    return not item.featured, item.place, item.created_at, item.id


def _rights() -> Rows:
    return (
        sql_select(RightsItem, Tier, Wallet)
        .join(Tier, col(Tier.code) == col(RightsItem.minimum_tier), isouter=True)
        .join(Wallet, col(Wallet.code) == col(RightsItem.wallet))
        .execution_options(populate_existing=True)
    )


def _right(item: RightsItem, tier: Tier | None, wallet: Wallet) -> Right:
    terms = terms_of(item, TierLevel(tier.code, tier.rank) if tier else None)
    return Right(item, terms, PayingWallet.of(wallet))


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


async def published_rights(session: AsyncSession) -> list[Right]:
    """Return all rights that are published, by code."""
    query = _rights().where(col(RightsItem.state) == RightState.PUBLISHED).order_by(col(RightsItem.code))
    return await _fetch(session, query)


async def list_offered(
    session: AsyncSession, wanted: CatalogueFilter, *, now: datetime, after: Place | None
) -> list[Right]:
    """Return published rights whose time of sale has not ended, in the order of the catalogue."""
    query = _rights().where(
        col(RightsItem.state) == RightState.PUBLISHED,
        or_(col(RightsItem.on_sale_to).is_(None), col(RightsItem.on_sale_to) > now),
    )
    if wanted.right_ids is not None:
        query = query.where(col(RightsItem.id).in_(wanted.right_ids))
    if wanted.category is not None:
        query = query.where(col(RightsItem.category) == wanted.category)
    if wanted.fulfilment is not None:
        query = query.where(col(RightsItem.fulfilment) == wanted.fulfilment)
    if wanted.brand is not None:
        query = query.where(col(RightsItem.brand) == wanted.brand)
    if wanted.label is not None:
        query = query.where(col(RightsItem.labels).contains([wanted.label]))
    if wanted.featured is not None:
        query = query.where(col(RightsItem.featured) == wanted.featured)
    if wanted.words is not None:
        texts = (
            *(RightsItem.name_zh, RightsItem.name_en, RightsItem.description_zh, RightsItem.description_en),
            RightsItem.brand,
        )
        query = query.where(or_(*(col(text).icontains(wanted.words, autoescape=True) for text in texts)))
    if after is not None:
        query = query.where(tuple_(*_IN_PLACE) > after)
    return await _fetch(session, query.order_by(*_IN_PLACE))


async def list_rights(
    session: AsyncSession,
    *,
    state: RightState | None,
    category: Category | None,
    after: Moment | None,
    limit: int | None,
) -> list[Right]:
    """Return rights in any state for the bank's own people, oldest first; `limit` None returns all of them."""
    query = _rights()
    if state is not None:
        query = query.where(col(RightsItem.state) == state)
    if category is not None:
        query = query.where(col(RightsItem.category) == category)
    if after is not None:
        query = query.where(tuple_(col(RightsItem.created_at), col(RightsItem.id)) > after)
    return await _fetch(session, query.order_by(col(RightsItem.created_at), col(RightsItem.id)).limit(limit))


async def find_by_codes(session: AsyncSession, *, codes: Iterable[str]) -> dict[str, Right]:
    """Return the rights with some codes by their codes, in any state."""
    found = await _fetch(session, _rights().where(col(RightsItem.code).in_(set(codes))))
    return {right.item.code: right for right in found}


async def find_items(session: AsyncSession, *, right_ids: Iterable[UUID]) -> Mapping[UUID, RightsItem]:
    """Return the catalogue's rows of some rights by id, in any state."""
    if not (wanted := set(right_ids)):
        return {}
    rows = (await session.exec(select(RightsItem).where(col(RightsItem.id).in_(wanted)))).all()
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


async def find_tags(session: AsyncSession, *, codes: Iterable[str]) -> set[str]:
    """Return which of some codes are tags that are or will be in use."""
    query = select(Tag.code).where(col(Tag.code).in_(set(codes)), Tag.state != TagState.RETIRED)
    return set((await session.exec(query)).all())


async def find_wallets(session: AsyncSession, *, codes: Iterable[str]) -> dict[str, PayingWallet]:
    """Return the wallets of some codes, those that are unknown left out."""
    query = select(Wallet).where(col(Wallet.code).in_(set(codes))).execution_options(populate_existing=True)
    return {wallet.code: PayingWallet.of(wallet) for wallet in (await session.exec(query)).all()}
