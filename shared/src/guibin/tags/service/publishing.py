"""Four eyes on rules: submitted by one person, published as a new version by another."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, refuse_changes
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.security.actors import Actor, Domain, Grant, Scope
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict, TagRuleMissing
from guibin.tags.lineage.service import decided_by
from guibin.tags.models import COMPUTED, Tag, TagKind, TagState, TagVersion
from guibin.tags.service.definitions import resting_state
from guibin.tags.service.preview import PREVIEW_SECONDS, preview_rule
from guibin.tags.service.quantiles import drawn
from guibin.tags.service.reading import read_linked

TAG_PUBLISH: Final = "tag.publish"


async def submit_tag(
    session: AsyncSession, scope: Scope, tag: Tag, *, actor: Actor, seconds: float = PREVIEW_SECONDS
) -> Approval:
    """Ask another person to put the draft of a locked tag in force.

    The approver sees both rules, the counts, and what decides by the tag.

    Raises:
        TagKindConflict: a manual tag has no definition.
        StateConflict: it waits already, is suspended or retired.
        TagRuleMissing: there is no draft.
        RuleTooExpensive: its preview took too long.
    """
    request = await _mark_submitted(session, scope, tag, seconds=seconds)
    return await approvals.submit(
        session,
        actor=actor,
        kind=TAG_PUBLISH,
        domain=Domain.TAGS,
        subject=tag.code,
        payload=request.payload,
        preview=request.preview,
    )


async def _mark_submitted(
    session: AsyncSession, scope: Scope, tag: Tag, *, seconds: float = PREVIEW_SECONDS
) -> Amended:
    if tag.kind == TagKind.MANUAL:
        raise TagKindConflict(kind=tag.kind)
    if tag.state in {TagState.PENDING, TagState.SUSPENDED, TagState.RETIRED}:
        raise StateConflict(**{"from": tag.state, "to": TagState.PENDING})
    if tag.draft_rule is None:
        raise TagRuleMissing
    day = await repository.facts_as_of(session) or clock.last_closed_day()
    tag.draft_rule = await drawn(session, TagKind(tag.kind), tag.draft_rule, day=day)
    in_force = await repository.find_version(session, tag)
    shown = await _preview(session, scope, tag, in_force, seconds=seconds)
    tag.state = TagState.PENDING
    tag.revision += 1
    session.add(tag)
    return Amended(
        payload={"code": tag.code, "revision": tag.revision, "rule": tag.draft_rule},
        preview=shown
        | {"affected": [user.label for user in await decided_by(session, tag.code)]}
        | {"before": in_force.rule if in_force else None, "after": tag.draft_rule},
    )


async def _preview(
    session: AsyncSession, scope: Scope, tag: Tag, in_force: TagVersion | None, *, seconds: float
) -> dict[str, object]:
    """Count whom the draft gives the tag; what comes from outside gives it to nobody before it is imported."""
    if tag.kind not in COMPUTED or tag.draft_rule is None:
        return {}
    preview = await preview_rule(
        session, scope, kind=TagKind(tag.kind), rule=tag.draft_rule, in_force=in_force, seconds=seconds
    )
    shown: dict[str, object] = {
        "as_of": preview.as_of.isoformat(),
        "customers": preview.counts.customers,
        "members": preview.counts.members,
        "share_percent": preview.counts.share_percent,
        "added": preview.counts.added,
        "removed": preview.counts.removed,
    }
    return shown | {"values": preview.values} if preview.values else shown


class TagPublishHandler(ApprovalHandler):
    """Carries out `tag.publish`."""

    kind = TAG_PUBLISH
    domain = Domain.TAGS
    title = Label("发布标签规则", "Publish a tag rule")
    labels = MappingProxyType(
        {
            "as_of": Label("数据日期", "Figures of"),
            "customers": Label("客户总数", "Customers"),
            "members": Label("命中客户数", "Customers hit"),
            "share_percent": Label("覆盖率（%）", "Reach in per cent"),
            "added": Label("新增客户数", "Customers added"),
            "removed": Label("减少客户数", "Customers removed"),
            "affected": Label("受影响的引用方", "What decides by it"),
            "values": Label("各取值客户数", "Customers by value"),
            "before": Label("现行规则", "Rule in force"),
            "after": Label("拟发布规则", "Rule submitted"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Publish what was submitted as a new version; the next nightly run tags by it.

        Raises:
            StateConflict: the tag was edited or retired since.
            RuleTagUnknown, RuleCycle: what the rule refers to is not there any more, or rests on this tag by now.
        """
        tag = await _submitted(session, payload)
        if tag is None or tag.draft_rule is None:
            raise StateConflict(**{"from": TagState.DRAFT, "to": TagState.PUBLISHED})
        await read_linked(session, TagKind(tag.kind), tag.draft_rule, code=tag.code)
        version = TagVersion(
            tag_code=tag.code,
            version=await repository.next_version(session, code=tag.code),
            rule=tag.draft_rule,
            published_at=clock.now(),
            maker_id=context.maker_id,
            approver_id=context.approver.id,
        )
        session.add(version)
        tag.published_version, tag.draft_rule, tag.state = version.version, None, TagState.PUBLISHED
        tag.live_since = clock.today()
        tag.revision += 1
        session.add(tag)
        await audit.record(
            session,
            actor=context.approver,
            action="tag.published",
            object_type="tag",
            object_id=tag.code,
            on_behalf_id=context.maker_id,
            facts={"version": version.version, "approval": to_public("apr", context.approval_id)},
        )

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Give the draft back to its maker."""
        tag = await _submitted(session, payload)
        if tag is not None:
            tag.state = resting_state(tag)
            tag.revision += 1
            session.add(tag)

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Submit the draft as it was edited since."""
        scope = self.scope_of_maker(maker, grants)
        refuse_changes(changes)
        tag = await repository.get_tag(session, code=str(payload["code"]), lock=True)
        return await _mark_submitted(session, scope, tag)


async def _submitted(session: AsyncSession, payload: Mapping[str, object]) -> Tag | None:
    """Return the tag, locked, if it still is as it was submitted."""
    tag = await repository.get_tag(session, code=str(payload["code"]), lock=True)
    return tag if tag.state == TagState.PENDING and tag.revision == payload["revision"] else None
