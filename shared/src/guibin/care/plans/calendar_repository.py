"""The statements that make, lapse and complete the tasks of a plan's calendar, each over everybody at once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.live import KEPT_ON, LIVE
from guibin.care.models import REACHED
from guibin.care.plans.slots import Slot
from guibin.care.sql import changed, documents

PHASES: Final = 1_000_000
"""Into how many parts a period is cut to spread customers over it."""

_SLOTS: Final = """
    slot AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:slots AS text) AS jsonb)) AS s(
            tier text, code text, made_by text, kind text, channel text, purpose text, minutes int,
            title_zh text, title_en text, occasion date, days date[])
    )"""
# The hash of customer and contact, not of the period: a contact keeps its place from period to period, so that one
# follows the last at an even distance, and all customers together fill every day of a period alike.
_PHASE: Final = f"""
    ((CAST(CAST('x' || substr(md5(CAST(l.customer_id AS text) || ':' || s.code), 1, 8) AS bit(32)) AS bigint)
      * {PHASES}) >> 32)"""
_SAID: Final = "{0}.due_on, {0}.kind, {0}.channel, {0}.purpose, {0}.minutes, {0}.title_zh, {0}.title_en"
_MAKE: Final = text(
    f"""
    WITH {LIVE}, {_SLOTS}, wanted AS (
        SELECT l.customer_id, l.manager_id, s.*, s.days[1 + {_PHASE} * cardinality(s.days) / {PHASES}] AS due_on
        FROM live l JOIN slot s ON s.tier = l.tier_code
    )
    INSERT INTO care_task (customer_id, id, manager_id, kind, channel, purpose, minutes, title_zh, title_en, origin,
        made_by, occasion, reference, starts_on, due_on, state, escalation, created_at, revision)
    SELECT w.customer_id, CAST(md5(CAST(w.customer_id AS text) || 'plan' || w.made_by || w.occasion) AS uuid),
        w.manager_id, w.kind, w.channel, w.purpose, w.minutes, w.title_zh, w.title_en, 'plan', w.made_by, w.occasion,
        '', w.occasion, w.due_on, 'open', 0, :now, 1
    FROM wanted w
    LEFT JOIN care_task t ON t.customer_id = w.customer_id AND t.origin = 'plan' AND t.made_by = w.made_by
        AND t.occasion = w.occasion AND t.reference = ''
    WHERE w.due_on BETWEEN :from_day AND :last AND (t.id IS NULL
        OR (t.state = 'lapsed' AND t.reason <> 'too_late')
        OR (t.state = 'open' AND t.due_on >= :from_day
            AND ({_SAID.format("t")}) IS DISTINCT FROM ({_SAID.format("w")})))
    ON CONFLICT (customer_id, origin, made_by, occasion, reference) DO UPDATE SET due_on = excluded.due_on,
        kind = excluded.kind, channel = excluded.channel, purpose = excluded.purpose, minutes = excluded.minutes,
        title_zh = excluded.title_zh, title_en = excluded.title_en, manager_id = excluded.manager_id, state = 'open',
        reason = NULL, ended_at = NULL, revision = care_task.revision + 1
    """  # noqa: S608 - our own text
)
_LAPSE_UNASKED: Final = text(
    f"""
    WITH {LIVE}, {_SLOTS}, wanted AS (
        SELECT l.customer_id, s.made_by, s.occasion FROM live l JOIN slot s ON s.tier = l.tier_code
    )
    UPDATE care_task t SET state = 'lapsed', reason = 'plan_changed', ended_at = :now, revision = t.revision + 1
    WHERE t.origin = 'plan' AND t.state = 'open' AND t.due_on >= :from_day AND NOT EXISTS (
        SELECT FROM wanted w
        WHERE w.customer_id = t.customer_id AND w.made_by = t.made_by AND w.occasion = t.occasion)
    """  # noqa: S608 - our own text
)
_LAPSE_GONE: Final = text(
    """
    UPDATE care_task t SET state = 'lapsed', reason = 'customer_gone', ended_at = :now, revision = t.revision + 1
    FROM customer c
    WHERE c.id = t.customer_id AND t.state = 'open' AND t.origin IN ('plan', 'trigger', 'after_sale')
        AND (c.merged_into IS NOT NULL OR c.status NOT IN ('active', 'dormant'))
    """
)
_LAPSE_LATE: Final = text(
    """
    UPDATE care_task SET state = 'lapsed', reason = 'too_late', ended_at = :now, revision = revision + 1
    WHERE state = 'open' AND origin IN ('plan', 'trigger', 'after_sale') AND due_on < :earliest
    """
)
_GIVE_OWNERS: Final = text(
    """
    UPDATE care_task t SET manager_id = v.manager_id, revision = t.revision + 1
    FROM coverage v
    WHERE t.state = 'open' AND t.manager_id IS NULL AND v.customer_id = t.customer_id AND v.role = 'primary'
        AND v.valid_from <= :from_day AND (v.valid_to IS NULL OR v.valid_to > :from_day)
    """
)
_TOUCHED_ON: Final = KEPT_ON.format("u.at")
# One touch of each customer at a time, the earliest that fits: each takes the task that was due first.
_SATISFY: Final = text(
    f"""
    WITH also AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:also AS text) AS jsonb)) AS a(made_by text, kind text)
    ), chosen AS (
        SELECT DISTINCT ON (t.customer_id) t.customer_id, t.id, u.id AS touch_id, u.at
        FROM care_task t
        JOIN touch u ON u.customer_id = t.customer_id AND u.corrected_by IS NULL AND u.result = ANY(:reached)
            AND {_TOUCHED_ON} BETWEEN t.starts_on AND :day AND (t.channel IS NULL OR t.channel = u.channel)
            AND (u.kind = t.kind OR EXISTS (SELECT FROM also a WHERE a.made_by = t.made_by AND a.kind = u.kind))
        WHERE t.state = 'open' AND t.origin = 'plan'
            AND (CAST(:customer_id AS uuid) IS NULL OR t.customer_id = :customer_id)
            AND NOT EXISTS (SELECT FROM care_task d
                WHERE d.customer_id = u.customer_id AND d.touch_id = u.id AND d.origin = 'plan')
        ORDER BY t.customer_id, u.at, u.id, t.due_on, t.kind <> u.kind, t.id
    )
    UPDATE care_task t SET state = 'done', touch_id = c.touch_id, ended_at = c.at, revision = t.revision + 1
    FROM chosen c WHERE t.customer_id = c.customer_id AND t.id = c.id
    """  # noqa: S608 - our own text
)


async def make_tasks(
    session: AsyncSession, slots: Iterable[Slot], *, from_day: date, last: date, now: datetime
) -> dict[str, int]:
    """Bring the tasks due from a day to a last one to what the slots ask of each customer; earlier ones stay.

    What is there is left alone, what is asked for otherwise now is changed, what nothing asks for lapses, and is
    open again where it is asked for again. Returns `made` (or changed) and `lapsed`.
    """
    values = {"slots": documents(_document(slot) for slot in slots), "from_day": from_day, "now": now}
    lapsed = await changed(session, _LAPSE_UNASKED, values)
    made = await changed(session, _MAKE, {**values, "last": last})
    return {"made": made, "lapsed": lapsed}


async def lapse_idle(session: AsyncSession, *, earliest: date, from_day: date, now: datetime) -> int:
    """Let lapse what is open of customers who are gone, and what was due before a day; give unowned tasks an owner."""
    gone = await changed(session, _LAPSE_GONE, {"now": now})
    late = await changed(session, _LAPSE_LATE, {"now": now, "earliest": earliest})
    await changed(session, _GIVE_OWNERS, {"from_day": from_day})
    return gone + late


async def satisfy_once(
    session: AsyncSession, also: Mapping[str, Iterable[str]], *, day: date, customer_id: UUID | None = None
) -> int:
    """Let the earliest fitting touch of each customer, until a day, complete one task; return how many were completed.

    `also` names, by code of the plan's item, the kinds of touches that fit beside the task's own.
    """
    pairs = ({"made_by": made_by, "kind": kind} for made_by, kinds in also.items() for kind in kinds)
    values = {"also": documents(pairs), "day": day, "customer_id": customer_id, "reached": sorted(REACHED)}
    return await changed(session, _SATISFY, values)


def _document(slot: Slot) -> dict[str, object]:
    contact = slot.contact
    said = contact.model_dump(mode="json", include={"code", "kind", "channel", "purpose", "title_zh", "title_en"})
    return {
        **said,
        "tier": slot.tier,
        "made_by": slot.made_by,
        "minutes": slot.minutes,
        "occasion": slot.period.first.isoformat(),
        "days": [day.isoformat() for day in slot.days],
    }
