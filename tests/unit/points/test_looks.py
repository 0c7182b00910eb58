"""A look costs what moved since the last one, and nothing stays unseen for longer than an hour."""

from datetime import timedelta

from guibin.points.velocity.models import Measure, VelocityAction, VelocityRule
from guibin.points.velocity.service import OVERLAP, WHOLE, Looks
from support.points import NOON

MINUTE = timedelta(minutes=1)


def rule_of(code: str, revision: int) -> VelocityRule:
    return VelocityRule(
        code=code,
        revision=revision,
        wallet="reward",
        measure=Measure.EARNINGS,
        hours=24,
        most=2,
        action=VelocityAction.FLAG,
        reason_zh="短时间内多次获得积分",
        reason_en="Unusually many earnings",
    )


def test_the_first_look_the_first_by_new_terms_and_one_each_hour_are_at_all_accounts() -> None:
    looks, rule = Looks(), rule_of("fast", 1)
    seen = []
    for minutes in (0, 1, 2, 60, 61):
        now = NOON + minutes * MINUTE
        moved = looks.moved_since(rule, now)
        looks.looked(rule, now, moved=moved)
        seen.append(moved)

    assert seen == [None, NOON - OVERLAP, NOON + MINUTE - OVERLAP, None, NOON + WHOLE - OVERLAP]
    assert looks.moved_since(rule_of("fast", 2), now) is None
    assert looks.moved_since(rule_of("other", 1), now) is None


def test_movements_of_the_time_in_which_a_look_failed_are_looked_at_by_the_next() -> None:
    looks, rule = Looks(), rule_of("fast", 1)
    looks.looked(rule, NOON, moved=None)

    assert looks.moved_since(rule, NOON + 30 * MINUTE) == NOON - OVERLAP
