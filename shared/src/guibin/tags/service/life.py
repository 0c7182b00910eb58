"""The life of a tag after it was published: suspended, taken up again, retired, and what the night does of it."""

from datetime import date, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.security.actors import NIGHTLY_JOB, Actor
from guibin.tags import repository
from guibin.tags.lineage import service as lineage
from guibin.tags.lineage.repository import get_policy
from guibin.tags.models import Tag, TagState
from guibin.tags.service.definitions import resting_state

_ANNOUNCED: Final = "announced when it was suspended"
_UNUSED: Final = "nobody has used it for the days of the policy, and nothing decides by it"


async def suspend_tag(
    session: AsyncSession, tag: Tag, *, actor: Actor, reason: str, retires_in_days: int | None = None
) -> Tag:
    """Freeze a locked tag: no run and nobody gives it; who has it keeps it.

    With `retires_in_days` its end is announced: the night of that day retires it unless it is taken up again.

    Raises:
        StateConflict: it is not published.
    """
    if tag.state != TagState.PUBLISHED:
        raise StateConflict(**{"from": tag.state, "to": TagState.SUSPENDED})
    tag.suspended_on = clock.today()
    tag.retires_on = None if retires_in_days is None else tag.suspended_on + timedelta(days=retires_in_days)
    await _turn(session, tag, TagState.SUSPENDED, "tag.suspend", actor, reason)
    return tag


async def resume_tag(session: AsyncSession, tag: Tag, *, actor: Actor, reason: str) -> Tag:
    """Take a locked tag that is suspended up again.

    Raises:
        StateConflict: it is not suspended.
    """
    if tag.state != TagState.SUSPENDED:
        raise StateConflict(**{"from": tag.state, "to": TagState.PUBLISHED})
    tag.suspended_on = tag.retires_on = None
    tag.live_since = clock.today()
    await _turn(session, tag, resting_state(tag), "tag.resume", actor, reason)
    return tag


async def retire_tag(session: AsyncSession, tag: Tag, *, actor: Actor, reason: str) -> int:
    """Take a locked tag out of use: its memberships end today, its history stays. Returns how many ended.

    Raises:
        StateConflict: the tag is retired already.
        TagInUse: something decides by it.
    """
    if tag.state == TagState.RETIRED:
        raise StateConflict(**{"from": tag.state, "to": TagState.RETIRED})
    await lineage.refuse_in_use(session, tag.code)
    tag.suspended_on = tag.retires_on = None
    ended = await repository.end_retired(session, code=tag.code, day=clock.today())
    await _turn(session, tag, TagState.RETIRED, "tag.retire", actor, reason, ended=ended)
    return ended


async def keep_tags(session: AsyncSession, *, day: date) -> dict[str, int]:
    """End what has expired by a day, retire what was announced for it, and freeze tags that nobody uses.

    What something decides by again, or still, stays suspended. Returns the counts `expired`, `retired`, `frozen`.
    """
    expired = await repository.end_expired(session, day=day)
    due = await repository.lock_due_to_retire(session, day=day)
    retired = [tag for tag in due if not await lineage.decided_by(session, tag.code)]
    for tag in retired:
        await retire_tag(session, tag, actor=NIGHTLY_JOB, reason=_ANNOUNCED)
    dead, announced = await lineage.dead_tags(session, day=day), (await get_policy(session)).announced_days
    for tag in dead:
        await suspend_tag(session, tag, actor=NIGHTLY_JOB, reason=_UNUSED, retires_in_days=announced)
    return {"expired": expired, "retired": len(retired), "frozen": len(dead)}


async def _turn(
    session: AsyncSession, tag: Tag, state: TagState, action: str, actor: Actor, reason: str, **facts: object
) -> None:
    tag.state = state
    tag.revision += 1
    session.add(tag)
    await audit.record(
        session, actor=actor, action=action, object_type="tag", object_id=tag.code, reason=reason, facts=facts or None
    )
