"""SQL of effects, and of the tags that rules of earning give."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox.events import TagReason
from guibin.points.earning.models import EarningEffect, EffectState
from guibin.points.repository import rows_of
from guibin.tags.announcing import TOLD, entering, leaving
from guibin.tags.models import Tag, TagKind, TagState

# A membership that ended on the same day goes on; one that lasts stays as it was given.
_GIVE_TAGS: Final = text(
    "INSERT INTO customer_tag (customer_id, tag_code, source, since, reason)"
    " SELECT k.customer_id, k.tag_code, 'manual', :day, k.reason"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:tags AS text[]), CAST(:reasons AS text[]))"
    " AS k(customer_id, tag_code, reason)"
    " WHERE NOT EXISTS (SELECT FROM customer_tag h WHERE h.customer_id = k.customer_id AND h.tag_code = k.tag_code"
    " AND h.until IS NULL)"
    " ON CONFLICT (customer_id, tag_code, source, value, since) DO UPDATE SET until = NULL, reason = excluded.reason"
    " WHERE customer_tag.until IS NOT NULL RETURNING customer_id, tag_code, value, version"
).columns(*TOLD)
_END_TAG: Final = text(
    "UPDATE customer_tag SET until = greatest(since, CAST(:day AS date))"
    " WHERE customer_id = :customer AND tag_code = :tag AND source = 'manual' AND since = :since AND until IS NULL"
    " RETURNING customer_id, tag_code, value, version"
).columns(*TOLD)

TagOf = tuple[UUID, str]
"""A customer and a tag."""


async def published_manual_tags(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Return which of some codes are published tags that are set by hand."""
    query = select(Tag.code).where(
        col(Tag.code).in_(set(codes)), Tag.kind == TagKind.MANUAL, Tag.state == TagState.PUBLISHED
    )
    return set((await session.exec(query)).all())


async def give_tags(session: AsyncSession, reasons: dict[TagOf, str], *, day: date) -> set[TagOf]:
    """Give customers tags from a day on, each with its reason, and tell it; returns those that did not have them."""
    keys = sorted(reasons)
    given = _GIVE_TAGS.cte("given")
    rows = await rows_of(
        session,
        select_columns(given.c.customer_id, given.c.tag_code).add_cte(entering(given, TagReason.EARNING)),
        day=day,
        customers=[customer_id for customer_id, _ in keys],
        tags=[code for _, code in keys],
        reasons=[reasons[key] for key in keys],
    )
    return {(row["customer_id"], row["tag_code"]) for row in rows}


async def end_tag(session: AsyncSession, *, customer_id: UUID, code: str, since: date, day: date) -> None:
    """Take from a customer the tag that was given on a day, and tell it; another day is the first without it."""
    ended = _END_TAG.cte("ended")
    statement = select_columns(func.count()).select_from(ended).add_cte(leaving(ended, TagReason.EARNING))
    await session.execute(statement, {"customer": customer_id, "tag": code, "since": since, "day": day})


async def add_effects(session: AsyncSession, effects: Sequence[EarningEffect]) -> None:
    """Note what became of effects."""
    session.add_all(effects)
    await session.flush()


async def effects_of(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> Sequence[EarningEffect]:
    """Return what an entry has done beside its points and what still stands, locked, in order."""
    query = (
        select(EarningEffect)
        .where(
            EarningEffect.customer_id == customer_id,
            EarningEffect.entry_id == entry_id,
            col(EarningEffect.state).in_((EffectState.DONE, EffectState.HAD)),
        )
        .order_by(col(EarningEffect.place))
        .with_for_update()
    )
    return (await session.exec(query)).all()


async def next_in_line(session: AsyncSession, effect: EarningEffect) -> EarningEffect | None:
    """Return the first later effect that found done what this one did, locked."""
    query = (
        select(EarningEffect)
        .where(
            EarningEffect.customer_id == effect.customer_id,
            EarningEffect.kind == effect.kind,
            EarningEffect.subject == effect.subject,
            EarningEffect.state == EffectState.HAD,
        )
        .order_by(col(EarningEffect.made_at), col(EarningEffect.entry_id))
        .limit(1)
        .with_for_update()
    )
    return (await session.exec(query)).first()


def end(effect: EarningEffect, at: datetime) -> None:
    """Note that an effect was taken back."""
    effect.state, effect.ended_at = EffectState.ENDED, at
