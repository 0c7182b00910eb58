"""The run of one tag that somebody asks for."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.security.actors import Actor
from guibin.security.row_scope import all_rows
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict, TagRuleMissing
from guibin.tags.kinds import held_in
from guibin.tags.models import COMPUTED, Tag, TagState, UpdatePolicy
from guibin.tags.runs import repository as runs
from guibin.tags.runs.difference import Rule, write_difference
from guibin.tags.runs.held import keep_held


async def run_tag(session: AsyncSession, tag: Tag, *, actor: Actor) -> dict[str, int]:
    """Give one tag anew to everybody, on the facts of the last night; for tags that the night leaves alone.

    Returns the counts `read` (customers), `added` and `ended`.

    Raises:
        TagKindConflict: the tag has no definition that could run.
        StateConflict: it is suspended or retired.
        TagRuleMissing: no version of it was ever published.
    """
    if tag.kind not in COMPUTED:
        raise TagKindConflict(kind=tag.kind)
    if tag.state in {TagState.SUSPENDED, TagState.RETIRED}:
        raise StateConflict(**{"from": tag.state, "to": TagState.PUBLISHED})
    version = await repository.find_version(session, tag)
    if version is None:
        raise TagRuleMissing
    live = tag.update_policy == UpdatePolicy.REAL_TIME
    day = clock.today() if live else await repository.facts_as_of(session) or clock.last_closed_day()
    async with all_rows(session):
        rule = Rule.of(tag, version, is_new=not await runs.has_given(session, version))
        if not live:
            await keep_held(session, held_in(rule.definition), day=day)
        found = await write_difference(session, [rule], day=day, live=live)
    counts = {"read": found.read, "added": found.added.total(), "ended": found.ended.total()}
    facts = {"day": day.isoformat(), **counts}
    await audit.record(session, actor=actor, action="tag.run", object_type="tag", object_id=tag.code, facts=facts)
    return counts
