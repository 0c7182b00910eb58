"""Asking the gate without a trace: of one customer, or of an audience by the same statements."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.contact import repository
from guibin.contact.repository import Policy
from guibin.contact.rules import Facts, Plan, Verdict, calendar_range, decide
from guibin.core import clock
from guibin.organisation.calendars import special_days
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """A contact with one customer; `at` is the moment it is planned for, None for now."""

    customer_id: UUID
    plan: Plan
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, with the version of the policy that gave it and the moment it was asked about."""

    verdict: Verdict
    policy_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Gate:
    """What is the same for every customer of a question."""

    plan: Plan
    policy: Policy
    at: datetime
    holidays: Collection[date]

    def judge(self, facts: Facts) -> Judgement:
        """Return what the gate says to a customer."""
        verdict = decide(self.plan, facts, at=self.at, terms=self.policy.terms, holidays=self.holidays)
        return Judgement(verdict, self.policy.version, self.at)


async def open_gate(session: AsyncSession, plan: Plan, at: datetime | None = None) -> Gate:
    """Return the gate for a plan at a moment."""
    moment = clock.now() if at is None else at.astimezone(UTC)
    first, last = calendar_range(moment)
    days = await special_days(session, first, last)
    holidays = frozenset(day for day, works in days.items() if not works)
    return Gate(plan, await repository.policy_in_force(session), moment, holidays)


async def judge(session: AsyncSession, request: ContactRequest) -> Judgement:
    """Say whether a customer may be reached; nothing is kept. Whose customer it is the caller has looked at.

    A customer that there is not is `restricted`.
    """
    judged = await judge_all(session, [request.customer_id], request.plan, at=request.at)
    return judged[request.customer_id]


async def judge_all(
    session: AsyncSession, customer_ids: Collection[UUID], plan: Plan, *, at: datetime | None = None
) -> Mapping[UUID, Judgement]:
    """Say of each customer what `judge` says, in as few statements as for one."""
    gate = await open_gate(session, plan, at)
    async with all_rows(session):  # a place that another branch has taken counts
        facts = await repository.facts_of(session, customer_ids, plan, at=gate.at, now=clock.now())
    nobody = Facts(gone=True)
    return {one: gate.judge(facts.get(one, nobody)) for one in customer_ids}
