"""The measure of the review queue's ranking, and the labelled records that it is measured on."""

import pytest

from guibin_tools.benchmarks.matching.labelled import made_up
from guibin_tools.benchmarks.matching.ranking import Quality, best_f1, quality

TRUTH = {(0, 0), (1, 1), (2, 2)}
RANKING = {(0, 0): 0.99, (0, 1): 0.9, (1, 1): 0.6, (2, 0): 0.1}


def test_precision_and_recall_are_of_the_pairs_from_a_probability_on() -> None:
    assert quality(RANKING, TRUTH, least=0.5) == Quality(precision=2 / 3, recall=2 / 3)
    assert quality(RANKING, TRUTH, least=0.95).f1 == pytest.approx(0.5)
    assert quality({}, TRUTH, least=0.5).f1 == 0


def test_the_order_is_worth_the_best_f1_of_any_threshold() -> None:
    assert best_f1(RANKING, TRUTH) == pytest.approx(4 / 6)


def test_the_second_source_knows_two_in_three_of_the_first_and_relatives_and_namesakes_of_others() -> None:
    one, again = made_up(300), made_up(300)
    assert one == again
    assert 0.6 < len(one.truth) / 300 < 0.8
    strangers = [told for told in one.right if told.person not in {known.person for known in one.left}]
    assert {told.address for told in strangers} & {told.address for told in one.left}
    assert {told.name for told in strangers} & {told.name for told in one.left}
