"""What a tag is: making and editing it."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.security.actors import Actor
from guibin.tags import repository
from guibin.tags.errors import (
    TagCategoryExists,
    TagCategoryUnknown,
    TagExists,
    TagKindConflict,
    TagNotRealTime,
    TagSensitivityTooLow,
)
from guibin.tags.kinds import Definition, read_definition, tags_of
from guibin.tags.live.rules import not_live
from guibin.tags.models import Sensitivity, Tag, TagAxis, TagCategory, TagKind, TagState, UpdatePolicy
from guibin.tags.service.reading import read_linked, references_of_others

_EDITED: Final = (
    *("axis", "category_code", "name_zh", "name_en", "description", "draft_rule"),
    *("sensitivity", "owner_id", "review_on", "value_days", "update_policy", "publishes_events"),
)


@dataclass(frozen=True, slots=True)
class TagDraft:
    """What can be edited. `rule` is what gives the tag, in JSON values and the form of its kind."""

    axis: TagAxis
    name_zh: str
    name_en: str
    description: str | None = None
    rule: dict[str, object] | None = None
    category: str | None = None
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    owner_id: UUID | None = None
    review_on: date | None = None
    value_days: int | None = None
    update_policy: UpdatePolicy = UpdatePolicy.DAILY
    publishes_events: bool = False

    def columns(self) -> dict[str, Any]:
        """Return what stands in the columns of a tag."""
        own = {name: getattr(self, name) for name in _EDITED if name not in {"category_code", "draft_rule"}}
        return own | {"category_code": self.category, "draft_rule": self.rule}


async def create_tag(session: AsyncSession, *, actor: Actor, code: str, kind: TagKind, draft: TagDraft) -> Tag:
    """Make a tag. What has a rule begins as a draft; a manual tag has nothing to approve and can be set at once.

    Raises:
        TagExists: the code is taken, for ever, or another tag has a name that reads the same.
        TagKindConflict: a rule for a manual tag.
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the rule is wrong.
        TagCategoryUnknown: no such category on its axis.
        TagSensitivityTooLow: it tells of a sensitive tag, or is one of which another tells.
        TagNotRealTime: it is to follow at once, and reads what only a night changes.
        RuleTagUnknown, RuleCycle: what it refers to is not there, or rests on this tag.
    """
    await _check(session, code, kind, draft)
    tag = Tag(
        code=code,
        kind=kind,
        state=TagState.PUBLISHED if kind is TagKind.MANUAL else TagState.DRAFT,
        created_at=clock.now(),
        live_since=clock.today() if kind is TagKind.MANUAL else None,
        **draft.columns(),
    )
    tag.owner_id = tag.owner_id or actor.id
    if not await repository.insert_tag(session, tag):
        raise TagExists(field="code")
    await audit.record(session, actor=actor, action="tag.create", object_type="tag", object_id=code)
    return await repository.get_tag(session, code=code)


async def edit_tag(session: AsyncSession, tag: Tag, *, actor: Actor, draft: TagDraft) -> Tag:
    """Replace names and draft of a locked tag; a draft that waits for approval is taken back by that.

    What is published stays in force until a new version is approved.

    Raises:
        StateConflict: the tag is retired.
        TagExists, TagKindConflict, TagNotRealTime, RuleFieldUnknown, ...: as `create_tag`; what is in force counts too.
    """
    if tag.state == TagState.RETIRED:
        raise StateConflict(**{"from": tag.state, "to": TagState.DRAFT})
    await _check(session, tag.code, TagKind(tag.kind), draft)
    in_force = await repository.find_version(session, tag)
    if in_force is not None:
        _refuse_unless_live(draft.update_policy, read_definition(TagKind(tag.kind), in_force.rule))
    before = _shown(tag)
    for name, value in (draft.columns() | {"owner_id": draft.owner_id or tag.owner_id}).items():
        setattr(tag, name, value)
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
        after=_shown(tag),
        facts={"revision": tag.revision},
    )
    return tag


async def create_category(
    session: AsyncSession, *, actor: Actor, code: str, parent: str, name_zh: str, name_en: str
) -> TagCategory:
    """Add a category below another one, on the same axis.

    Raises:
        TagCategoryUnknown: there is no such parent.
        TagCategoryExists: the code is taken.
    """
    above = await session.get(TagCategory, parent)
    if above is None:
        raise TagCategoryUnknown
    made = TagCategory(code=code, parent_code=parent, axis=above.axis, name_zh=name_zh, name_en=name_en)
    if not await repository.insert_category(session, made):
        raise TagCategoryExists
    await audit.record(session, actor=actor, action="tag_category.create", object_type="tag_category", object_id=code)
    return made


def resting_state(tag: Tag) -> TagState:
    """Return the state of a tag while nothing of it waits for approval."""
    if tag.suspended_on is not None:
        return TagState.SUSPENDED
    published = tag.kind == TagKind.MANUAL or tag.published_version is not None
    return TagState.PUBLISHED if published else TagState.DRAFT


def _shown(tag: Tag) -> dict[str, object]:
    """Return what of a tag can be edited, as the audit trail keeps it."""
    values = {name: getattr(tag, name) for name in _EDITED}
    return {name: str(value) if isinstance(value, UUID | date) else value for name, value in values.items()}


async def _check(session: AsyncSession, code: str, kind: TagKind, draft: TagDraft) -> None:
    named: frozenset[str] = frozenset()
    if draft.rule is not None:
        if kind is TagKind.MANUAL:
            raise TagKindConflict(kind=kind)
        definition = await read_linked(session, kind, draft.rule, code=code)
        named = tags_of(definition)
        _refuse_unless_live(draft.update_policy, definition)
    if draft.category is not None:
        await _check_category(session, draft.category, draft.axis)
    await _check_sensitivity(session, code, named, draft.sensitivity)
    taken = {_folded(name) for name in await repository.names_of_others(session, code=code)}
    if taken & {_folded(draft.name_zh), _folded(draft.name_en)}:
        raise TagExists(field="name")


def _refuse_unless_live(policy: UpdatePolicy, definition: Definition) -> None:
    facts = not_live(definition) if policy is UpdatePolicy.REAL_TIME else []
    if facts:
        raise TagNotRealTime(facts=facts)


async def _check_category(session: AsyncSession, code: str, axis: str) -> None:
    found = await session.get(TagCategory, code)
    if found is None or found.axis != axis:
        raise TagCategoryUnknown


async def _check_sensitivity(session: AsyncSession, code: str, named: frozenset[str], sensitivity: Sensitivity) -> None:
    """Let no tag that is less sensitive tell of a sensitive one: neither this one of others, nor others of this one."""
    if sensitivity is not Sensitivity.SENSITIVE:
        if await repository.sensitive_among(session, named):
            raise TagSensitivityTooLow(tag=code)
        return
    referring = [other for other, tags in (await references_of_others(session, code)).items() if code in tags]
    open_ones = set(referring) - await repository.sensitive_among(session, referring)
    if open_ones:
        raise TagSensitivityTooLow(tag=min(open_ones))


def _folded(name: str) -> str:
    """Make names alike that read alike: width, case and blanks around do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
