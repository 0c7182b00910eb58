"""Guards to take away of plans of assignment."""

from typing import Final

from sabotage.patches import CODE, Sabotage

PLANS = "tests/bank_api/managers/test_plans.py"

CLAIMS = "tests/bank_api/managers/test_claims.py"
RESTRICTED = "tests/bank_api/managers/test_restricted.py"

JOINT = "tests/bank_api/handovers/test_joint_contact.py"

ASSIGNING: Final = (
    Sabotage(
        "S-JOINT-1",
        "that the database ends joint contact with its last day",
        "migrations/versions/20261127_0701_joint_contact.py",
        """    " AND a.valid_to > (SELECT row_scope_accompanied_on())))"
""",
        """    " AND a.valid_to IS NOT NULL))"
""",
        ("tests/shared/security/test_row_level_security.py::test_a_setting_opens_the_rows_of_its_scope_and_no_others",),
    ),
    Sabotage(
        "S-JOINT-2",
        "that who accompanies a customer only writes down what was said",
        f"{CODE}/care/service/touching.py",
        "    if not (scope.accompanies and wanted.is_of_who_serves):",
        "    if scope.accompanies or not wanted.is_of_who_serves:",
        (f"{JOINT}::test_who_accompanies_writes_down_what_was_said_and_does_nothing_else",),
    ),
    Sabotage(
        "S-JOINT-3",
        "that only what reads one customer reaches whom one gave away",
        f"{CODE}/web/accompanying.py",
        '    reads_one = method == "GET" and ONE_CUSTOMER in path',
        '    reads_one = method == "GET"',
        (
            "tests/unit/web/test_accompanying.py::test_what_reads_one_customer_reaches_them_and_what_says_so",
            f"{JOINT}::test_who_accompanies_writes_down_what_was_said_and_does_nothing_else",
        ),
    ),
    Sabotage(
        "S-JOINT-4",
        "that joint contact ends with what stands against it",
        f"{CODE}/managers/joint/repository.py",
        '        f" AND NOT ({_STANDS})"',
        '        " AND false"',
        (f"{JOINT}::test_it_ends_with_the_very_request_that_stands_against_it",),
    ),
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
