"""Guards of reservations and release plans to take away: what is held, until when, and what is open."""

from typing import Final

from sabotage.patches import CODE, SQL, Sabotage

HELD = "tests/shared/rights/test_reservations.py"
PLANNED = "tests/shared/rights/test_releases.py"

RESERVATIONS: Final = (
    Sabotage(
        "RGT-06",
        "that units held beyond their time are let go by whoever needs them",
        f"{SQL}/rights_let_go/v1.sql",
        "WHEN p_reservation IS NULL THEN o.lapses_at <= p_at",
        "WHEN p_reservation IS NULL THEN false",
        (f"{HELD}::test_what_is_held_beyond_its_time_blocks_nobody_though_nobody_has_tidied_up",),
    ),
    Sabotage(
        "RGT-06b",
        "that a code is held until the end of its reservation",
        f"{SQL}/rights_hold/v1.sql",
        "held_until = p_until\n",
        "held_until = p_at\n",
        (f"{HELD}::test_codes_are_held_one_by_one",),
    ),
    Sabotage(
        "RGT-06c",
        "the bound of what one customer reserves at once",
        f"{CODE}/rights/service/reserving.py",
        "    if len(running) >= MOST_RESERVED:\n",
        "    if len(running) > MOST_RESERVED:\n",
        (f"{HELD}::test_one_of_a_right_at_once_and_not_many_in_all",),
    ),
    Sabotage(
        "RGT-23",
        "what a line of a release plan has opened",
        f"{SQL}/rights_open_line/v1.sql",
        "WHERE coalesce(r.taken, 0) + p_units <=",
        "WHERE p_units <=",
        (f"{PLANNED}::test_units_are_had_as_they_are_released",),
    ),
    Sabotage(
        "RGT-23b",
        "that units go back to the line that released them",
        f"{CODE}/rights/repository/pool.py",
        ".values(taken=StockRelease.taken - quantity)",
        ".values(taken=StockRelease.taken)",
        (f"{PLANNED}::test_what_is_given_back_is_open_again",),
    ),
)
