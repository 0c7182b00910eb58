"""All SQL about tags, except what the compiler makes of rules."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CTE, ScalarSelect, and_, exists, func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.outbox.events import SegmentReason, TagReason
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows
from guibin.tags.announcing import TOLD, leaving, leaving_segments
from guibin.tags.matching import percent_of
from guibin.tags.models import (
    COMPUTED,
    CustomerFact,
    CustomerTag,
    Sensitivity,
    Tag,
    TagAxis,
    TagCategory,
    TagKind,
    TagSource,
    TagState,
    TagVersion,
    UpdatePolicy,
)
from guibin.tags.sensitivity import lasts_on, may_be_shown

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
NOBODY: Final = Scope.nothing()
LEAST_COUNTED: Final = 20
"""A count over fewer customers could tell of one of them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A tag of a customer."""

    tag: Tag
    membership: CustomerTag


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the customers in scope have a tag."""

    members: int
    customers: int

    @property
    def percent(self) -> float:
        """The share, in per cent with two places; 0 of none."""
        return percent_of(self.members, self.customers)

    @property
    def tells_of_nobody(self) -> bool:
        """Whether both who has it and who has it not are too many to tell of anyone."""
        return min(self.members, self.customers - self.members) >= LEAST_COUNTED


async def get_tag(session: AsyncSession, *, code: str, lock: bool = False) -> Tag:
    """Return a tag, locked for a change if asked.

    Raises:
        NotFound: there is none.
    """
    statement = select(Tag).where(Tag.code == code)
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_tags(
    session: AsyncSession,
    *,
    limit: int,
    after: str | None = None,
    kind: TagKind | None = None,
    axis: TagAxis | None = None,
    state: TagState | None = None,
    category: str | None = None,
) -> Sequence[Tag]:
    """Return tags in the order of their codes; segments only if that kind is asked for."""
    statement = select(Tag).order_by(col(Tag.code)).limit(limit)
    if category is not None:
        statement = statement.where(col(Tag.category_code).in_(_within(category)))
    if kind is None:
        statement = statement.where(Tag.kind != TagKind.SEGMENT)
    for column, value in ((Tag.kind, kind), (Tag.axis, axis), (Tag.state, state)):
        if value is not None:
            statement = statement.where(column == value)
    return (await session.exec(statement if after is None else statement.where(col(Tag.code) > after))).all()


async def names_of_others(session: AsyncSession, *, code: str) -> list[str]:
    """Return the names, in both languages, of all tags but one."""
    rows = (await session.exec(select(Tag.name_zh, Tag.name_en).where(Tag.code != code))).all()
    return [name for row in rows for name in row]


async def insert_tag(session: AsyncSession, tag: Tag) -> bool:
    """Insert a tag; False when its code is taken."""
    statement = insert(Tag).values(tag.model_dump()).on_conflict_do_nothing().returning(col(Tag.code))
    return (await session.execute(statement)).one_or_none() is not None


async def next_version(session: AsyncSession, *, code: str) -> int:
    """Return the number of a tag's next version; the caller holds the tag's lock."""
    highest = (await session.exec(select(func.max(TagVersion.version)).where(TagVersion.tag_code == code))).one()
    return (highest or 0) + 1


async def list_versions(
    session: AsyncSession, *, code: str, limit: int, before: int | None = None
) -> Sequence[TagVersion]:
    """Return the published versions of a tag, newest first."""
    statement = (
        select(TagVersion).where(TagVersion.tag_code == code).order_by(col(TagVersion.version).desc()).limit(limit)
    )
    return (await session.exec(statement if before is None else statement.where(TagVersion.version < before))).all()


async def find_version(session: AsyncSession, tag: Tag) -> TagVersion | None:
    """Return the version in force of a tag; None when it has none."""
    if tag.published_version is None:
        return None
    return await session.get(TagVersion, (tag.code, tag.published_version))


