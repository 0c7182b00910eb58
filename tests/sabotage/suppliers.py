"""Guards of what suppliers deliver to take away: what replaces what failed, what it may cost, and once."""

from typing import Final

from sabotage.patches import CODE, Sabotage

REPLACED = "tests/bank_api/suppliers/test_substitutes.py"
ONCE = f"{REPLACED}::test_what_cannot_be_delivered_is_replaced_by_what_the_bank_names_once"

SUPPLIERS: Final = (
    Sabotage(
        "RGT-18c",
        "that a failed redemption is replaced once",
        f"{CODE}/rights/service/substituting.py",
        "    if failed.replaced_by is not None or failed.open_until <= now:\n",
        "    if failed.open_until <= now:\n",
        (ONCE,),
    ),
    Sabotage(
        "RGT-18d",
        "that a substitute costs no more than the bank allows",
        f"{CODE}/rights/service/substituting.py",
        "    if is_too_dear(rule, back, done.redemption.points_charged):\n",
        "    if is_too_dear(rule, back, 0):\n",
        (ONCE,),
    ),
    Sabotage(
        "RGT-18e",
        "that what a quota paid for is not made good a second time",
        f"{CODE}/rights/substitutes.py",
        "rule is PriceRule.CAPPED and back.free_units else rule",
        "rule is PriceRule.CAPPED and back.free_units < 0 else rule",
        (f"{REPLACED}::test_what_a_quota_had_paid_for_is_not_made_good_and_after_thirty_days_nothing_is",),
    ),
)
