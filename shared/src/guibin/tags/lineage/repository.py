"""All SQL about the use of tags."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags.lineage.models import TagPolicy, TagUse, UseWay
from guibin.tags.models import Tag, TagKind, TagState


@dataclass(frozen=True, slots=True)
class Used:
    """How a tag was used over some days: times by way, and by how many people in all."""

    times: dict[str, int]
    people: int


UNUSED_DAYS: Final = 30
"""After how many days without use a tag is frozen where nobody has set a policy."""

ONCE_A_DAY: Final = frozenset({UseWay.SHOWN})
"""Ways that count once for each tag, person and day."""


async def record_use(session: AsyncSession, codes: Collection[str], way: UseWay, *, staff_id: UUID, day: date) -> None:
    """Count that somebody used tags; codes that are no tags count nothing."""
    if not codes:
        return
    found = sorted((await session.exec(select(Tag.code).where(col(Tag.code).in_(codes)))).all())
    if not found:
        return
    rows = [{"tag_code": code, "used_on": day, "way": way, "staff_id": staff_id, "times": 1} for code in found]
    statement = insert(TagUse).values(rows)
    key = ["tag_code", "used_on", "way", "staff_id"]
    if way in ONCE_A_DAY:
        await session.execute(statement.on_conflict_do_nothing(index_elements=key))
        return
    more = {"times": col(TagUse.times) + statement.excluded.times}
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=more))


async def last_use(session: AsyncSession, *, code: str) -> date | None:
    """Return the last day on which anybody used a tag; None if nobody ever did."""
    return (await session.exec(select(func.max(TagUse.used_on)).where(TagUse.tag_code == code))).one()


async def use_since(session: AsyncSession, *, code: str, day: date) -> Used:
    """Return how a tag was used from a day on."""
    of_tag = (col(TagUse.tag_code) == code, col(TagUse.used_on) >= day)
    times = select_columns(col(TagUse.way), func.sum(col(TagUse.times))).where(*of_tag).group_by(col(TagUse.way))
    people = select_columns(func.count(func.distinct(col(TagUse.staff_id)))).where(*of_tag)
    by_way = {way: int(count) for way, count in (await session.execute(times)).all()}
    return Used(by_way, (await session.execute(people)).scalar_one())


async def get_policy(session: AsyncSession, *, lock: bool = False) -> TagPolicy:
    """Return the policy, locked for a change if asked; the defaults where nobody has set one."""
    statement = select(TagPolicy)
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    return found or TagPolicy(unused_days=UNUSED_DAYS)


async def lock_dead(session: AsyncSession, *, day: date, unused_days: int, among: Collection[str]) -> Sequence[Tag]:
    """Return, locked, published tags that nobody has used for so many days, and that were not published since.

    `among` are tags by which something decides: these are in use whatever anybody looks at.
    """
    since = day - timedelta(days=unused_days)
    used = select_columns(col(TagUse.tag_code)).where(col(TagUse.used_on) > since)
    statement = (
        select(Tag)
        .where(
            Tag.state == TagState.PUBLISHED,
            Tag.kind != TagKind.SEGMENT,
            col(Tag.live_since) <= since,
            col(Tag.code).not_in(used),
            col(Tag.code).not_in(among),
        )
        .order_by(col(Tag.code))
        .with_for_update()
    )
    return (await session.exec(statement)).all()