async def version_before(session: AsyncSession, *, code: str, moment: datetime) -> TagVersion | None:
    """Return the latest version of a tag that was published before a moment; None before the first."""
    statement = (
        select(TagVersion)
        .where(TagVersion.tag_code == code, TagVersion.published_at < moment)
        .order_by(col(TagVersion.version).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def list_versions_in_force(
    session: AsyncSession, *, policy: UpdatePolicy = UpdatePolicy.DAILY
) -> Sequence[tuple[Tag, TagVersion]]:
    """Return every tag of an update policy that may be given with its version in force, in the order of the codes."""
    statement = (
        select(Tag, TagVersion)
        .join(Tag, (col(Tag.code) == TagVersion.tag_code) & (col(Tag.published_version) == TagVersion.version))
        .where(
            col(Tag.kind).in_(COMPUTED),
            col(Tag.state).not_in({TagState.SUSPENDED, TagState.RETIRED}),
            Tag.update_policy == policy,
        )
        .order_by(col(Tag.code))
    )
    return (await session.exec(statement)).all()


async def usable_codes(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Return those of some codes that are tags, and not retired."""
    statement = select(Tag.code).where(col(Tag.code).in_(codes), Tag.state != TagState.RETIRED)
    return set((await session.exec(statement)).all())


async def list_rules_of_others(session: AsyncSession, *, code: str) -> list[tuple[str, str, list[object]]]:
    """Return for all tags but one that are not retired kind and definitions that they have: drafted, and in force."""
    statement = (
        select(Tag.code, Tag.kind, Tag.draft_rule, TagVersion.rule)
        .outerjoin(TagVersion, (col(TagVersion.tag_code) == Tag.code) & (TagVersion.version == Tag.published_version))
        .where(Tag.code != code, Tag.state != TagState.RETIRED)
    )
    rows = (await session.exec(statement)).all()
    return [(other, kind, [rule for rule in (draft, in_force) if rule]) for other, kind, draft, in_force in rows]


async def list_held(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date, sensitive_in: Scope = NOBODY
) -> list[Held]:
    """Return the tags that a customer has on a day and that may be shown, in the order of their codes."""
    statement = (
        select(Tag, CustomerTag)
        .join(CustomerTag, col(CustomerTag.tag_code) == Tag.code)
        .where(
            CustomerTag.customer_id == customer_id,
            lasts_on(day),
            visible(scope, col(CustomerTag.customer_id)),
            may_be_shown(col(CustomerTag.customer_id), sensitive_in),
        )
        .order_by(col(Tag.code), col(CustomerTag.since), col(CustomerTag.value))
    )
    return [Held(tag, membership) for tag, membership in (await session.exec(statement)).all()]


async def find_memberships(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, code: str, day: date | None = None
) -> Sequence[CustomerTag]:
    """Return what a customer has of a tag now, or had on a day, value by value; nothing when it is out of scope."""
    until = col(CustomerTag.until)
    lasts = until.is_(None) if day is None else and_(col(CustomerTag.since) <= day, or_(until.is_(None), until > day))
    statement = (
        select(CustomerTag)
        .where(
            CustomerTag.customer_id == customer_id,
            CustomerTag.tag_code == code,
            lasts,
            visible(scope, col(CustomerTag.customer_id)),
        )
        .order_by(col(CustomerTag.since), col(CustomerTag.value))
    )
    return (await session.exec(statement)).all()


async def put_manual(session: AsyncSession, membership: CustomerTag) -> bool:
    """Begin a membership by hand; one that ended on the same day goes on instead. False where one lasts already."""
    values = membership.model_dump()
    statement = insert(CustomerTag).values(values)
    key = ("customer_id", "tag_code", "source", "value", "since")
    written = {name: statement.excluded[name] for name in values if name not in key}
    ended = col(CustomerTag.until).is_not(None)
    statement = statement.on_conflict_do_update(index_elements=key, set_=written, where=ended)
    return (await session.execute(statement.returning(col(CustomerTag.customer_id)))).one_or_none() is not None


async def end_manual(session: AsyncSession, *, code: str, day: date, customer_id: UUID) -> bool:
    """End what a customer has of a tag by hand; a day is the first without it. False where they have it not."""
    ended = (
        update(CustomerTag)
        .where(
            col(CustomerTag.customer_id) == customer_id,
            col(CustomerTag.tag_code) == code,
            col(CustomerTag.source) == TagSource.MANUAL,
            col(CustomerTag.until).is_(None),
        )
        .values(until=func.greatest(col(CustomerTag.since), day))
        .returning(col(CustomerTag.customer_id))
    )
    async with all_rows(session):
        return bool((await session.execute(ended)).all())


async def end_retired(session: AsyncSession, *, code: str, day: date) -> int:
    """End every membership of a tag that is retired; of a segment it is told. Returns how many ended."""
    ended = (
        update(_MEMBERSHIP)
        .where(_MEMBERSHIP.c.tag_code == code, _MEMBERSHIP.c.until.is_(None))
        .values(until=func.greatest(_MEMBERSHIP.c.since, day))
        .returning(*TOLD)
        .cte("ended")
    )
    return await _count(session, ended, leaving_segments(ended, SegmentReason.RETIRED))


async def end_expired(session: AsyncSession, *, day: date) -> int:
    """End what was to be confirmed again by a day and was not, and tell it. Returns how many memberships ended."""
    ended = (
        update(_MEMBERSHIP)
        .where(_MEMBERSHIP.c.until.is_(None), _MEMBERSHIP.c.expires_on <= day)
        .values(until=func.greatest(_MEMBERSHIP.c.since, _MEMBERSHIP.c.expires_on))
        .returning(*TOLD)
        .cte("ended")
    )
    return await _count(session, ended, leaving(ended, TagReason.EXPIRED))


async def _count(session: AsyncSession, rows: CTE, told: CTE) -> int:
    async with all_rows(session):
        statement = select(func.count()).select_from(rows).add_cte(told)
        found: int = (await session.execute(statement)).scalar_one()
    return found


async def lock_due_to_retire(session: AsyncSession, *, day: date) -> Sequence[Tag]:
    """Return the suspended tags that were announced to retire by a day, locked."""
    statement = (
        select(Tag)
        .where(Tag.state == TagState.SUSPENDED, col(Tag.retires_on) <= day)
        .order_by(col(Tag.code))
        .with_for_update()
    )
    return (await session.exec(statement)).all()


async def list_announced(session: AsyncSession, *, day: date) -> list[str]:
    """Return the codes of the tags that were suspended on a day with an end announced."""
    statement = select(Tag.code).where(
        Tag.state == TagState.SUSPENDED, Tag.suspended_on == day, col(Tag.retires_on).is_not(None)
    )
    return list((await session.exec(statement.order_by(col(Tag.code)))).all())


async def sensitive_among(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Return those of some codes that are sensitive tags."""
    statement = select(Tag.code).where(col(Tag.code).in_(codes), Tag.sensitivity == Sensitivity.SENSITIVE)
    return set((await session.exec(statement)).all()) if codes else set()


async def list_categories(session: AsyncSession) -> Sequence[TagCategory]:
    """Return all categories, in the order of their codes."""
    return (await session.exec(select(TagCategory).order_by(col(TagCategory.code)))).all()


async def insert_category(session: AsyncSession, category: TagCategory) -> bool:
    """Insert a category; False when its code is taken."""
    statement = insert(TagCategory).values(category.model_dump()).on_conflict_do_nothing()
    return (await session.execute(statement.returning(col(TagCategory.code)))).one_or_none() is not None


def _within(category: str) -> ScalarSelect[str]:
    """Select the codes of a category and of all below it."""
    below = select(TagCategory.code).where(TagCategory.code == category).cte("below", recursive=True)
    below = below.union_all(select(TagCategory.code).join(below, col(TagCategory.parent_code) == below.c.code))
    return select(below.c.code).scalar_subquery()


async def count_reach(session: AsyncSession, scope: Scope, *, code: str) -> Reach:
    """Count the customers in scope who have a tag now."""
    seen = visible(scope, col(CustomerFact.customer_id), col(CustomerFact.branch_id))
    customers = (
        select(func.count())
        .select_from(CustomerFact)
        .join(Customer, col(Customer.id) == CustomerFact.customer_id)
        .where(col(Customer.merged_into).is_(None), seen)
    )
    members = customers.where(
        exists().where(
            col(CustomerTag.customer_id) == CustomerFact.customer_id,
            col(CustomerTag.tag_code) == code,
            col(CustomerTag.until).is_(None),
        )
    )
    return Reach((await session.exec(members)).one(), (await session.exec(customers)).one())


async def count_everybody(session: AsyncSession) -> int:
    """Count the customers whom a run of the rules looks at."""
    async with all_rows(session):
        return (await session.exec(select(func.count()).select_from(CustomerFact))).one()


async def count_in_aggregate(session: AsyncSession, *, code: str) -> Reach | None:
    """Count over everybody, for somebody who may see counts and no rows; None when the count could tell of someone."""
    async with all_rows(session):
        reach = await count_reach(session, Scope(whole_bank=True), code=code)
    return reach if reach.tells_of_nobody else None


async def facts_as_of(session: AsyncSession, *, customer_id: UUID | None = None) -> date | None:
    """Return the latest day to which facts have been brought, of all or of one customer; None before the first run."""
    statement = select(func.max(CustomerFact.as_of))
    if customer_id is not None:
        statement = statement.where(CustomerFact.customer_id == customer_id)
    async with all_rows(session):
        return (await session.exec(statement)).one()
