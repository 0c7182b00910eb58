"""SQL of the tags of two customers who become one, and two again; each statement tells what it begins and ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Date,
    RowMapping,
    TableValuedAlias,
    Text,
    and_,
    column,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.outbox.events import TagReason
from guibin.tags.announcing import TOLD, entering_with_segments, leaving_with_segments
from guibin.tags.models import CustomerTag, Tag, TagSource, TagState
from guibin.tags.segments.models import PinSide, SegmentPin

TOLD_APART_BY: Final = ("tag_code", "source", "since", "value")
"""The columns that tell the memberships of one customer apart."""

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_TAG: Final = metadata.tables[Tag.__tablename__]
_PIN: Final = metadata.tables[SegmentPin.__tablename__]
_FOLLOW: Final = (TagSource.MANUAL, TagSource.IMPORT)
_MOVED: Final = (*TOLD, _MEMBERSHIP.c.source, _MEMBERSHIP.c.since)
_KEPT: Final = tuple(one.name for one in _MEMBERSHIP.c if one.name not in {"customer_id", "until"})


@dataclass(frozen=True, slots=True)
class Membership:
    """What tells a membership of a customer from all others of theirs."""

    tag_code: str
    source: str
    since: date
    value: str


async def give(session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> Sequence[RowMapping]:
    """Give one customer what another has by hand or imported, as it was given; returns what tells each apart.

    What the surviving customer has of the same tag stays instead, and so does a pin that keeps them out of a segment.
    """
    held = _MEMBERSHIP.alias("held")
    lasting = select(literal(surviving_id), *(_MEMBERSHIP.c[name] for name in _KEPT)).where(
        _MEMBERSHIP.c.customer_id == losing_id,
        _MEMBERSHIP.c.source.in_(_FOLLOW),
        _MEMBERSHIP.c.until.is_(None),
        not_(
            exists().where(
                held.c.customer_id == surviving_id,
                held.c.tag_code == _MEMBERSHIP.c.tag_code,
                held.c.source.in_(_FOLLOW),
                held.c.until.is_(None),
            )
        ),
        not_(
            exists().where(
                _PIN.c.customer_id == surviving_id,
                _PIN.c.tag_code == _MEMBERSHIP.c.tag_code,
                _PIN.c.side == PinSide.OUT,
                _PIN.c.until.is_(None),
            )
        ),
    )
    statement = insert(_MEMBERSHIP).from_select(["customer_id", *_KEPT], lasting)
    key = ["customer_id", *TOLD_APART_BY]
    written = {name: statement.excluded[name] for name in _KEPT if name not in key} | {"until": null()}
    moved = statement.on_conflict_do_update(index_elements=key, set_=written).returning(*_MOVED).cte("given")
    return await _done(session, moved, entering_with_segments(moved, TagReason.MERGED))


async def end_all(session: AsyncSession, *, customer_id: UUID, day: date) -> Sequence[RowMapping]:
    """End every membership of a customer; a day is the first without them. Returns what tells each apart."""
    return await _ended(session, _MEMBERSHIP.c.customer_id == customer_id, day=day, reason=TagReason.MERGED)


async def end(session: AsyncSession, which: Sequence[Membership], *, customer_id: UUID, day: date) -> None:
    """End some memberships of a customer, as far as they last; a day is the first without them."""
    await _ended(session, _are(_named(which), customer_id), day=day, reason=TagReason.PARTED)


async def let_last_again(session: AsyncSession, which: Sequence[Membership], *, customer_id: UUID, day: date) -> None:
    """Let memberships of a customer last again, but what the customer has anew, what has expired, and retired tags."""
    other = _MEMBERSHIP.alias("other")
    same = (other.c[name] == _MEMBERSHIP.c[name] for name in ("customer_id", "tag_code", "source", "value"))
    retired = exists().where(_TAG.c.code == _MEMBERSHIP.c.tag_code, _TAG.c.state == TagState.RETIRED)
    resumed = (
        update(_MEMBERSHIP)
        .where(
            _are(_named(which), customer_id),
            not_(exists().where(*same, other.c.until.is_(None))),
            not_(retired),
            or_(_MEMBERSHIP.c.expires_on.is_(None), _MEMBERSHIP.c.expires_on > day),
        )
        .values(until=None)
        .returning(*_MOVED)
        .cte("resumed")
    )
    await _done(session, resumed, entering_with_segments(resumed, TagReason.PARTED))


async def _ended(
    session: AsyncSession, whose: ColumnElement[bool], *, day: date, reason: TagReason
) -> Sequence[RowMapping]:
    ended = (
        update(_MEMBERSHIP)
        .where(whose, _MEMBERSHIP.c.until.is_(None))
        .values(until=func.greatest(_MEMBERSHIP.c.since, day))
        .returning(*_MOVED)
        .cte("ended")
    )
    return await _done(session, ended, leaving_with_segments(ended, reason))


async def _done(session: AsyncSession, moved: CTE, told: Sequence[CTE]) -> Sequence[RowMapping]:
    statement = select(*(moved.c[name] for name in TOLD_APART_BY)).add_cte(*told)
    return (await session.execute(statement)).mappings().all()


def _named(which: Sequence[Membership]) -> TableValuedAlias:
    def listed(values: list[Any], kind: type[Any]) -> ColumnElement[Any]:
        return literal(values, ARRAY(kind))

    rows = func.unnest(
        listed([one.tag_code for one in which], Text),
        listed([one.source for one in which], Text),
        listed([one.since for one in which], Date),
        listed([one.value for one in which], Text),
    )
    names = (column("tag_code", Text), column("source", Text), column("since", Date), column("value", Text))
    return rows.table_valued(*names).render_derived(name="named")


def _are(named: TableValuedAlias, customer_id: UUID) -> ColumnElement[bool]:
    return and_(
        _MEMBERSHIP.c.customer_id == customer_id,
        *(_MEMBERSHIP.c[name] == named.c[name] for name in TOLD_APART_BY),
    )
