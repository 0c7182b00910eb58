"""The SQL of the review queue: pairs of customers about whom people decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, not_, tuple_
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

Place = tuple[bool, int, datetime, UUID]
"""Where a review stands in the list: whether it was weighed, its score, since when it waits, its id."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which reviews a list shows; None takes all. `day` is the day of business from which put off ones are back."""

    state: ReviewState
    day: date
    is_deferred: bool = False
    reason: str | None = None
    min_probability: float | None = None


async def list_matches(
    session: AsyncSession, scope: Scope, *, filters: Filters, after: Place | None, limit: int
) -> Sequence[Pair]:
    """Return the reviews of pairs who are both in scope: by what was weighed, those that nobody weighed at the end."""
    order = _is_weighed(), col(MatchReview.score), col(MatchReview.created_at), col(MatchReview.id)
    query = _pairs(scope).where(MatchReview.state == filters.state, *_chosen(filters))
    if after is not None:
        query = query.where(tuple_(*order) < after)
    return (await session.exec(query.order_by(*(column.desc() for column in order)).limit(limit))).all()


def place_of(review: MatchReview) -> Place:
    """Return where a review stands in the list."""
    return review.probability is not None, review.score, review.created_at, review.id


def _is_weighed() -> ColumnElement[bool]:
    return col(MatchReview.probability).is_not(None)


def _chosen(filters: Filters) -> list[ColumnElement[bool]]:
    later = func.coalesce(col(MatchReview.deferred_until) > filters.day, false())
    chosen = [later if filters.is_deferred else not_(later)] if filters.state is ReviewState.OPEN else []
    if filters.reason is not None:
        chosen.append(col(MatchReview.reason) == filters.reason)
    if filters.min_probability is not None:
        chosen.append(col(MatchReview.probability) >= filters.min_probability)
    return chosen


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
