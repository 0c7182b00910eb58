"""Tags set by hand follow a customer who becomes one with another; tags by rule follow from the facts."""

from typing import Final
from uuid import UUID

from sqlalchemy import exists, literal, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.tags import repository
from guibin.tags.models import CustomerTag, TagSource

_KEPT: Final = ("tag_code", "source", "since", "version", "set_by", "reason")


class TagsMover:
    """Takes the manual tags along when customers are merged."""

    async def move(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Give the surviving customer what the losing one has by hand, as it was given; the losing one's tags end."""
        held = aliased(CustomerTag)
        already = exists().where(
            col(held.customer_id) == surviving_id,
            col(held.tag_code) == col(CustomerTag.tag_code),
            col(held.source) == TagSource.MANUAL,
            col(held.until).is_(None),
        )
        lasting = select(
            literal(surviving_id).label("customer_id"), *(col(getattr(CustomerTag, name)) for name in _KEPT)
        ).where(
            col(CustomerTag.customer_id) == losing_id,
            col(CustomerTag.source) == TagSource.MANUAL,
            col(CustomerTag.until).is_(None),
            not_(already),
        )
        statement = insert(CustomerTag).from_select(["customer_id", *_KEPT], lasting)
        written = {name: statement.excluded[name] for name in ("until", "set_by", "reason")}
        key = ["customer_id", "tag_code", "source", "since"]
        await session.execute(statement.on_conflict_do_update(index_elements=key, set_=written))
        await repository.end_all_of(session, customer_id=losing_id, day=clock.today())


TAGS_MOVER: Final = TagsMover()
