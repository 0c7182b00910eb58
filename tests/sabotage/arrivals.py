"""Guards of arrivals to take away: the rule's lock, the customer's lock, and each criterion of eligibility."""

from typing import Final

from sabotage.patches import CODE, Sabotage

ARRIVING = "tests/bank_api/managers/test_arrivals.py"
ELIGIBLE = "tests/bank_api/managers/test_eligibility.py"

ARRIVALS: Final = (
    Sabotage(
        "MGR-03",
        "that whoever is away gets nobody new",
        f"{CODE}/managers/rules.py",
        "        Obstacle.ON_LEAVE: seat.absent,\n",
        "        Obstacle.ON_LEAVE: False,\n",
        (f"{ELIGIBLE}::test_each_criterion_refuses_by_hand_and_is_told_at_an_arrival",),
    ),
    Sabotage(
        "MGR-05",
        "that a turn is kept",
        f"{CODE}/managers/arrivals/service.py",
        "    await arrivals.keep_turns(session, rule, before=turn)\n",
        "",
        (f"{ARRIVING}::test_concurrent_arrivals_go_round_without_anybody_two_ahead",),
    ),
)
