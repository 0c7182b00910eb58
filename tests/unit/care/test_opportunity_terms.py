"""What a care plan may say of opportunities: on plain values."""

from typing import Any

import pytest

from guibin.care.opportunities.terms import OpportunityRule, OpportunityTerms, faults_of_rules


def rule(**more: Any) -> OpportunityRule:
    return OpportunityRule.model_validate({"code": "one", "tag": "rich", "product_code": "FUND", **more})


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ([], None),
        ([rule(), rule(code="two", product_code=None, need="education")], None),
        ([rule(), rule()], "opportunity_code"),
        ([rule(product_code=None)], "opportunity_subject"),
        ([rule(need="education")], "opportunity_subject"),
        ([rule(product_code="NONE")], "product_unknown"),
        ([rule(tag="none")], "tag_unknown"),
        ([rule(tag="ill")], "tag_sensitive"),
    ],
)
def test_what_a_rule_may_not_say(rules: list[OpportunityRule], fault: str | None) -> None:
    found = faults_of_rules(OpportunityTerms(rules=rules), tags={"rich", "ill"}, sensitive={"ill"}, products={"FUND"})
    assert found == fault
