"""The statements that make the tasks of triggers, each over everybody at once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import TextClause, select, text
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.live import LIVE
from guibin.care.plans.terms import CareOccasion, Trigger, Whose
from guibin.care.sql import changed, documents
from guibin.care.triggers.models import BirthdayCalendar, CarePreference
from guibin.care.triggers.rules import Due
from guibin.care.triggers.sources import SOURCES
from guibin.holdings.months import last_complete_month

_ROWS: Final = "jsonb_to_recordset(CAST(CAST(:{0} AS text) AS jsonb))"
_GIVEN: Final = f"""
    due AS MATERIALIZED (SELECT * FROM {_ROWS.format("dues")} AS d(occasion date, starts_on date, due_on date)),
    day_key AS MATERIALIZED (SELECT * FROM {_ROWS.format("keys")} AS k(occasion date, mmdd text, year int, lunar bool)),
    threshold AS MATERIALIZED (SELECT * FROM {_ROWS.format("thresholds")} AS t(tier text, fen bigint))"""  # noqa: S608 - our own text
_WRITE: Final = """
    INSERT INTO care_task (customer_id, id, manager_id, kind, channel, purpose, minutes, title_zh, title_en, origin,
        made_by, occasion, reference, starts_on, due_on, state, escalation, escalated_on, created_at, revision)
    SELECT l.customer_id,
        CAST(md5(concat_ws('|', l.customer_id, CAST(:origin AS text), CAST(:made_by AS text), d.occasion, f.reference))
            AS uuid), l.manager_id,
        :kind, :channel, :purpose, :minutes, :title_zh, :title_en, CAST(:origin AS text), CAST(:made_by AS text),
        d.occasion, f.reference,
        d.starts_on, d.due_on, 'open', :escalation, :escalated_on, :now, 1
    FROM found f JOIN due d ON d.occasion = f.occasion JOIN live l ON l.customer_id = f.customer_id
    WHERE l.manager_id IS NOT NULL
    ON CONFLICT (customer_id, origin, made_by, occasion, reference) DO NOTHING"""


def _statement(source: str) -> TextClause:
    types = """
    , typed AS (SELECT CAST(:first AS date), CAST(:last AS date), CAST(:classes AS text[]), CAST(:month_end AS date))"""
    return text(f"WITH {LIVE}, {_GIVEN}{types}, found AS ({source}) {_WRITE}")


_STATEMENTS: Final[Mapping[CareOccasion, TextClause]] = {on: _statement(source) for on, source in SOURCES.items()}
LEADER: Final = 2


async def make_tasks(
    session: AsyncSession,
    trigger: Trigger,
    dues: Sequence[Due],
    keys: Sequence[Mapping[str, object]],
    *,
    minutes: int | None,
    from_day: date,
    now: datetime,
) -> int:
    """Make the tasks of a trigger for the occasions of a night, of customers with a manager; those there stay."""
    to_head = trigger.whose is Whose.BRANCH_HEAD
    said = trigger.model_dump(mode="json", include={"kind", "channel", "purpose", "title_zh", "title_en"})
    values = {
        **said,
        "origin": "after_sale" if trigger.on is CareOccasion.SALE else "trigger",
        "made_by": trigger.code,
        "minutes": minutes,
        "escalation": LEADER if to_head else 0,
        "escalated_on": min(one.starts_on for one in dues) if to_head else None,
        "dues": documents(_document(one) for one in dues),
        "keys": documents(keys),
        "thresholds": documents({"tier": tier, "fen": fen} for tier, fen in trigger.thresholds.items()),
        "first": min(one.occasion for one in dues),
        "last": max(one.occasion for one in dues),
        "classes": list(trigger.product_classes),
        "month_end": last_complete_month(from_day - timedelta(days=1)).last,
        "from_day": from_day,
        "now": now,
    }
    return await changed(session, _STATEMENTS[trigger.on], values)


async def keeps_lunar(session: AsyncSession) -> bool:
    """Tell whether anybody keeps a birthday by the lunar calendar."""
    query = select(col(CarePreference.customer_id)).where(col(CarePreference.birthday) == BirthdayCalendar.LUNAR)
    return (await session.execute(query.limit(1))).first() is not None


def _document(one: Due) -> dict[str, object]:
    return {name: getattr(one, name).isoformat() for name in ("occasion", "starts_on", "due_on")}
