"""Telling who came into a segment or to a tag and who left it, in the statement that writes it: set by set."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from guibin.core import clock
from guibin.core.models import metadata
from guibin.outbox.events import EventName, SegmentReason, TagReason
from guibin.outbox.models import OutboxEvent
from guibin.tags.models import CustomerTag, Tag, TagKind, TagSource

_EVENT: Final = metadata.tables[OutboxEvent.__tablename__]
_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_TAG: Final = metadata.tables[Tag.__tablename__]
_WRITTEN: Final = ("owner_id", "id", "type", "subject", "customer_id", "payload", "created_at")

TOLD: Final = tuple(_MEMBERSHIP.c[name] for name in ("customer_id", "tag_code", "value", "version"))
"""What is told of a membership: the columns of the rows that events are made of."""


def announcements(added: CTE, ended: CTE, *, segments: Sequence[str], tags: Sequence[str]) -> list[CTE]:
    """Return what writes the events of the memberships that a run begins and ends, for some segments and tags alone.

    Who is in a segment by hand as well neither comes nor goes.
    """
    told = []
    for rows, of_segment, of_tag in (
        (added, EventName.SEGMENT_ENTERED, EventName.TAG_ENTERED),
        (ended, EventName.SEGMENT_LEFT, EventName.TAG_LEFT),
    ):
        if segments:
            said = ("segment", rows.c.tag_code, "version", rows.c.version, "reason", SegmentReason.RULE.value)
            by_hand = _lasts(rows, _MEMBERSHIP.c.source == TagSource.MANUAL)
            told.append(_told(rows, of_segment, said, _one_of(rows, segments), not_(by_hand)))
        if tags:
            told.append(_told(rows, of_tag, _said_of_tag(rows, TagReason.RULE), _one_of(rows, tags)))
    return told


def entering(rows: CTE, reason: TagReason) -> CTE:
    """Return what writes the events of memberships that begin (columns `TOLD`), of tags that publish events alone."""
    return _told(rows, EventName.TAG_ENTERED, _said_of_tag(rows, reason), _publishes(rows))


def leaving(rows: CTE, reason: TagReason) -> CTE:
    """Return what writes the events of memberships that end (columns `TOLD`), of tags that publish events alone."""
    return _told(rows, EventName.TAG_LEFT, _said_of_tag(rows, reason), _publishes(rows))


def entering_with_segments(rows: CTE, reason: TagReason) -> list[CTE]:
    """Return what writes the events of all that a customer comes to have (columns `TOLD` and the source)."""
    return [entering(rows, reason), _of_segments(rows, EventName.SEGMENT_ENTERED, SegmentReason(reason.value))]


def leaving_with_segments(rows: CTE, reason: TagReason) -> list[CTE]:
    """Return what writes the events of all that a customer has no more (columns `TOLD` and the source)."""
    return [leaving(rows, reason), _of_segments(rows, EventName.SEGMENT_LEFT, SegmentReason(reason.value))]


def leaving_segments(rows: CTE, reason: SegmentReason) -> CTE:
    """Return what writes the events of memberships of segments (columns `TOLD`) that end, and no other beside them."""
    return _of_segments(rows, EventName.SEGMENT_LEFT, reason, alone=True)


def _of_segments(rows: CTE, name: EventName, reason: SegmentReason, *, alone: bool = False) -> CTE:
    """Tell of segments once each, however a customer is in one; who is in it otherwise too neither comes nor goes.

    Whether somebody is in one otherwise is looked for in all `rows` each time, so that of many they have to be `alone`.
    """
    segment = and_(_TAG.c.code == rows.c.tag_code, _TAG.c.kind == TagKind.SEGMENT)
    version = _TAG.c.published_version.label("version")
    segments = select(rows.c.customer_id, rows.c.tag_code, version).join(_TAG, segment).distinct().cte("of_segments")
    said = ("segment", segments.c.tag_code, "version", segments.c.version, "reason", reason.value)
    if alone:
        return _told(segments, name, said)
    moved = exists().where(*(rows.c[key] == _MEMBERSHIP.c[key] for key in ("customer_id", "tag_code", "source")))
    return _told(segments, name, said, not_(_lasts(segments, not_(moved))))


def _said_of_tag(rows: CTE, reason: TagReason) -> Sequence[object]:
    value = func.nullif(rows.c.value, literal(""))
    return ("tag", rows.c.tag_code, "value", value, "version", rows.c.version, "reason", reason.value)


def _publishes(rows: CTE) -> ColumnElement[bool]:
    return rows.c.tag_code.in_(select(_TAG.c.code).where(_TAG.c.publishes_events))


def _one_of(rows: CTE, codes: Sequence[str]) -> ColumnElement[bool]:
    return rows.c.tag_code == any_(bindparam(None, list(codes), type_=ARRAY(Text)))


def _lasts(rows: CTE, only: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a customer had a membership of the same tag when the statement began."""
    return exists().where(
        _MEMBERSHIP.c.customer_id == rows.c.customer_id,
        _MEMBERSHIP.c.tag_code == rows.c.tag_code,
        only,
        _MEMBERSHIP.c.until.is_(None),
    )


def _told(rows: CTE, name: EventName, said: Sequence[object], *only: ColumnElement[bool]) -> CTE:
    """Write an event of each of some rows; nothing is read back, which not everybody who writes them may."""
    events = select(
        rows.c.customer_id.label("owner_id"),
        func.gen_random_uuid(type_=Uuid),
        literal(name.value),
        literal("cus_").concat(rows.c.customer_id),
        rows.c.customer_id,
        func.jsonb_build_object(*said),
        literal(clock.now()),
    ).where(*only)
    return insert(_EVENT).from_select(list(_WRITTEN), events).cte(f"told_{name.name.lower()}")
