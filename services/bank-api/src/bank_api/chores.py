"""What the worker looks for again and again beside the runs, each by itself: a slow one keeps no other waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from bank_api.exports.lists import LISTS
from guibin.contact.service import release_lapsed as release_contacts
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.core.settings import Settings
from guibin.customers.locks.service import end_locks
from guibin.customers.matching import compose_stale
from guibin.customers.policy.service import apply_policy
from guibin.customers.proposing.service import propose
from guibin.exports.jobs import tend_exports
from guibin.feeds.batches.jobs import tend_batches
from guibin.managers.planning.computing import tend_plans
from guibin.points.campaign_codes.service import MOST_AT_ONCE as MOST_CODES
from guibin.points.campaign_codes.service import earn_codes
from guibin.points.files.service import tend_files
from guibin.points.merging import take_over_later
from guibin.points.service import keep_active, release_awaited, release_lapsed
from guibin.points.velocity.repository import list_rules
from guibin.points.velocity.service import MOST_AT_ONCE as MOST_NOTICED
from guibin.points.velocity.service import Looks, notice
from guibin.privacy.jobs import tend_copies
from guibin.rights.service import end_unpaid, let_lapsed_go, tend_slots
from guibin.runs.overdue import tell_overdue
from guibin.security.ciphers import KeyRing
from guibin.tags.live.service import MOST_AT_ONCE as MOST_CHANGED
from guibin.tags.live.service import judge_changed

SOON_SECONDS: Final = 2.0
"""From one look at what somebody waits for to the next."""
LIVE_SECONDS: Final = 1.0
"""From one look at whom something happened to, for the tags in real time, to the next."""
MINUTE_SECONDS: Final = 60.0
MOST_HOLDS: Final = 200
"""Holds that one transaction ends, or accounts that it empties: whoever redeems meanwhile waits for it."""
MOST_RECORDS: Final = 1_000
"""Records that one transaction compares with all others: files wait for it, and it bounds the worker's memory."""


@dataclass(frozen=True, slots=True)
class Chore:
    """A chore: a turn does what there is and returns how much; `done` and `failed` are its events in the log."""

    turn: Callable[[], Awaitable[int]]
    done: str
    failed: str
    every: float

    async def go_round(self) -> None:
        """Take turns until cancelled; what a turn fails of, the next one takes up."""
        while True:
            try:
                if count := await self.turn():
                    logger().info(self.done, count=count)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next turn tries again
                logger().error(self.failed, **error_facts(error))
            await asyncio.sleep(self.every)


def chores_of(settings: Settings, sessions: SessionFactory) -> Sequence[Chore]:
    """Return the chores of the bank's worker."""

    def open_keys() -> KeyRing:
        return KeyRing.load(settings.effective_keys_file)

    copies = partial(tend_copies, sessions, open_keys)
    batches = partial(tend_batches, sessions, open_keys)
    lists = partial(tend_exports, sessions, open_keys, LISTS)
    judged = partial(_until_done, sessions, judge_changed, most=MOST_CHANGED)
    holds = partial(_until_done, sessions, release_lapsed, most=MOST_HOLDS)
    contacts = partial(_until_done, sessions, release_contacts, most=MOST_RECORDS)
    codes = partial(_until_done, sessions, earn_codes, most=MOST_CODES)
    awaited = partial(_until_done, sessions, release_awaited, most=MOST_HOLDS)
    active = partial(_until_done, sessions, keep_active, most=MOST_HOLDS)
    composed = partial(_until_done, sessions, partial(compose_stale, open_keys=open_keys), most=MOST_HOLDS)
    merged = partial(_until_done, sessions, take_over_later, most=MOST_HOLDS)
    by_policy = partial(_until_done, sessions, partial(apply_policy, open_keys=open_keys), most=MOST_RECORDS)
    unlocked = partial(_until_done, sessions, partial(end_locks, open_keys=open_keys), most=MOST_HOLDS)
    proposed = partial(_until_done, sessions, partial(propose, open_keys=open_keys), most=MOST_RECORDS)
    overdue = partial(tell_overdue, sessions, patience=timedelta(minutes=settings.night_minutes))
    return (
        Chore(copies, "copies_made", "copies_not_made", SOON_SECONDS),
        Chore(batches, "feed_batch_files_taken", "feed_batches_not_taken", SOON_SECONDS),
        Chore(partial(tend_plans, sessions), "plans_computed", "plans_not_computed", SOON_SECONDS),
        Chore(lists, "lists_made", "lists_not_made", SOON_SECONDS),
        Chore(partial(_post_files, sessions), "points_files_posted", "points_files_not_posted", SOON_SECONDS),
        Chore(partial(tend_slots, sessions), "slots_closed", "slots_not_closed", SOON_SECONDS),
        Chore(partial(let_lapsed_go, sessions), "reservations_lapsed", "reservations_not_lapsed", SOON_SECONDS),
        Chore(partial(end_unpaid, sessions), "unpaid_ended", "unpaid_not_ended", SOON_SECONDS),
        Chore(judged, "changes_judged", "changes_not_judged", LIVE_SECONDS),
        Chore(holds, "holds_ended", "holds_not_ended", MINUTE_SECONDS),
        Chore(contacts, "contacts_released", "contacts_not_released", MINUTE_SECONDS),
        Chore(codes, "codes_earned", "codes_not_earned", MINUTE_SECONDS),
        Chore(awaited, "awaited_points_settled", "awaited_points_not_settled", MINUTE_SECONDS),
        Chore(active, "points_kept_active", "points_not_kept_active", MINUTE_SECONDS),
        Chore(composed, "customers_composed", "customers_not_composed", SOON_SECONDS),
        Chore(unlocked, "field_locks_ended", "field_locks_not_ended", MINUTE_SECONDS),
        Chore(by_policy, "policy_applied", "policy_not_applied", SOON_SECONDS),
        Chore(proposed, "records_compared", "records_not_compared", SOON_SECONDS),
        Chore(merged, "merged_points_taken_over", "merged_points_not_taken_over", MINUTE_SECONDS),
        Chore(partial(_notice_speed, sessions, Looks()), "speed_noticed", "speed_not_watched", MINUTE_SECONDS),
        Chore(overdue, "overdue_runs_told", "overdue_runs_not_told", MINUTE_SECONDS),
    )


async def _until_done(sessions: SessionFactory, work: Callable[..., Awaitable[int]], *, most: int) -> int:
    """Do work in transactions of at most `most` pieces until there is no more; returns how many there were."""
    total = 0
    while True:
        async with sessions.begin() as session:
            done = await work(session, limit=most)
        total += done
        if done < most:
            return total


async def _notice_speed(sessions: SessionFactory, looks: Looks) -> int:
    """Ask the rules that notice speed, each by itself; returns how many accounts they noticed."""
    async with sessions() as session:
        rules = await list_rules(session, active=True)
    noticed = 0
    for rule in rules:
        began = clock.now()
        moved = looks.moved_since(rule, began)
        noticed += await _until_done(sessions, partial(notice, rule=rule, moved=moved), most=MOST_NOTICED)
        looks.looked(rule, began, moved=moved)
    return noticed


async def _post_files(sessions: SessionFactory) -> int:
    """Post approved files of points part by part; returns the lines."""
    posted = 0
    while (part := await tend_files(sessions)) is not None:
        posted += part
    return posted
