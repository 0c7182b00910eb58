"""What a care plan may say, and what its tiers weigh: on plain values."""

from typing import Any

import pytest

from guibin.care.models import TouchKind
from guibin.care.plans.defaults import DEFAULT_TERMS
from guibin.care.plans.terms import CareContact, CareOccasion, PlanTerms, Trigger, faults_of_plan, loads_of

TIERS = ("T0", "T1", "T2", "T3", "T4", "T5")


def contact(code: str = "call", every_months: int = 3, kind: TouchKind = TouchKind.CALL) -> CareContact:
    return CareContact(code=code, kind=kind, every_months=every_months, title_zh="电话", title_en="Call")


def trigger(on: CareOccasion = CareOccasion.BIRTHDAY, **more: Any) -> Trigger:
    return Trigger.model_validate({"code": "one", "on": on, "title_zh": "祝福", "title_en": "Wishes", **more})


def plan(**more: Any) -> PlanTerms:
    return PlanTerms.model_validate({"minutes": {"call": 15}, "contacts": {"T1": [contact()]}, **more})


def test_the_default_plan_weighs_what_the_reference_data_say() -> None:
    assert faults_of_plan(DEFAULT_TERMS, TIERS) is None
    assert loads_of(DEFAULT_TERMS, "T1") == {"T1": 1, "T2": 1.5, "T3": 6, "T4": 11, "T5": 11}
    assert DEFAULT_TERMS.minutes_a_year("T0") == 0
    assert loads_of(DEFAULT_TERMS, "T0") == {}


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        (plan(), None),
        (plan(contacts={"T9": []}), "tier_unknown"),
        (plan(triggers=[trigger(CareOccasion.LARGE_INFLOW, thresholds={"T9": 1})]), "tier_unknown"),
        (plan(contacts={"T1": [contact(kind=TouchKind.VISIT)]}), "minutes"),
        (plan(contacts={"T1": [contact(every_months=5)]}), "months"),
        (plan(contacts={"T1": [contact(), contact()]}), "code"),
        (plan(contacts={"T1": [contact()], "T2": [contact()]}), None),
        (plan(triggers=[trigger(), trigger()]), "code"),
        (plan(triggers=[trigger(CareOccasion.LARGE_OUTFLOW)]), "thresholds"),
        (plan(triggers=[trigger(thresholds={"T1": 1})]), "thresholds"),
        (plan(triggers=[trigger(CareOccasion.LARGE_INFLOW, thresholds={"T1": 1})]), None),
    ],
)
def test_what_a_plan_may_not_say(terms: PlanTerms, fault: str | None) -> None:
    assert faults_of_plan(terms, TIERS) == fault
