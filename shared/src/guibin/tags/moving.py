"""Tags set by hand or imported follow a customer who becomes one with another; tags by rule follow from the facts."""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, exists, literal, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.changes.repository import note_change
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.tags import repository
from guibin.tags.models import CustomerTag, TagSource

_KEPT: Final = ("tag_code", "source", "value", "since", "version", "set_by", "reason")
_FOLLOW: Final = (TagSource.MANUAL, TagSource.IMPORT)


class TagsParticipant(MergeParticipant):
    """Takes along what was set by hand or imported when customers are merged."""

    name = "tags"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Give the surviving customer what the losing one was given, as it was given; the losing one's tags end.

        What the surviving customer has of the same tag stays instead.
        """
        held = aliased(CustomerTag)
        already = exists().where(
            col(held.customer_id) == merge.surviving_id,
            col(held.tag_code) == col(CustomerTag.tag_code),
            col(held.source).in_(_FOLLOW),
            col(held.until).is_(None),
        )
        lasting = select(
            literal(merge.surviving_id).label("customer_id"), *(col(getattr(CustomerTag, name)) for name in _KEPT)
        ).where(
            col(CustomerTag.customer_id) == merge.losing_id,
            col(CustomerTag.source).in_(_FOLLOW),
            col(CustomerTag.until).is_(None),
            not_(already),
        )
        statement = insert(CustomerTag).from_select(["customer_id", *_KEPT], lasting)
        written = {name: statement.excluded[name] for name in ("until", "set_by", "reason")}
        key = ["customer_id", "tag_code", "source", "value", "since"]
        given = await session.execute(
            statement.on_conflict_do_update(index_elements=key, set_=written).returning(
                *(col(getattr(CustomerTag, name)) for name in repository.TOLD_APART_BY)
            )
        )
        await note_change(session, [merge.surviving_id])
        ended = await repository.end_all_of(session, customer_id=merge.losing_id, day=clock.today())
        return {"given": _listed(given.mappings()), "ended": _listed(ended)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """End what the surviving customer was given; what the losing one had lasts again, by rule until the night."""
        day = clock.today()
        await note_change(session, [merge.surviving_id, merge.losing_id])
        for one in moved["given"]:
            await repository.end_tag(session, _membership(merge.surviving_id, *one), day=day)
        for one in moved["ended"]:
            await repository.end_tag(session, _membership(merge.losing_id, *one), day=None)


def _listed(rows: Iterable[RowMapping]) -> list[list[str]]:
    return sorted([row["tag_code"], row["source"], row["since"].isoformat(), row["value"]] for row in rows)


def _membership(customer_id: UUID, code: str, source: str, since: str, value: str = "") -> repository.OneMembership:
    """Read a membership of a journal; those of old merges name no value."""
    return repository.OneMembership(customer_id, code, source, date.fromisoformat(since), value)


PARTICIPANT: Final = TagsParticipant()
