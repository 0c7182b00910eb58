"""What the night does, in order. Each step says what it read, changed and refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.audit.sealing import seal
from guibin.care.clock import service as care_clock
from guibin.care.opportunities.night import tend_opportunities
from guibin.care.plans import service as care_plans
from guibin.care.triggers import service as care_triggers
from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.quality.repository import write_quality
from guibin.gifts import invariants as gift_invariants
from guibin.handovers import service as handovers
from guibin.managers import service as managers
from guibin.managers.credit import service as credit
from guibin.managers.joint import service as joint
from guibin.managers.pool.service import return_idle
from guibin.points import invariants as points_invariants
from guibin.points import service as points
from guibin.points.assets import service as assets
from guibin.privacy.repository.ages import mark_ages
from guibin.rights import invariants as rights_invariants
from guibin.rights import service as rights
from guibin.runs import repository
from guibin.security.actors import NIGHTLY_JOB
from guibin.suppliers import invariants as order_invariants
from guibin.suppliers.settlements import invariants as settlement_invariants
from guibin.tags import facts
from guibin.tags import service as tags
from guibin.tags.live import service as live_tags
from guibin.tiers import service as tiers

Counts = dict[str, int]

FACTS = "facts"
"""The step that makes the facts of customers."""

MOST_FAULTS = 10_000
"""Most rows that the reconciliation keeps of one broken promise."""


@dataclass(frozen=True)
class Step:
    """A piece of the night: one transaction, or batches that each commit until one reads nothing.

    `over_everybody` says that its statements join whole tables.
    """

    name: str
    run: Callable[[AsyncSession, date], Awaitable[Counts]]
    in_batches: bool = False
    over_everybody: bool = False


async def look_at_feeds(session: AsyncSession, day: date) -> Counts:
    """Count the lines whose day is fresh, stale (an earlier day is in) or missing."""
    arrived = await repository.line_days(session, day)
    fresh = sum(latest == day for latest in arrived.values())
    return {"fresh": fresh, "stale": len(arrived) - fresh, "missing": len(Line) - len(arrived)}


async def _quality(session: AsyncSession, day: date) -> Counts:
    """Write down what each line's data are worth."""
    return {"read": len(Line), "changed": await write_quality(session, day)}


async def _approvals(session: AsyncSession, _day: date) -> Counts:
    return await approvals.lapse(session)


async def _ages(session: AsyncSession, day: date) -> Counts:
    """Mark who is a minor, and who is 65, on the day that begins."""
    return await mark_ages(session, day=day + timedelta(days=1), by=NIGHTLY_JOB.id, at=clock.now())


async def _facts(session: AsyncSession, day: date) -> Counts:
    return await facts.refresh_facts(session, day=day)


async def _tags(session: AsyncSession, day: date) -> Counts:
    return await tags.keep_tags(session, day=day) | await tags.run_night(session, day=day)


async def _live_tags(session: AsyncSession, _day: date) -> Counts:
    """Hold everybody to the tags in real time, on the day that has begun; tiers and the tags of the night are known."""
    return await live_tags.sweep(session)


async def _tiers(session: AsyncSession, day: date) -> Counts:
    """Give everybody a tier, and count how completely those who have one are tagged."""
    counts = await tiers.evaluate(session, day=day)
    await tags.write_completion(session, day=day)
    return counts


async def _pool(session: AsyncSession, day: date) -> Counts:
    return await return_idle(session, day=day)


async def _coverage(session: AsyncSession, day: date) -> Counts:
    return await managers.assign(session, day=day)


async def _credit(session: AsyncSession, day: date) -> Counts:
    return await credit.credit_month(session, day=day)


async def _care_calendar(session: AsyncSession, day: date) -> Counts:
    return await care_plans.make_calendar(session, day=day)


async def _care_triggers(session: AsyncSession, day: date) -> Counts:
    return await care_triggers.notice(session, day=day)


async def _care_opportunities(session: AsyncSession, day: date) -> Counts:
    return await tend_opportunities(session, day=day)


async def _care_clock(session: AsyncSession, day: date) -> Counts:
    return await care_clock.tell_delays(session, day=day)


