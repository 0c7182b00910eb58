"""The pure decisions about opportunities."""

import pytest

from guibin.care.models import TaskOrigin
from guibin.care.opportunities.models import OpportunityResult, OpportunitySource, OpportunityState
from guibin.care.opportunities.rules import RESULTS, belongs, source_of


def test_each_result_belongs_to_one_state() -> None:
    listed = [result for results in RESULTS.values() for result in results]
    assert sorted(listed) == sorted(OpportunityResult)
    assert belongs(OpportunityResult.BOUGHT, OpportunityState.WON)
    assert not belongs(OpportunityResult.BOUGHT, OpportunityState.LOST)
    assert not belongs(OpportunityResult.BOUGHT, OpportunityState.OPEN)


@pytest.mark.parametrize(
    ("wished", "in_touch", "completed", "source"),
    [
        (True, True, TaskOrigin.TRIGGER, OpportunitySource.WISH),
        (False, True, TaskOrigin.TRIGGER, OpportunitySource.TRIGGER),
        (False, True, TaskOrigin.PLAN, OpportunitySource.TOUCH),
        (False, True, None, OpportunitySource.TOUCH),
        (False, False, None, OpportunitySource.STAFF),
    ],
)
def test_the_customers_word_counts_before_the_trigger_and_that_before_the_touch(
    *, wished: bool, in_touch: bool, completed: TaskOrigin | None, source: OpportunitySource
) -> None:
    assert source_of(wished=wished, in_touch=in_touch, completed=completed) is source
