"""Guards to take away of plans of assignment."""

from typing import Final

from sabotage.patches import CODE, Sabotage

PLANS = "tests/bank_api/managers/test_plans.py"

CLAIMS = "tests/bank_api/managers/test_claims.py"
RESTRICTED = "tests/bank_api/managers/test_restricted.py"

ASSIGNING: Final = (
    Sabotage(
        "S-CLAIM-1",
        "that of a customer there is one claim at a time",
        "migrations/versions/20261127_0104_claims.py",
        """            using="gist",
""",
        """            using="gist",
            where=sa.text("false"),
""",
        (f"{CLAIMS}::test_of_claims_at_the_same_moment_one_wins",),
    ),
    Sabotage(
        "S-CLAIM-2",
        "that no party decides a dispute about a claim",
        f"{CODE}/managers/claims/disputing.py",
        "    if actor.id in {row.opened_by, *await repository.staff_of(session, parties)}:",
        "    if False:",
        (f"{CLAIMS}::test_a_dispute_is_decided_by_who_is_no_party_and_who_loses_waits",),
    ),
    Sabotage(
        "S-CLAIM-3",
        "that claims of other branches are not there",
        f"{CODE}/managers/claims/repository.py",
        "    colleagues = select(col(Manager.id)).where(col(Manager.branch_id).in_(branch))",
        "    colleagues = select(col(Manager.id))",
        (f"{CLAIMS}::test_colleagues_of_the_branch_see_a_claim_and_nobody_elsewhere_does",),
    ),
    Sabotage(
        "CUS-18a",
        "that nobody comes to serve whom a restriction keeps from it",
        f"{CODE}/managers/stability/needy.py",
        "        .where(or_(and_(not_(has_nobody), not_(is_here)), not_(blocks(col(Customer.id), Act.ASSIGN, day))))\n",
        "",
        (f"{RESTRICTED}::test_nobody_comes_to_serve_whom_a_restriction_keeps_from_it_and_who_leaves_hands_them_on",),
    ),
    Sabotage(
        "MGR-07",
        "that a plan in which somebody has changed is not applied",
        f"{CODE}/managers/planning/applying.py",
        "    if plan.kind != AssignmentPlanKind.LEAVE and stale:\n",
        "    if False:\n",
        (f"{PLANS}::test_a_plan_in_which_somebody_changed_is_refused_and_names_them",),
    ),
    Sabotage(
        "MGR-07-TODAY",
        "that a plan moves nobody whom the taker may not serve any more",
        f"{CODE}/managers/planning/applying.py",
        "        against = [found for found in obstacles(one, seat, matrix) if found not in allowed]",
        "        against: list[Obstacle] = []",
        (f"{PLANS}::test_whom_the_taker_may_not_serve_any_more_stays_behind_and_keeps_no_leaver",),
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
