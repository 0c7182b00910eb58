"""Why a customer has a tag, or has it not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.customers.repository import get_customer
from guibin.privacy.models import Purpose
from guibin.privacy.repository import has_consent
from guibin.security.actors import Scope
from guibin.tags import matching, repository
from guibin.tags.errors import TagRuleMissing
from guibin.tags.evaluation import Verdict
from guibin.tags.kinds import Definition, held_in, modified_for, read_definition
from guibin.tags.kinds.judging import Judgement, judge
from guibin.tags.lineage.sources import facts_read
from guibin.tags.models import COMPUTED, CustomerTag, Sensitivity, Tag, TagKind, TagVersion, UpdatePolicy
from guibin.tags.runs import repository as runs
from guibin.tags.runs.held import recorded
from guibin.tags.service.quantiles import drawn
from guibin.tags.vocabulary import is_of_profile


@dataclass(frozen=True, slots=True)
class Explanation:
    """A tag and a customer: what the customer has of it, and what the version in force says on the customer's facts.

    `rule` is what is judged: that of `version`, or a draft, which is no version yet. `version`, `rule`, `values` and
    `judgement` are None for tags that no run gives; `values` also for a customer without facts, who is then judged on
    unknown values. `unrecorded` are the facts that the rule reads and that are unknown because the day lies before the
    first one of which it is on record who the customer was, and `held` where no run recorded since when a rule holds.
    """

    tag: Tag
    customer_id: UUID
    memberships: Sequence[CustomerTag]
    version: TagVersion | None = None
    rule: dict[str, Any] | None = None
    values: matching.CustomerValues | None = None
    judgement: Judgement | None = None
    unrecorded: Sequence[str] = ()

    @property
    def membership(self) -> CustomerTag | None:
        """Return what the customer has had the longest of the tag."""
        return next(iter(self.memberships), None)

    @property
    def verdict(self) -> Verdict | None:
        """Return the verdict of the rule that is asked first; None for a kind without rules."""
        return next(iter(self.judgement.verdicts), None) if self.judgement else None

    @property
    def first_failing(self) -> Verdict | None:
        """Return the first condition that keeps the first rule from holding, None when the tag is given."""
        if self.judgement is None or self.judgement.values or self.verdict is None:
            return None
        return self.verdict.first_failing()


async def explain(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    code: str,
    sensitive_in: Scope = repository.NOBODY,
    as_of: date | None = None,
    draft: bool = False,
) -> Explanation:
    """Judge the version in force on the facts of the last run, condition by condition.

    For a past day: what the customer had of the tag on it, and the version in force at its end, judged on facts
    composed anew from what is dated. With `draft` the draft is judged instead, as if it were in force.

    Raises:
        NotFound: no such tag, or no such customer in scope, or a sensitive tag outside `sensitive_in`.
        TagRuleMissing: no version of the tag was ever published, or there is no draft.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    tag = await repository.get_tag(session, code=code)
    if tag.sensitivity == Sensitivity.SENSITIVE:
        await _may_see(session, sensitive_in, customer.id)
    held = await repository.find_memberships(session, scope, customer_id=customer.id, code=code, day=as_of)
    if tag.kind not in COMPUTED:
        return Explanation(tag, customer.id, held)
    version = None if draft else await _version(session, tag, as_of)
    rule = tag.draft_rule if draft else version.rule if version else None
    if rule is None:
        raise TagRuleMissing
    if draft:
        rule = await drawn(session, TagKind(tag.kind), rule, day=as_of or clock.last_closed_day())
    definition = modified_for(read_definition(TagKind(tag.kind), rule), tag.code)
    live = as_of is None and tag.update_policy == UpdatePolicy.REAL_TIME
    day = as_of or await repository.facts_as_of(session, customer_id=customer.id) or clock.last_closed_day()
    if live:
        day = clock.today()
    found = await matching.read_values(
        session, scope, definition=definition, customer_id=customer.id, day=day, anew=as_of is not None, live=live
    )
    read = found.values.get if found else lambda _operand: None
    judgement = judge(definition, read, day, found.ranked if found else None)
    unrecorded = _unrecorded(definition, found)
    lasting = held_in(definition)
    if lasting - await recorded(session, lasting, day=day):
        unrecorded.append("held")
    return Explanation(tag, customer.id, held, version, rule, found, judgement, unrecorded)


def _unrecorded(definition: Definition, found: matching.CustomerValues | None) -> list[str]:
    """Name the facts of a definition that nobody took down so early."""
    if found is None or (found.known_from is not None and found.known_from <= found.as_of):
        return []
    return sorted(name for name in facts_read(definition) if is_of_profile(name))


async def _version(session: AsyncSession, tag: Tag, as_of: date | None) -> TagVersion | None:
    return await repository.find_version(session, tag) if as_of is None else await _version_on(session, tag, as_of)


async def _may_see(session: AsyncSession, sensitive_in: Scope, customer_id: UUID) -> None:
    await get_customer(session, sensitive_in, customer_id=customer_id)
    if not await has_consent(session, customer_id, Purpose.SENSITIVE):
        raise NotFound


async def _version_on(session: AsyncSession, tag: Tag, day: date) -> TagVersion | None:
    """Return the version that the run for a day worked by; without such a run the latest published by its end."""
    ran = await runs.version_on(session, code=tag.code, day=day)
    if ran is not None:
        return await session.get(TagVersion, (tag.code, ran))
    return await repository.version_before(session, code=tag.code, moment=clock.start_of_day(day + timedelta(days=1)))
