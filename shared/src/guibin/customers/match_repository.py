"""The SQL of the review queue: pairs of customers about whom people decide."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from guibin.core.errors import NotFound
from guibin.core.lines import Line
from guibin.customers.models import Customer, MatchReview, ReviewState, SourceRecord
from guibin.customers.repository import visible
from guibin.security.actors import Scope

Pair = tuple[MatchReview, Customer, Customer]
"""A review, the customer whose row it is, and the other one."""


async def list_matches(
    session: AsyncSession, scope: Scope, *, state: ReviewState, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Pair]:
    """Return the reviews of pairs who are both in scope, newest first."""
    query = (
        _pairs(scope)
        .where(MatchReview.state == state)
        .order_by(col(MatchReview.created_at).desc(), col(MatchReview.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(MatchReview.created_at), col(MatchReview.id)) < before)
    return (await session.exec(query)).all()


async def get_match(session: AsyncSession, scope: Scope, *, match_id: UUID, lock: bool = False) -> Pair:
    """Return a review of a pair who are both in scope.

    Raises:
        NotFound: there is none, or one of the two is out of scope.
    """
    query = (
        _pairs(scope)
        .where(MatchReview.id == match_id)
        # A review that was handed on to a surviving customer has left a closed row with the losing one.
        .order_by((col(MatchReview.state) == ReviewState.OPEN).desc())
    )
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    if lock:
        review = found[0]
        again = select(MatchReview).where(MatchReview.customer_id == review.customer_id, MatchReview.id == review.id)
        await session.exec(again.with_for_update().execution_options(populate_existing=True))
    return found


def _pairs(scope: Scope) -> Select[MatchReview, Customer, Customer]:
    one, other = aliased(Customer), aliased(Customer)
    return (
        select(MatchReview, one, other)
        .join(one, col(one.id) == col(MatchReview.customer_id))
        .join(other, col(other.id) == col(MatchReview.other_customer_id))
        .where(visible(scope, col(one.id), col(one.branch_id)), visible(scope, col(other.id), col(other.branch_id)))
    )


async def lines_of(session: AsyncSession, *, customer_id: UUID) -> list[Line]:
    """Return which lines know a customer now."""
    query = select(SourceRecord.line).where(
        SourceRecord.customer_id == customer_id, col(SourceRecord.ended_on).is_(None)
    )
    return sorted({Line(line) for line in (await session.exec(query)).all()})
