"""Which tags the terms of rights name, for those who ask before a tag goes."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights import terms
from guibin.rights.models import RightsItem, RightState
from guibin.tags.lineage.users import User


class RightsOnOffer:
    """Rights whose prices, visibility or eligibility are for holders of tags."""

    async def list_users(self, session: AsyncSession) -> Sequence[User]:
        """Return the terms of all rights, in force and drafted."""
        items = (await session.exec(select(RightsItem))).all()
        return [
            User("right", item.code, item.name_zh, item.name_en, in_force, tags=frozenset(terms.tags_named(document)))
            for item in items
            for document, in_force in (
                (terms.document_of(item), item.state == RightState.PUBLISHED),
                (item.draft_terms, False),
            )
            if document is not None
        ]


RIGHTS_ON_OFFER: Final = RightsOnOffer()
