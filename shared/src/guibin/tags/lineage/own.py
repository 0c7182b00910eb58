"""Tags and segments whose own definitions name tags and facts."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags.kinds import read_definition, tags_of
from guibin.tags.lineage.sources import facts_read
from guibin.tags.lineage.users import User
from guibin.tags.models import Tag, TagKind, TagState, TagVersion


class OwnDefinitions:
    """Definitions of tags and segments, in force and drafted."""

    async def list_users(self, session: AsyncSession) -> Sequence[User]:
        """Return the definitions of all tags that are not retired."""
        statement = (
            select(Tag, TagVersion.rule)
            .outerjoin(
                TagVersion, (col(TagVersion.tag_code) == Tag.code) & (col(TagVersion.version) == Tag.published_version)
            )
            .where(Tag.state != TagState.RETIRED, Tag.kind != TagKind.MANUAL)
        )
        rows = (await session.exec(statement)).all()
        return [
            _user(tag, rule, in_force=in_force)
            for tag, published in rows
            for rule, in_force in ((published, True), (tag.draft_rule, False))
            if rule is not None
        ]


def _user(tag: Tag, rule: object, *, in_force: bool) -> User:
    kind = TagKind(tag.kind)
    definition = read_definition(kind, rule)
    return User(
        kind="segment" if kind is TagKind.SEGMENT else "tag",
        code=tag.code,
        name_zh=tag.name_zh,
        name_en=tag.name_en,
        in_force=in_force and tag.state != TagState.SUSPENDED,
        tags=tags_of(definition),
        facts=facts_read(definition),
    )


OWN_DEFINITIONS: Final = OwnDefinitions()
