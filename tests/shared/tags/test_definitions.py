"""The life of a tag: draft, submitted, published by another person as a new version, retired."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext
from guibin.approvals.models import Approval
from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.security.actors import Domain, Scope
from guibin.tags import repository
from guibin.tags.errors import RuleFieldUnknown, TagExists, TagKindConflict, TagRuleMissing
from guibin.tags.models import Tag, TagAxis, TagKind, TagState
from guibin.tags.service import (
    TagDraft,
    TagPublishHandler,
    create_tag,
    edit_tag,
    retire_tag,
    run_tags,
    set_tag,
    submit_tag,
    unset_tag,
)
from support.tagging import (
    CHECKER,
    DAY,
    MAKER,
    MILLION,
    OLD,
    RICH,
    add_branch,
    add_customer,
    add_customer_with_facts,
    add_manual_tag,
    add_rule_in_force,
    add_tag,
)

EVERYBODY = Scope(whole_bank=True)
HANDLER = TagPublishHandler()
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def draft(name_zh: str = "百万客户", name_en: str = "Millionaires", rule: dict[str, Any] | None = None) -> TagDraft:
    return TagDraft(TagAxis.ASSET_STRUCTURE, name_zh, name_en, rule=rule)


async def create(session: AsyncSession, code: str = "rich", kind: TagKind = TagKind.RULE, **parts: Any) -> Tag:
    return await create_tag(session, actor=MAKER, code=code, kind=kind, draft=draft(**parts))


async def approve(session: AsyncSession, approval: Approval) -> None:
    context = ApprovalContext(approval.id, approval.maker_id, CHECKER)
    await HANDLER.execute(session, approval.payload, context=context)


async def locked(session: AsyncSession, code: str = "rich") -> Tag:
    return await repository.get_tag(session, code=code, lock=True)


async def submitted(session: AsyncSession, rule: dict[str, Any] = RICH) -> Approval:
    await create(session, rule=rule)
    return await submit_tag(session, EVERYBODY, await locked(session), actor=MAKER)


async def test_a_rule_tag_begins_as_a_draft(session: AsyncSession) -> None:
    await create(session, rule=RICH)
    tag = await locked(session)
    assert (tag.state, tag.draft_rule, tag.published_version, tag.revision) == (TagState.DRAFT, RICH, None, 1)


async def test_a_manual_tag_can_be_set_at_once(session: AsyncSession) -> None:
    assert (await create(session, kind=TagKind.MANUAL)).state == TagState.PUBLISHED


async def test_a_manual_tag_takes_no_rule(session: AsyncSession) -> None:
    with pytest.raises(TagKindConflict):
        await create(session, kind=TagKind.MANUAL, rule=RICH)


async def test_a_wrong_rule_makes_no_tag(session: AsyncSession) -> None:
    with pytest.raises(RuleFieldUnknown):
        await create(session, rule={"fact": "id_no", "op": "exists"})
    with pytest.raises(NotFound):
        await locked(session)


async def test_a_code_is_taken_for_ever(session: AsyncSession) -> None:
    tag = await create(session)
    await retire_tag(session, tag, actor=MAKER, reason="no longer used")
    with pytest.raises(TagExists) as caught:
        await create(session, name_zh="另一个", name_en="Another")
    assert caught.value.facts == {"field": "code"}


@pytest.mark.parametrize(
    "name_en", ["Millionaires", "MILLIONAIRES", " millionaires ", "Ｍｉｌｌｉｏｎａｉｒｅｓ", "百万客户"]
)
async def test_a_name_that_reads_the_same_is_taken(session: AsyncSession, name_en: str) -> None:
    await create(session)
    with pytest.raises(TagExists) as caught:
        await create(session, code="other", name_zh="另一个", name_en=name_en)
    assert caught.value.facts == {"field": "name"}


async def test_a_tag_keeps_its_own_name_when_it_is_edited(session: AsyncSession) -> None:
    tag = await create(session, rule=RICH)
    edited = await edit_tag(session, tag, actor=MAKER, draft=draft(rule=OLD))
    assert (edited.draft_rule, edited.revision) == (OLD, 2)


async def test_submitting_asks_for_another_persons_approval(session: AsyncSession) -> None:
    branch = await add_branch(session)
    await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    approval = await submitted(session)
    assert (approval.kind, approval.domain, approval.subject) == ("tag.publish", Domain.TAGS, "rich")
    assert approval.payload == {"code": "rich", "revision": 2, "rule": RICH}
    assert approval.preview == {
        "as_of": DAY.isoformat(),
        "customers": 1,
        "members": 1,
        "share_percent": 100.0,
        "added": 1,
        "removed": 0,
        "before": None,
        "after": RICH,
        "affected": [],
    }
    assert (await locked(session)).state == TagState.PENDING


async def test_approval_publishes_a_version(session: AsyncSession) -> None:
    approval = await submitted(session)
    await approve(session, approval)
    tag = await locked(session)
    assert (tag.state, tag.published_version, tag.draft_rule) == (TagState.PUBLISHED, 1, None)
    version = await repository.find_version(session, tag)
    assert version is not None
    assert (version.rule, version.maker_id, version.approver_id) == (RICH, MAKER.id, CHECKER.id)


async def test_every_approval_makes_a_new_version_and_keeps_the_old_ones(session: AsyncSession) -> None:
    await approve(session, await submitted(session))
    await edit_tag(session, await locked(session), actor=MAKER, draft=draft(rule=OLD))
    second = await submit_tag(session, EVERYBODY, await locked(session), actor=MAKER)
    assert second.preview["before"] == RICH
    await approve(session, second)
    versions = await repository.list_versions(session, code="rich", limit=10)
    assert [(one.version, one.rule) for one in versions] == [(2, OLD), (1, RICH)]
    assert [one.version for one in await repository.list_versions(session, code="rich", limit=1, before=2)] == [1]


async def test_a_rejected_draft_goes_back_to_its_maker(session: AsyncSession) -> None:
    approval = await submitted(session)
    await HANDLER.give_back(session, approval.payload)
    tag = await locked(session)
    assert (tag.state, tag.draft_rule) == (TagState.DRAFT, RICH)


async def test_editing_takes_a_submitted_draft_back(session: AsyncSession) -> None:
    approval = await submitted(session)
    edited = await edit_tag(session, await locked(session), actor=MAKER, draft=draft(rule=OLD))
    assert edited.state == TagState.DRAFT
    with pytest.raises(StateConflict):
        await approve(session, approval)
    await HANDLER.give_back(session, approval.payload)
    assert (await locked(session)).draft_rule == OLD


async def test_a_draft_is_submitted_once(session: AsyncSession) -> None:
    await submitted(session)
    with pytest.raises(StateConflict):
        await submit_tag(session, EVERYBODY, await locked(session), actor=MAKER)


async def test_a_tag_without_a_draft_is_not_submitted(session: AsyncSession) -> None:
    await add_rule_in_force(session, "rich", RICH)
    with pytest.raises(TagRuleMissing):
        await submit_tag(session, EVERYBODY, await locked(session), actor=MAKER)


async def test_a_manual_tag_is_not_submitted(session: AsyncSession) -> None:
    tag = await add_manual_tag(session, "friend")
    with pytest.raises(TagKindConflict):
        await submit_tag(session, EVERYBODY, tag, actor=MAKER)


async def test_retiring_ends_the_memberships_and_keeps_the_history(session: AsyncSession) -> None:
    branch = await add_branch(session)
    tag = await add_rule_in_force(session, "rich", RICH)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await run_tags(session, day=DAY)
    with clock.fixed_at(NOON):
        assert await retire_tag(session, tag, actor=MAKER, reason="replaced") == 1
        today = clock.today()
    held = [await repository.list_held(session, EVERYBODY, customer_id=customer_id, day=day) for day in (DAY, today)]
    assert [len(found) for found in held] == [1, 0]


async def _edit(session: AsyncSession, tag: Tag) -> None:
    await edit_tag(session, tag, actor=MAKER, draft=draft())


async def _submit(session: AsyncSession, tag: Tag) -> None:
    await submit_tag(session, EVERYBODY, tag, actor=MAKER)


async def _retire(session: AsyncSession, tag: Tag) -> None:
    await retire_tag(session, tag, actor=MAKER, reason="again")


@pytest.mark.parametrize("step", [_edit, _submit, _retire])
async def test_a_retired_tag_stays_as_it_is(
    session: AsyncSession, step: Callable[[AsyncSession, Tag], Awaitable[None]]
) -> None:
    tag = await add_tag(session, "rich", state=TagState.RETIRED, draft_rule=RICH)
    with pytest.raises(StateConflict):
        await step(session, tag)


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    return await add_customer(session, await add_branch(session))


async def test_a_tag_set_by_hand_keeps_who_when_and_why(session: AsyncSession, customer: UUID) -> None:
    await add_manual_tag(session, "friend")
    with clock.fixed_at(NOON):
        held = await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="knows us")
    member = held.membership
    assert (member.since.isoformat(), member.until, member.set_by, member.reason) == (
        "2026-11-25",
        None,
        MAKER.id,
        "knows us",
    )
    entry = (await session.exec(select(AuditEntry).where(AuditEntry.action == "tag.set"))).one()
    assert (entry.owner_id, entry.reason, entry.facts) == (customer, "knows us", {"tag": "friend", "via": "customer"})


async def test_setting_a_tag_again_keeps_the_first_reason(session: AsyncSession, customer: UUID) -> None:
    await add_manual_tag(session, "friend")
    await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="first")
    again = await set_tag(session, EVERYBODY, actor=CHECKER, customer_id=customer, code="friend", reason="second")
    assert (again.membership.reason, again.membership.set_by) == ("first", MAKER.id)


async def test_a_tag_taken_and_set_again_on_one_day_goes_on(session: AsyncSession, customer: UUID) -> None:
    await add_manual_tag(session, "friend")
    for reason in ("first", "second"):
        await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason=reason)
        if reason == "first":
            await unset_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="wrong")
    session.expire_all()
    held = await repository.list_held(session, EVERYBODY, customer_id=customer, day=clock.today())
    assert [one.membership.reason for one in held] == ["second"]


async def test_a_tag_that_is_taken_is_gone_today(session: AsyncSession, customer: UUID) -> None:
    await add_manual_tag(session, "friend")
    await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="first")
    await unset_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="moved away")
    assert await repository.list_held(session, EVERYBODY, customer_id=customer, day=clock.today()) == []
    with pytest.raises(NotFound):
        await unset_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="again")


async def test_rule_tags_are_not_set_by_hand(session: AsyncSession, customer: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    with pytest.raises(TagKindConflict):
        await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="rich", reason="please")
    with pytest.raises(TagKindConflict):
        await unset_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="rich", reason="please")


async def test_a_retired_tag_is_not_set(session: AsyncSession, customer: UUID) -> None:
    await add_tag(session, "friend", kind=TagKind.MANUAL, state=TagState.RETIRED)
    with pytest.raises(StateConflict):
        await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer, code="friend", reason="please")


async def test_a_customer_out_of_scope_is_not_found(session: AsyncSession, customer: UUID) -> None:
    await add_manual_tag(session, "friend")
    for scope in (Scope.nothing(), Scope(staff_id=MAKER.id), Scope.of_customer(new_id())):
        with pytest.raises(NotFound):
            await set_tag(session, scope, actor=MAKER, customer_id=customer, code="friend", reason="please")
        assert await repository.list_held(session, scope, customer_id=customer, day=DAY) == []
