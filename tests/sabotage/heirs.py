"""Guards of inheritances to take away: of whom, what stays, and who else stands in the way."""

from typing import Final

from sabotage.patches import CODE, SQL, Sabotage

LAST_LOOK = "tests/shared/points/test_inheriting.py"
CLAIMS = "tests/bank_api/points/test_inheritance.py"
REFUSED = f"{LAST_LOOK}::test_nobody_inherits_from_the_living_nor_what_is_set_aside_owed_or_not_there"

HEIRS: Final = (
    Sabotage(
        "CUS-18d",
        "that nobody inherits from the living",
        f"{SQL}/points_inherit/v1.sql",
        "THEN 'not_deceased'",
        "THEN 'posted'",
        (REFUSED,),
    ),
    Sabotage(
        "CUS-18e",
        "that what the deceased owes is kept back",
        f"{SQL}/points_inherit/v1.sql",
        "v_points > v_from.available - v_from.debt",
        "v_points > v_from.available",
        (REFUSED,),
    ),
    Sabotage(
        "CUS-18f",
        "that a judicial freeze holds against heirs",
        f"{CODE}/points/inheritance/service.py",
        "    if any(kind.blocks_redeem and kind.code != DECEASED for kind in kinds):\n        raise AccountFrozen\n",
        "",
        (f"{CLAIMS}::test_what_is_owed_stays_what_is_set_aside_waits_and_other_restrictions_stand_in_the_way",),
    ),
)
