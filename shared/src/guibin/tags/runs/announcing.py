"""Telling who came into a segment or to a tag and who left it, in the statement that writes it."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Text,
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from guibin.core import clock
from guibin.core.models import metadata
from guibin.outbox.events import EventName, SegmentReason, TagReason
from guibin.outbox.models import OutboxEvent
from guibin.tags.models import CustomerTag, TagSource

_EVENT: Final = metadata.tables[OutboxEvent.__tablename__]
_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_WRITTEN: Final = ("owner_id", "id", "type", "subject", "customer_id", "payload", "created_at")


def announcements(added: CTE, ended: CTE, *, segments: Sequence[str], tags: Sequence[str]) -> list[CTE]:
    """Return what writes the events of the memberships that a run begins and ends, for some segments and tags alone.

    Who is in a segment by hand as well neither comes nor goes.
    """
    told = []
    for rows, of_segment, of_tag in (
        (added, EventName.SEGMENT_ENTERED, EventName.TAG_ENTERED),
        (ended, EventName.SEGMENT_LEFT, EventName.TAG_LEFT),
    ):
        version = ("version", rows.c.version)
        if segments:
            of_rule = ("segment", rows.c.tag_code, *version, "reason", SegmentReason.RULE.value)
            told.append(_told(rows, of_segment, segments, of_rule, not_(_by_hand(rows))))
        if tags:
            value = ("value", func.nullif(rows.c.value, literal("")))
            said = ("tag", rows.c.tag_code, *value, *version, "reason", TagReason.RULE.value)
            told.append(_told(rows, of_tag, tags, said, true()))
    return told


def _by_hand(rows: CTE) -> ColumnElement[bool]:
    return exists().where(
        _MEMBERSHIP.c.customer_id == rows.c.customer_id,
        _MEMBERSHIP.c.tag_code == rows.c.tag_code,
        _MEMBERSHIP.c.source == TagSource.MANUAL,
        _MEMBERSHIP.c.until.is_(None),
    )


def _told(rows: CTE, name: EventName, codes: Sequence[str], said: Sequence[object], only: ColumnElement[bool]) -> CTE:
    """Write an event of each row of some codes; nothing is read back, which not everybody who runs a rule may."""
    events = select(
        rows.c.customer_id.label("owner_id"),
        func.gen_random_uuid(type_=Uuid),
        literal(name.value),
        literal("cus_").concat(rows.c.customer_id),
        rows.c.customer_id,
        func.jsonb_build_object(*said),
        literal(clock.now()),
    ).where(rows.c.tag_code == any_(bindparam(None, list(codes), type_=ARRAY(Text))), only)
    return insert(_EVENT).from_select(list(_WRITTEN), events).cte(f"told_{name.name.lower()}")
