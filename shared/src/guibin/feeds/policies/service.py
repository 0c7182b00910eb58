"""Commands on policies: submitted by one person, in force once another agrees."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from types import MappingProxyType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.lines import Line
from guibin.feeds.models import FeedKind
from guibin.feeds.policies import repository
from guibin.feeds.policies.models import FeedPolicy
from guibin.feeds.policies.rules import Late, Policy, awaited
from guibin.feeds.rules import WINDOW_DAYS
from guibin.security.actors import Actor, Domain, Verb


class PolicyTerms(BaseModel):
    """What is submitted: when a line is due, what must be in, what the night does without it, who answers for it."""

    model_config = ConfigDict(frozen=True)

    cut_off: time
    late: Late
    kinds: tuple[FeedKind, ...]
    owner: str | None = None

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Return the terms in force."""
        return cls(cut_off=policy.cut_off, late=policy.late, kinds=tuple(sorted(policy.kinds)), owner=policy.owner)


async def submit_policy(
    session: AsyncSession, *, actor: Actor, line: Line, terms: PolicyTerms, revision: int
) -> Approval:
    """Ask another person to put the terms of a line in force."""
    before = await repository.policy_of(session, line)
    return await approvals.submit(
        session,
        actor=actor,
        kind=FEED_POLICY_HANDLER.kind,
        domain=FEED_POLICY_HANDLER.domain,
        subject=line.value,
        payload={"line": line.value, "revision": revision, "terms": terms.model_dump(mode="json")},
        preview={
            "line": line.value,
            "before": PolicyTerms.of(before).model_dump(mode="json"),
            "after": terms.model_dump(mode="json"),
        },
    )


async def note_day(session: AsyncSession, line: Line, day: date) -> None:
    """Note that a line is fresh on a day, if all that it owes for the day is in."""
    policy = await repository.policy_of(session, line)
    await repository.note_days(session, line, policy.kinds, first=day, last=day, at=clock.now())


async def lines_awaited(session: AsyncSession, day: date) -> list[Line]:
    """Return the lines for which the night of a day waits."""
    policies, fresh = await repository.policies_of(session), await repository.fresh_lines(session, day)
    return awaited(policies, fresh, day_ends=clock.start_of_day(day + timedelta(days=1)), now=clock.now())


class PolicyChange(ApprovalHandler):
    """Puts the terms of a line in force."""

    kind = "feed.policy"
    domain = Domain.FEEDS
    title = Label("条线文件时限规则", "When a line's files are due")
    labels = MappingProxyType(
        {
            "line": Label("条线", "Line"),
            "before": Label("现行规则", "Terms in force"),
            "after": Label("拟定规则", "Terms submitted"),
        }
    )
    maker_verb = Verb.WRITE

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the terms; days for which everything is in by them are fresh from now on, and no day becomes stale.

        Raises:
            VersionConflict: they were changed meanwhile.
        """
        line, terms = Line(str(payload["line"])), PolicyTerms.model_validate(payload["terms"])
        row = await repository.lock_policy(session, line)
        revision = 0 if row is None else row.revision
        if revision != payload["revision"]:
            raise VersionConflict
        kinds = sorted(kind.value for kind in terms.kinds)
        row = row or FeedPolicy(line=line, cut_off=terms.cut_off, late=terms.late, kinds=kinds, revision=0)
        row.cut_off, row.late, row.kinds, row.owner = terms.cut_off, terms.late, kinds, terms.owner
        row.revision = revision + 1
        session.add(row)
        await session.flush()
        today = clock.today()
        first = today - timedelta(days=WINDOW_DAYS)
        await repository.note_days(session, line, terms.kinds, first=first, last=today, at=clock.now())
        await audit.record(
            session,
            actor=context.approver,
            action="feed_policy.change",
            object_type="feed_policy",
            object_id=line.value,
            **context.asked_by,
        )


FEED_POLICY_HANDLER: Final = PolicyChange()
