"""Tags that publish events tell who comes to have them and who has them no more; all others tell nobody."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.changes.repository import note_change
from guibin.outbox.events import EVENTS, EventName
from guibin.outbox.models import OutboxEvent
from guibin.tags.live.service import judge_changed, sweep
from guibin.tags.models import CustomerFact, Tag, TagKind, TagState, TagVersion, UpdatePolicy
from guibin.tags.service import run_night
from support.tagging import DAY, MILLION, add_branch, add_customer_with_facts, add_rule_in_force, add_tag

RICH: dict[str, Any] = {"fact": "aum_mda", "op": ">=", "value": "1000000.00"}
LEVEL: dict[str, Any] = {
    "values": [
        {"value": "high", "name_zh": "高", "name_en": "High", "when": RICH},
        {"value": "low", "name_zh": "低", "name_en": "Low", "when": {"fact": "aum_mda", "op": "<", "value": "1.00"}},
    ]
}

Told = tuple[str, str, str | None, str, int | None]


async def told(session: AsyncSession) -> list[Told]:
    """Return type, tag, value, subject and version of the events since the last call, which takes them away."""
    query = select(OutboxEvent).where(col(OutboxEvent.type).in_(("tag.entered", "tag.left")))
    rows = (await session.exec(query)).all()
    found = []
    for row in rows:
        payload = EVENTS[EventName(row.type)].model_validate(row.payload).payload()
        found.append((row.type, payload["tag"], payload["value"], row.subject, payload["version"]))
        await session.delete(row)
    await session.flush()
    return sorted(found, key=str)


async def publish_events(session: AsyncSession, code: str) -> None:
    await session.execute(update(Tag).where(col(Tag.code) == code).values(publishes_events=True))


async def test_the_first_run_of_a_version_tells_nobody_and_every_change_after_it_is_told_once(
    session: AsyncSession,
) -> None:
    branch = await add_branch(session)
    first, second = [await add_customer_with_facts(session, branch, aum_mda_fen=MILLION) for _ in range(2)]
    subjects = [to_public("cus", one) for one in (first, second)]
    for code, kind, rule in (("rich", TagKind.RULE, RICH), ("level", TagKind.VALUES, LEVEL)):
        await add_rule_in_force(session, code, rule)
        await session.execute(update(Tag).where(col(Tag.code) == code).values(kind=kind))
        await publish_events(session, code)
    await add_rule_in_force(session, "silent", RICH)

    async def night(day: date, **facts: Any) -> list[Told]:
        if facts:
            changed = update(CustomerFact).where(col(CustomerFact.customer_id) == first)
            number = (day - DAY).days + 10
            await session.execute(changed.values(**facts, changed_in=number))
        for _ in range(2):
            await run_night(session, day=day)
        return await told(session)

    assert await night(DAY) == []
    assert await night(DAY + timedelta(days=1), aum_mda_fen=0) == [
        ("tag.entered", "level", "low", subjects[0], 1),
        ("tag.left", "level", "high", subjects[0], 1),
        ("tag.left", "rich", None, subjects[0], 1),
    ]
    session.add(TagVersion(tag_code="rich", version=2, rule={"not": RICH}, published_at=clock.now()))
    await session.flush()
    await session.execute(update(Tag).where(col(Tag.code) == "rich").values(published_version=2))
    assert await night(DAY + timedelta(days=2)) == []
    assert await night(DAY + timedelta(days=3), aum_mda_fen=MILLION) == [
        ("tag.entered", "level", "high", subjects[0], 1),
        ("tag.left", "level", "low", subjects[0], 1),
        ("tag.left", "rich", None, subjects[0], 2),
    ]


async def test_a_tag_in_real_time_tells_from_the_second_day_after_its_publication_on(session: AsyncSession) -> None:
    branch = await add_branch(session)
    rule = {"fact": "tier", "op": "missing"}
    begun = clock.start_of_day(DAY)

    async def judged(days: int, customers: list[UUID]) -> list[Told]:
        with clock.fixed_at(begun + timedelta(days=days, hours=10)):
            await note_change(session, customers)
            await judge_changed(session, limit=10)
            await sweep(session)
            return await told(session)

    with clock.fixed_at(begun):
        tag = await add_rule_in_force(session, "untiered", rule)
        tag.update_policy, tag.publishes_events = UpdatePolicy.REAL_TIME, True
        await session.flush()
    early, late = [await add_customer_with_facts(session, branch) for _ in range(2)]
    assert await judged(1, [early]) == []
    new = await add_customer_with_facts(session, branch)
    assert late != new
    assert await judged(2, [new]) == [("tag.entered", "untiered", None, to_public("cus", new), 1)]


async def test_of_a_sensitive_tag_nobody_can_be_told(session: AsyncSession) -> None:
    with pytest.raises(IntegrityError, match="sensitive_tells_nobody"):
        await add_tag(session, "ill", state=TagState.PUBLISHED, sensitivity="sensitive", publishes_events=True)
