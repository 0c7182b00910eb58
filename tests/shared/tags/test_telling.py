"""Tags that publish events tell who comes to have them and who has them no more; all others tell nobody."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.changes.models import CustomerWatch
from guibin.customers.changes.repository import note_change, take_changed
from guibin.customers.merging import Merge
from guibin.outbox.events import EVENTS, EventName
from guibin.outbox.models import OutboxEvent
from guibin.points.earning.effect_repository import end_tag, give_tags
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from guibin.tags.imports.models import ImportMode, KeyKind
from guibin.tags.imports.rules import ImportRow
from guibin.tags.imports.service import ImportTerms, import_values
from guibin.tags.live.service import judge_changed, sweep
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagKind, TagSource, TagState, TagVersion, UpdatePolicy
from guibin.tags.moving import PARTICIPANT
from guibin.tags.repository import get_tag
from guibin.tags.segments.models import PinSide, SegmentPin
from guibin.tags.segments.moving import PARTICIPANT as PINS
from guibin.tags.service import keep_tags, retire_tag, run_night
from support.tagging import (
    DAY,
    MAKER,
    MILLION,
    add_branch,
    add_customer_with_facts,
    add_manual_tag,
    add_rule_in_force,
    add_tag,
)

EVERYBODY = Scope(whole_bank=True)
RICH: dict[str, Any] = {"fact": "aum_mda", "op": ">=", "value": "1000000.00"}
LEVEL: dict[str, Any] = {
    "values": [
        {"value": "high", "name_zh": "高", "name_en": "High", "when": RICH},
        {"value": "low", "name_zh": "低", "name_en": "Low", "when": {"fact": "aum_mda", "op": "<", "value": "1.00"}},
    ]
}

Told = tuple[str, str, str | None, str, int | None]


async def taken(session: AsyncSession) -> list[tuple[OutboxEvent, dict[str, Any]]]:
    """Return the events of tags and segments since the last call, which takes them away, and what each says."""
    query = select(OutboxEvent).where(col(OutboxEvent.type).regexp_match(r"^(tag|segment)\."))
    rows = (await session.exec(query)).all()
    found = [(row, EVENTS[EventName(row.type)].model_validate(row.payload).payload()) for row in rows]
    for row in rows:
        await session.delete(row)
    await session.flush()
    return found


async def told(session: AsyncSession) -> list[Told]:
    """Return type, tag, value, subject and version of the events since the last call."""
    events = await taken(session)
    return sorted(
        ((row.type, said["tag"], said["value"], row.subject, said["version"]) for row, said in events), key=str
    )


async def told_of(session: AsyncSession, customers: Sequence[UUID]) -> list[str]:
    """Return in words what the events since the last call tell: number of the customer, tag and value, reason."""
    found = []
    for row, said in await taken(session):
        assert row.customer_id is not None
        assert row.subject == to_public("cus", row.customer_id)
        kind, _, moved = row.type.partition(".")
        held = said[kind] if said.get("value") is None else f"{said[kind]}={said['value']}"
        words = f"{'enters' if moved == 'entered' else 'leaves'} {held}: {said['reason']} {said['version']}"
        found.append(f"{customers.index(row.customer_id)} {words}")
    return sorted(found)


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
    wiring.connect()
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


async def test_an_import_tells_who_comes_to_have_a_value_or_has_it_no_more_and_not_whom_it_confirms(
    session: AsyncSession,
) -> None:
    branch, keys = await add_branch(session), KeyRing(KeyMaterial.generate())
    customers = [await add_customer_with_facts(session, branch) for _ in range(3)]
    for code in ("churn", "silent"):
        tag = await add_rule_in_force(session, code, {"values": [{"value": "high"}, {"value": "low"}]}, version=4)
        tag.kind, tag.value_days, tag.publishes_events = TagKind.MODEL, 30, code == "churn"
    await session.flush()

    async def sent(*values: str | None, mode: ImportMode = ImportMode.DELTA) -> list[str]:
        rows = [ImportRow(to_public("cus", one), value) for one, value in zip(customers, values, strict=False) if value]
        for code in ("churn", "silent"):
            tag, terms = await get_tag(session, code=code), ImportTerms(KeyKind.CUSTOMER, mode)
            await import_values(session, EVERYBODY, keys, tag, actor=MAKER, terms=terms, rows=rows)
        return await told_of(session, customers)

    with clock.fixed_at(clock.start_of_day(DAY)):
        assert await sent("high", "high", "low") == [
            *("0 enters churn=high: import 4", "1 enters churn=high: import 4", "2 enters churn=low: import 4"),
        ]
        session.add(CustomerWatch(watcher="tags"))
        assert await sent("high", "high") == []
        assert await take_changed(session, limit=10) == []
        changed = ["0 enters churn=low: import 4", "0 leaves churn=high: import 4"]
        assert await sent("low") == changed
        assert await take_changed(session, limit=10) == [customers[0]] * 2
        assert await sent("high") == ["0 enters churn=high: import 4", "0 leaves churn=low: import 4"]
        assert await sent("low", None, "low", mode=ImportMode.FULL) == [*changed, "1 leaves churn=high: import 4"]
    with clock.fixed_at(clock.start_of_day(DAY + timedelta(days=29))):
        assert await sent("low") == []
    for day in (29, 30, 30):
        await keep_tags(session, day=DAY + timedelta(days=day))
    assert await told_of(session, customers) == ["2 leaves churn=low: expired 4"]


async def test_what_rules_of_earning_give_and_take_back_is_told_and_who_has_it_already_does_not_come_to_have_it(
    session: AsyncSession,
) -> None:
    branch = await add_branch(session)
    customers = [await add_customer_with_facts(session, branch) for _ in range(2)]
    for code in ("golf", "silent"):
        await add_manual_tag(session, code)
    await publish_events(session, "golf")
    wanted = {(one, code): "spent" for one in customers for code in ("golf", "silent")}
    for expected in (["0 enters golf: earning None", "1 enters golf: earning None"], []):
        await give_tags(session, wanted, day=DAY)
        assert await told_of(session, customers) == expected
    for expected in (["1 leaves golf: earning None"], []):
        await end_tag(session, customer_id=customers[1], code="golf", since=DAY, day=DAY + timedelta(days=1))
        assert await told_of(session, customers) == expected


async def test_a_merge_tells_what_the_survivor_comes_to_have_and_its_undo_the_opposite(
    session: AsyncSession,
) -> None:
    branch, day = await add_branch(session), DAY + timedelta(days=1)
    customers = [await add_customer_with_facts(session, branch, aum_mda_fen=MILLION) for _ in range(2)]
    loser, survivor = customers
    await add_rule_in_force(session, "rich", RICH)
    await add_tag(session, "churn", kind=TagKind.IMPORTED, state=TagState.PUBLISHED)
    for code in ("golf", "tea", "silent", "retiring"):
        await add_manual_tag(session, code)
    for code in ("spring", "summer", "autumn", "winter"):
        await add_tag(session, code, kind=TagKind.SEGMENT, state=TagState.PUBLISHED, published_version=2)
    loud = (col(Tag.code) != "silent", col(Tag.kind) != TagKind.SEGMENT)
    await session.execute(update(Tag).where(*loud).values(publishes_events=True))
    by_hand, by_rule, imported = TagSource.MANUAL, TagSource.RULE, TagSource.IMPORT
    expires: dict[str, Any] = {"confirmed_on": DAY, "expires_on": day}
    for one, code, source, more in (
        *((loser, "golf", by_hand, expires), (loser, "silent", by_hand, {}), (loser, "retiring", by_hand, {})),
        *((loser, "tea", by_hand, {}), (survivor, "tea", by_hand, {})),
        *((loser, "rich", by_rule, {"version": 1}), (survivor, "rich", by_rule, {"version": 1})),
        (loser, "churn", imported, {"value": "high", "version": 3, "import_id": MAKER.id} | expires),
        *((loser, "spring", by_hand, {}), (loser, "spring", by_rule, {"version": 2})),
        *((loser, "autumn", by_hand, {}), (survivor, "autumn", by_rule, {"version": 2})),
        *((loser, "winter", by_hand, {}), (survivor, "summer", by_rule, {"version": 2})),
    ):
        session.add(CustomerTag(customer_id=one, tag_code=code, source=source, since=DAY, **more))
    pinned: dict[str, Any] = {"since": DAY, "side": PinSide.OUT, "set_by": MAKER.id, "reason": "asked for"}
    for one, code in ((survivor, "winter"), (loser, "summer")):
        session.add(SegmentPin(customer_id=one, tag_code=code, **pinned))
    await session.flush()
    merge = Merge(new_id(), loser, survivor, MAKER.id, DAY)

    with clock.fixed_at(clock.start_of_day(DAY)):
        moved = await PARTICIPANT.move(session, merge)
        moves = ["churn=high: merged 3", "golf: merged None", "retiring: merged None"]
        assert await told_of(session, customers) == [
            *("0 leaves autumn: merged 2", f"0 leaves {moves[0]}", f"0 leaves {moves[1]}", f"0 leaves {moves[2]}"),
            *("0 leaves rich: merged 1", "0 leaves spring: merged 2", "0 leaves tea: merged None"),
            "0 leaves winter: merged 2",
            *(f"1 enters {move}" for move in moves),
            "1 enters spring: merged 2",
        ]
        pins_moved = await PINS.move(session, merge)
        assert await told_of(session, customers) == ["1 leaves summer: merged 2"]
        retiring = await get_tag(session, code="retiring")
        assert await retire_tag(session, retiring, actor=MAKER, reason="not used") == 1
        assert await told_of(session, customers) == []  # the definition went, not the customer
        await PARTICIPANT.give_back(session, merge, moved)
        await PINS.give_back(session, merge, pins_moved)
        assert await told_of(session, customers) == [
            *("0 enters autumn: parted 2", "0 enters churn=high: parted 3", "0 enters golf: parted None"),
            *("0 enters rich: parted 1", "0 enters spring: parted 2", "0 enters tea: parted None"),
            "0 enters winter: parted 2",
            *("1 leaves churn=high: parted 3", "1 leaves golf: parted None", "1 leaves spring: parted 2"),
        ]
        await PARTICIPANT.move(session, merge)
        await told_of(session, customers)
        assert await retire_tag(session, await get_tag(session, code="spring"), actor=MAKER, reason="over") == 1
        assert await told_of(session, customers) == ["1 leaves spring: retired 2"]
    assert await keep_tags(session, day=day) == {"expired": 2, "retired": 0, "frozen": 0}
    assert await told_of(session, customers) == ["1 leaves churn=high: expired 3", "1 leaves golf: expired None"]


async def test_of_a_sensitive_tag_nobody_can_be_told(session: AsyncSession) -> None:
    with pytest.raises(IntegrityError, match="sensitive_tells_nobody"):
        await add_tag(session, "ill", state=TagState.PUBLISHED, sensitivity="sensitive", publishes_events=True)
