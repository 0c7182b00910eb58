"""In which order rules run that refer to each other, and that no ring of them runs."""

import pytest

from guibin.tags.errors import RuleCycle
from guibin.tags.rules import levels_of, parse_rule, tags_in


def test_what_is_referred_to_comes_first() -> None:
    references = {"vip": ["rich", "old"], "rich": [], "old": ["by_hand"], "gift": ["vip", "rich"]}
    assert levels_of(references) == [["old", "rich"], ["vip"], ["gift"]]


def test_rules_without_references_run_together() -> None:
    assert levels_of({"b": [], "a": []}) == [["a", "b"]]
    assert levels_of({}) == []


@pytest.mark.parametrize(
    ("references", "path"),
    [
        ({"a": ["a"]}, ["a", "a"]),
        ({"c": ["a"], "a": ["b"], "b": ["c"], "d": []}, ["a", "b", "c", "a"]),
    ],
)
def test_a_ring_is_refused_with_its_path(references: dict[str, list[str]], path: list[str]) -> None:
    with pytest.raises(RuleCycle) as caught:
        levels_of(references)
    assert caught.value.facts == {"path": path}


def test_references_are_found_wherever_they_stand() -> None:
    rule = {"any": [{"not": {"tag": "a"}}, {"all": [{"tag": "b", "for_days": 30}, {"tag": "a"}]}]}
    assert tags_in(parse_rule(rule)) == {"a", "b"}
