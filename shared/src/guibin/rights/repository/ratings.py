"""The SQL of ratings: one for a redemption, and their sums by right."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.rights.models import RedemptionRating, RightsRating
from guibin.security.actors import Scope


async def find_rating(session: AsyncSession, *, customer_id: UUID, redemption_id: UUID) -> RedemptionRating | None:
    """Return what a customer thought of a redemption."""
    return await session.get(RedemptionRating, (customer_id, redemption_id))


async def add_to_sums(session: AsyncSession, *, right_id: UUID, ratings: int, stars: int) -> None:
    """Count a rating that is new (`ratings` 1) or changed (0) with the stars that it brings, or takes."""
    sums = RightsRating
    if ratings == 0:
        changed = update(sums).where(col(sums.right_id) == right_id).values(stars=col(sums.stars) + stars)
        await session.execute(changed.execution_options(synchronize_session=False))
        return
    new = insert(sums).values(right_id=right_id, ratings=ratings, stars=stars)
    more = {"ratings": col(sums.ratings) + new.excluded.ratings, "stars": col(sums.stars) + new.excluded.stars}
    await session.execute(new.on_conflict_do_update(index_elements=["right_id"], set_=more))


async def sums_of(session: AsyncSession, *, right_ids: Collection[UUID]) -> dict[UUID, RightsRating]:
    """Return the sums of those rights that anybody has rated."""
    query = select(RightsRating).where(col(RightsRating.right_id).in_(right_ids))
    rows = await session.exec(query.execution_options(populate_existing=True))
    return {row.right_id: row for row in rows}


async def list_ratings(
    session: AsyncSession, scope: Scope, *, right_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[tuple[RedemptionRating, Customer]]:
    """Return the ratings of a right by customers in scope, newest first, each with its customer."""
    rating = RedemptionRating
    query = (
        select(rating, Customer)
        .join(Customer, col(Customer.id) == col(rating.customer_id))
        .where(rating.right_id == right_id, visible(scope, col(rating.customer_id)))
        .order_by(col(rating.rated_at).desc(), col(rating.redemption_id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(rating.rated_at), col(rating.redemption_id)) < before)
    return (await session.exec(query)).all()
