"""Telling who came into a segment and who left it, in the statement that writes it."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ARRAY, CTE, Text, Uuid, any_, bindparam, exists, func, literal, not_, select
from sqlalchemy.dialects.postgresql import insert

from guibin.core import clock
from guibin.core.models import metadata
from guibin.outbox.events import EventName, SegmentReason
from guibin.outbox.models import OutboxEvent
from guibin.tags.models import CustomerTag, TagSource

_EVENT: Final = metadata.tables[OutboxEvent.__tablename__]
_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_WRITTEN: Final = ("owner_id", "id", "type", "subject", "customer_id", "payload", "created_at")


def announcements(added: CTE, ended: CTE, segments: Sequence[str]) -> list[CTE]:
    """Return what writes the events of the memberships that a run begins and ends, for segments alone.

    Who is in by hand as well neither comes nor goes.
    """
    if not segments:
        return []
    return [
        _told(added, EventName.SEGMENT_ENTERED, segments),
        _told(ended, EventName.SEGMENT_LEFT, segments),
    ]


def _told(rows: CTE, name: EventName, segments: Sequence[str]) -> CTE:
    by_hand = exists().where(
        _MEMBERSHIP.c.customer_id == rows.c.customer_id,
        _MEMBERSHIP.c.tag_code == rows.c.tag_code,
        _MEMBERSHIP.c.source == TagSource.MANUAL,
        _MEMBERSHIP.c.until.is_(None),
    )
    payload = func.jsonb_build_object(
        *("segment", rows.c.tag_code, "version", rows.c.version, "reason", SegmentReason.RULE.value)
    )
    events = select(
        rows.c.customer_id.label("owner_id"),
        func.gen_random_uuid(type_=Uuid),
        literal(name.value),
        literal("cus_").concat(rows.c.customer_id),
        rows.c.customer_id,
        payload,
        literal(clock.now()),
    ).where(rows.c.tag_code == any_(bindparam(None, list(segments), type_=ARRAY(Text))), not_(by_hand))
    return insert(_EVENT).from_select(list(_WRITTEN), events).returning(_EVENT.c.id).cte(f"told_{name.name.lower()}")
