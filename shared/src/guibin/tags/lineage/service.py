"""What hangs on a tag is looked at before the tag goes, and tags that nobody uses go by themselves."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.security.actors import Actor
from guibin.tags.errors import TagInUse
from guibin.tags.lineage import repository
from guibin.tags.lineage.models import TagPolicy
from guibin.tags.lineage.users import User, tags_in_use, users_of_tags
from guibin.tags.models import Tag, TagKind, TagState


async def decided_by(session: AsyncSession, code: str) -> list[User]:
    """Return what decides by a tag now."""
    return [user for user in await users_of_tags(session, [code]) if user.in_force]


async def refuse_in_use(session: AsyncSession, code: str) -> None:
    """Let nothing take away a tag by which something decides.

    Raises:
        TagInUse: something does; it lists what.
    """
    users = await decided_by(session, code)
    if users:
        raise TagInUse(users=[user.label for user in users])


async def dead_tags(session: AsyncSession, *, day: date) -> Sequence[Tag]:
    """Return, locked, the tags that the policy counts as dead on a day."""
    policy = await repository.get_policy(session)
    if policy.unused_days is None:
        return []
    in_use = await tags_in_use(session)
    return await repository.lock_dead(session, day=day, unused_days=policy.unused_days, among=in_use)


async def freezes_on(session: AsyncSession, tag: Tag, last_used: date | None) -> date | None:
    """Return the night that freezes a tag unless somebody uses it or something comes to decide by it.

    None for a segment, for what is not published, and where the policy freezes nothing.
    """
    unused_days = (await repository.get_policy(session)).unused_days
    known = [day for day in (tag.live_since, last_used) if day is not None]
    if unused_days is None or tag.live_since is None or tag.state != TagState.PUBLISHED or tag.kind == TagKind.SEGMENT:
        return None
    return max(known) + timedelta(days=unused_days)


async def change_policy(session: AsyncSession, policy: TagPolicy, *, actor: Actor, **changes: int | None) -> TagPolicy:
    """Replace the policy, which is locked or not there yet."""
    before = policy.model_dump(exclude={"id"})
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.revision += 1
    session.add(policy)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="tag_policy.change",
        object_type="tag_policy",
        object_id="-",
        before=before,
        after=policy.model_dump(exclude={"id"}),
    )
    return policy
