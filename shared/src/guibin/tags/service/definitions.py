"""What a tag is: making, editing and retiring it."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.security.actors import Actor
from guibin.tags import repository
from guibin.tags.errors import TagExists, TagKindConflict
from guibin.tags.models import Tag, TagAxis, TagKind, TagState
from guibin.tags.service.reading import read_linked

_EDITED: Final = ("axis", "name_zh", "name_en", "description", "draft_rule")


@dataclass(frozen=True, slots=True)
class TagDraft:
    """What can be edited. `rule` is what gives the tag, in JSON values and the form of its kind."""

    axis: TagAxis
    name_zh: str
    name_en: str
    description: str | None = None
    rule: dict[str, object] | None = None


async def create_tag(session: AsyncSession, *, actor: Actor, code: str, kind: TagKind, draft: TagDraft) -> Tag:
    """Make a tag. What has a rule begins as a draft; a manual tag has nothing to approve and can be set at once.

    Raises:
        TagExists: the code is taken, for ever, or another tag has a name that reads the same.
        TagKindConflict: a rule for a manual tag.
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the rule is wrong.
        RuleTagUnknown, RuleCycle: what it refers to is not there, or rests on this tag.
    """
    await _check(session, code, kind, draft)
    tag = Tag(
        code=code,
        kind=kind,
        axis=draft.axis,
        state=TagState.PUBLISHED if kind is TagKind.MANUAL else TagState.DRAFT,
        name_zh=draft.name_zh,
        name_en=draft.name_en,
        description=draft.description,
        draft_rule=draft.rule,
        created_at=clock.now(),
    )
    if not await repository.insert_tag(session, tag):
        raise TagExists(field="code")
    await audit.record(session, actor=actor, action="tag.create", object_type="tag", object_id=code)
    return await repository.get_tag(session, code=code)


async def edit_tag(session: AsyncSession, tag: Tag, *, actor: Actor, draft: TagDraft) -> Tag:
    """Replace names and draft of a locked tag; a draft that waits for approval is taken back by that.

    What is published stays in force until a new version is approved.

    Raises:
        StateConflict: the tag is retired.
        TagExists, TagKindConflict, RuleFieldUnknown, ...: as `create_tag`.
    """
    if tag.state == TagState.RETIRED:
        raise StateConflict(**{"from": tag.state, "to": TagState.DRAFT})
    await _check(session, tag.code, TagKind(tag.kind), draft)
    before = {name: getattr(tag, name) for name in _EDITED}
    tag.axis, tag.name_zh, tag.name_en = draft.axis, draft.name_zh, draft.name_en
    tag.description, tag.draft_rule = draft.description, draft.rule
    tag.state = resting_state(tag)
    tag.revision += 1
    session.add(tag)
    await audit.record(
        session,
        actor=actor,
        action="tag.edit",
        object_type="tag",
        object_id=tag.code,
        before=before,
        after={name: getattr(tag, name) for name in _EDITED},
        facts={"revision": tag.revision},
    )
    return tag


async def retire_tag(session: AsyncSession, tag: Tag, *, actor: Actor, reason: str) -> int:
    """Take a locked tag out of use: its memberships end today, its history stays. Returns how many ended.

    Raises:
        StateConflict: the tag is retired already.
    """
    if tag.state == TagState.RETIRED:
        raise StateConflict(**{"from": tag.state, "to": TagState.RETIRED})
    tag.state = TagState.RETIRED
    tag.revision += 1
    session.add(tag)
    ended = await repository.end_memberships(session, code=tag.code, day=clock.today())
    await audit.record(
        session,
        actor=actor,
        action="tag.retire",
        object_type="tag",
        object_id=tag.code,
        reason=reason,
        facts={"ended": ended},
    )
    return ended


def resting_state(tag: Tag) -> TagState:
    """Return the state of a tag while nothing of it waits for approval."""
    published = tag.kind == TagKind.MANUAL or tag.published_version is not None
    return TagState.PUBLISHED if published else TagState.DRAFT


async def _check(session: AsyncSession, code: str, kind: TagKind, draft: TagDraft) -> None:
    if draft.rule is not None:
        if kind is TagKind.MANUAL:
            raise TagKindConflict(kind=kind)
        await read_linked(session, kind, draft.rule, code=code)
    taken = {_folded(name) for name in await repository.names_of_others(session, code=code)}
    if taken & {_folded(draft.name_zh), _folded(draft.name_en)}:
        raise TagExists(field="name")


def _folded(name: str) -> str:
    """Make names alike that read alike: width, case and blanks around do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
