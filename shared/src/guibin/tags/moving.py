"""Tags set by hand follow a customer who becomes one with another; tags by rule follow from the facts."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import RowMapping, exists, literal, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.tags import repository
from guibin.tags.models import CustomerTag, TagSource

_KEPT: Final = ("tag_code", "source", "since", "version", "set_by", "reason")


class TagsParticipant(MergeParticipant):
    """Takes the manual tags along when customers are merged."""

    name = "tags"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Give the surviving customer what the losing one has by hand, as it was given; the losing one's tags end."""
        held = aliased(CustomerTag)
        already = exists().where(
            col(held.customer_id) == merge.surviving_id,
            col(held.tag_code) == col(CustomerTag.tag_code),
            col(held.source) == TagSource.MANUAL,
            col(held.until).is_(None),
        )
        lasting = select(
            literal(merge.surviving_id).label("customer_id"), *(col(getattr(CustomerTag, name)) for name in _KEPT)
        ).where(
            col(CustomerTag.customer_id) == merge.losing_id,
            col(CustomerTag.source) == TagSource.MANUAL,
            col(CustomerTag.until).is_(None),
            not_(already),
        )
        statement = insert(CustomerTag).from_select(["customer_id", *_KEPT], lasting)
        written = {name: statement.excluded[name] for name in ("until", "set_by", "reason")}
        key = ["customer_id", "tag_code", "source", "since"]
        given = await session.execute(
            statement.on_conflict_do_update(index_elements=key, set_=written).returning(
                col(CustomerTag.tag_code), col(CustomerTag.source), col(CustomerTag.since)
            )
        )
        ended = await repository.end_all_of(session, customer_id=merge.losing_id, day=clock.today())
        return {"given": _listed(given.mappings()), "ended": _listed(ended)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """End what the surviving customer was given; what the losing one had lasts again, by rule until the night."""
        day = clock.today()
        for code, source, since in moved["given"]:
            await repository.end_tag(session, merge.surviving_id, code, source, date.fromisoformat(since), day=day)
        for code, source, since in moved["ended"]:
            await repository.end_tag(session, merge.losing_id, code, source, date.fromisoformat(since), day=None)


def _listed(rows: Iterable[RowMapping]) -> list[list[str]]:
    return sorted([row["tag_code"], row["source"], row["since"].isoformat()] for row in rows)


PARTICIPANT: Final = TagsParticipant()
