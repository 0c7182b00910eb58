"""All SQL about segments, beside that of tags."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.core.models import metadata
from guibin.customers.repository import visible
from guibin.outbox.events import SegmentReason
from guibin.security.actors import Scope
from guibin.tags.announcing import TOLD, leaving_segments
from guibin.tags.compiler import FACTS, compile_rules
from guibin.tags.matching import over_customers
from guibin.tags.models import CustomerTag
from guibin.tags.rules import Node
from guibin.tags.segments.models import SegmentPin, SegmentSnapshot, SegmentSnapshotMember

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]


@dataclass(frozen=True, slots=True)
class Member:
    """A customer in a segment: since when, and by what (its rule, by hand, or both)."""

    customer_id: UUID
    since: date
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A snapshot against today, within a scope: who was in it, still is, has left since, has joined since."""

    frozen: int
    still: int
    left: int
    joined: int


async def count_each(session: AsyncSession, scope: Scope, rules: Sequence[Node], *, day: date) -> tuple[int, list[int]]:
    """Count the customers in scope, and those for whom each of some rules holds, in one pass."""
    compiled = compile_rules(rules, day=day)
    counts = [func.count().filter(predicate) for predicate in compiled.predicates]
    statement = over_customers(compiled.source, func.count(), *counts).where(
        visible(scope, FACTS.c.customer_id, FACTS.c.branch_id)
    )
    customers, *found = (await session.execute(statement)).one()
    return customers, found


async def count_pins(session: AsyncSession, scope: Scope, *, code: str) -> dict[str, int]:
    """Count the lasting pins of a segment in scope, by side."""
    statement = (
        select(col(SegmentPin.side), func.count().label("pins"))
        .where(*_lasting_pins(code), visible(scope, col(SegmentPin.customer_id)))
        .group_by(col(SegmentPin.side))
    )
    return {row.side: row.pins for row in (await session.execute(statement)).all()}


