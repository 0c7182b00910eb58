"""Guards to take away of plans of assignment."""

from typing import Final

from sabotage.patches import CODE, Sabotage

PLANS = "tests/bank_api/managers/test_plans.py"

ASSIGNING: Final = (
    Sabotage(
        "MGR-07",
        "that a plan in which somebody has changed is not applied",
        f"{CODE}/managers/planning/applying.py",
        "    if plan.kind != AssignmentPlanKind.LEAVE and stale:\n",
        "    if False:\n",
        (f"{PLANS}::test_a_plan_in_which_somebody_changed_is_refused_and_names_them",),
    ),
    Sabotage(
        "MGR-12",
        "that a plan of another branch is not there",
        f"{CODE}/managers/planning/asking.py",
        "    if branches is not None and branch_id not in branches:\n",
        "    if False:\n",
        (f"{PLANS}::test_a_plan_of_another_branch_is_not_there",),
    ),
)