async def _handovers(session: AsyncSession, day: date) -> Counts:
    """End joint contacts against which something stands from the day on that begins, and tell what is overdue."""
    return {
        "joint_ended": await joint.uphold(session),
        "overdue": await handovers.escalate_overdue(session, day=day + timedelta(days=1)),
    }


async def _occasions(session: AsyncSession, day: date) -> Counts:
    return await points.record_occasions(session, day=day)


async def _earn(session: AsyncSession, _day: date) -> Counts:
    return await points.earn_pending(session)


async def _assess_assets(session: AsyncSession, day: date) -> Counts:
    return await assets.award(session, day=day)


async def _earn_from_assets(session: AsyncSession, _day: date) -> Counts:
    return await assets.post_awards(session)


async def _pending(session: AsyncSession, day: date) -> Counts:
    """End the holds whose time is up, and let come free what can be spent on the day that begins."""
    lapsed = await points.release_lapsed(session)
    due = await points.activate_due(session, day=day + timedelta(days=1))
    awaited = await points.settle_awaited(session, day=day)
    return {
        "read": lapsed + due["read"] + awaited["read"],
        "lapsed": lapsed,
        "activated": due["activated"] + awaited["activated"],
        "cancelled": awaited["cancelled"],
    }


async def _expire(session: AsyncSession, day: date) -> Counts:
    """Let activity count first, in transactions of its own, then let expire what ends with the day."""
    prolonged = await points.prolong(session, day=day)
    if prolonged:
        return {"read": prolonged, "prolonged": prolonged, "expired": 0, "rolled_over": 0, "points": 0}
    return {"prolonged": 0, **await points.expire(session, day=day)}


async def _remind(session: AsyncSession, day: date) -> Counts:
    return await points.remind(session, day=day)


async def _remind_of_appointments(session: AsyncSession, day: date) -> Counts:
    return await rights.remind_of_appointments(session, day=day)


async def _close(session: AsyncSession, day: date) -> Counts:
    return await points.close_days(session, day=day)


async def _reconcile(session: AsyncSession, day: date) -> Counts:
    """Hold the whole ledger to its promises: a missing row names no day, so no day is looked at alone."""
    found = [
        *await points_invariants.check(session, most=MOST_FAULTS),
        *await rights_invariants.check(session, most=MOST_FAULTS),
        *await settlement_invariants.check(session, most=MOST_FAULTS),
        *await order_invariants.check(session, most=MOST_FAULTS),
        *await gift_invariants.check(session, most=MOST_FAULTS),
    ]
    return await points.record_reconciliation(session, day=day, violations=found)


async def _seal(session: AsyncSession, _day: date) -> Counts:
    return {"read": (await seal(session)).rows}


# Points come before facts: the facts count them, and a second run of the night finds nothing to change.
STEPS = (
    Step("feeds", look_at_feeds),
    Step("approvals", _approvals, in_batches=True),
    Step("occasions", _occasions, in_batches=True),
    Step("earn", _earn, in_batches=True),
    Step("asset_awards", _assess_assets, over_everybody=True),
    Step("asset_points", _earn_from_assets, in_batches=True),
    Step("pending", _pending, in_batches=True),
    Step("expire", _expire, in_batches=True),
    Step("remind", _remind, in_batches=True),
    Step("appointments", _remind_of_appointments, in_batches=True),
    Step("close", _close, over_everybody=True),
    Step("quality", _quality, over_everybody=True),
    Step("ages", _ages, over_everybody=True),
    Step(FACTS, _facts, over_everybody=True),
    Step("tags", _tags, over_everybody=True),
    Step("tiers", _tiers, over_everybody=True),
    Step("live_tags", _live_tags, over_everybody=True),
    Step("pool", _pool, over_everybody=True),
    Step("coverage", _coverage, over_everybody=True),
    Step("credit", _credit, over_everybody=True),
    Step("care_calendar", _care_calendar, over_everybody=True),
    Step("care_triggers", _care_triggers, over_everybody=True),
    Step("care_opportunities", _care_opportunities, over_everybody=True),
    Step("care_clock", _care_clock),
    Step("handovers", _handovers, over_everybody=True),
    Step("reconcile", _reconcile, over_everybody=True),
    Step("seal", _seal, in_batches=True),
)