async def list_members(
    session: AsyncSession, scope: Scope, *, code: str, day: date, limit: int, after: UUID | None = None
) -> list[Member]:
    """Return the members of a segment on a day who are in scope, in the order of their ids."""
    sources = func.array_agg(aggregate_order_by(col(CustomerTag.source), col(CustomerTag.source)))
    statement = (
        select(col(CustomerTag.customer_id), func.min(col(CustomerTag.since)), sources)
        .where(_members_on(code, day), visible(scope, col(CustomerTag.customer_id)))
        .group_by(col(CustomerTag.customer_id))
        .order_by(col(CustomerTag.customer_id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(CustomerTag.customer_id) > after)
    rows = (await session.execute(statement)).all()
    return [Member(customer_id, since, tuple(found)) for customer_id, since, found in rows]


def _members_on(code: str, day: date) -> ColumnElement[bool]:
    until = col(CustomerTag.until)
    return and_(col(CustomerTag.tag_code) == code, col(CustomerTag.since) <= day, or_(until.is_(None), until > day))


async def list_pins(
    session: AsyncSession, scope: Scope, *, code: str, limit: int, after: UUID | None = None
) -> Sequence[SegmentPin]:
    """Return the lasting pins of a segment in scope, in the order of the customers' ids."""
    statement = (
        select_rows(SegmentPin)
        .where(*_lasting_pins(code), visible(scope, col(SegmentPin.customer_id)))
        .order_by(col(SegmentPin.customer_id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(SegmentPin.customer_id) > after)
    return (await session.exec(statement)).all()


def _lasting_pins(code: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(SegmentPin.tag_code) == code, col(SegmentPin.until).is_(None)


async def find_pin(session: AsyncSession, *, code: str, customer_id: UUID) -> SegmentPin | None:
    """Return the pin of a customer that lasts; None without one."""
    statement = select_rows(SegmentPin).where(*_lasting_pins(code), SegmentPin.customer_id == customer_id)
    return (await session.exec(statement)).one_or_none()


async def put_pin(session: AsyncSession, pin: SegmentPin) -> None:
    """Write a pin; a second one of the same day takes the place of the first."""
    key = ("customer_id", "tag_code", "since")
    values = pin.model_dump()
    statement = insert(SegmentPin).values(values)
    written = {name: statement.excluded[name] for name in values if name not in key}
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=written))


async def end_pin(session: AsyncSession, *, code: str, customer_id: UUID, day: date) -> None:
    """End the pin of a customer; a day is the first without it."""
    statement = (
        update(SegmentPin)
        .where(*_lasting_pins(code), col(SegmentPin.customer_id) == customer_id)
        .values(until=func.greatest(col(SegmentPin.since), day))
    )
    await session.execute(statement)


async def end_membership(
    session: AsyncSession, *, code: str, customer_id: UUID, day: date, source: str | None = None
) -> None:
    """End what a customer has of a segment, from one source or from all; a day is the first without it."""
    statement = update(CustomerTag).where(
        col(CustomerTag.tag_code) == code,
        col(CustomerTag.customer_id) == customer_id,
        col(CustomerTag.until).is_(None),
    )
    if source is not None:
        statement = statement.where(col(CustomerTag.source) == source)
    await session.execute(statement.values(until=func.greatest(col(CustomerTag.since), day)))


async def end_merged(session: AsyncSession, *, customer_id: UUID, codes: Collection[str], day: date) -> None:
    """End what a customer has of segments out of which a merge puts them, and tell it."""
    ended = (
        update(_MEMBERSHIP)
        .where(
            _MEMBERSHIP.c.customer_id == customer_id,
            _MEMBERSHIP.c.tag_code.in_(codes),
            _MEMBERSHIP.c.until.is_(None),
        )
        .values(until=func.greatest(_MEMBERSHIP.c.since, day))
        .returning(*TOLD)
        .cte("ended")
    )
    told = leaving_segments(ended, SegmentReason.MERGED)
    await session.execute(select(func.count()).select_from(ended).add_cte(told))


async def freeze(session: AsyncSession, scope: Scope, snapshot: SegmentSnapshot, *, day: date) -> SegmentSnapshot:
    """Write a snapshot with the members in scope, and count them."""
    members = (
        select(col(CustomerTag.customer_id), literal(snapshot.id))
        .where(_members_on(snapshot.tag_code, day), visible(scope, col(CustomerTag.customer_id)))
        .distinct()
    )
    written = insert(SegmentSnapshotMember).from_select(["customer_id", "snapshot_id"], members)
    rows = (await session.execute(written.returning(col(SegmentSnapshotMember.customer_id)))).all()
    snapshot.members = len(rows)
    session.add(snapshot)
    await session.flush()
    return snapshot


async def get_snapshot(session: AsyncSession, *, code: str, snapshot_id: UUID) -> SegmentSnapshot:
    """Return a snapshot of a segment.

    Raises:
        NotFound: there is none.
    """
    found = await session.get(SegmentSnapshot, snapshot_id)
    if found is None or found.tag_code != code:
        raise NotFound
    return found


async def list_snapshots(
    session: AsyncSession, *, code: str, limit: int, before: UUID | None = None
) -> Sequence[SegmentSnapshot]:
    """Return the snapshots of a segment, newest first."""
    statement = (
        select_rows(SegmentSnapshot)
        .where(SegmentSnapshot.tag_code == code)
        .order_by(col(SegmentSnapshot.id).desc())
        .limit(limit)
    )
    return (
        await session.exec(statement if before is None else statement.where(col(SegmentSnapshot.id) < before))
    ).all()


async def list_frozen(
    session: AsyncSession, scope: Scope, *, snapshot_id: UUID, limit: int, after: UUID | None = None
) -> Sequence[UUID]:
    """Return the customers of a snapshot who are in scope, in the order of their ids."""
    customer_id = col(SegmentSnapshotMember.customer_id)
    statement = (
        select(customer_id)
        .where(col(SegmentSnapshotMember.snapshot_id) == snapshot_id, visible(scope, customer_id))
        .order_by(customer_id)
        .limit(limit)
    )
    return (await session.execute(statement if after is None else statement.where(customer_id > after))).scalars().all()


async def compare(session: AsyncSession, scope: Scope, snapshot: SegmentSnapshot, *, day: date) -> Comparison:
    """Hold a snapshot against the members of a day."""
    frozen = (
        select(col(SegmentSnapshotMember.customer_id).label("customer_id"))
        .where(
            col(SegmentSnapshotMember.snapshot_id) == snapshot.id,
            visible(scope, col(SegmentSnapshotMember.customer_id)),
        )
        .subquery("frozen")
    )
    now = (
        select(col(CustomerTag.customer_id).label("customer_id"))
        .where(_members_on(snapshot.tag_code, day), visible(scope, col(CustomerTag.customer_id)))
        .distinct()
        .subquery("now")
    )
    was, is_ = frozen.c.customer_id.is_not(None), now.c.customer_id.is_not(None)
    parts: tuple[ColumnElement[Any], ...] = (was, and_(was, is_), and_(was, ~is_), and_(~was, is_))
    joined = frozen.outerjoin(now, now.c.customer_id == frozen.c.customer_id, full=True)
    statement = select(*(func.count().filter(part) for part in parts)).select_from(joined)
    return Comparison(*(await session.execute(statement)).one())
