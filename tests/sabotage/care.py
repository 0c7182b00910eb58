"""Guards to take away of care plans, triggers and the figures of care."""

from typing import Final

from sabotage.patches import CODE, Sabotage

TRIGGERS = "tests/shared/care/test_triggers.py"

CARE: Final = (
    Sabotage(
        "CARE-03",
        "that a flow sets care off from a fresh line alone",
        f"{CODE}/care/triggers/sources.py",
        "    JOIN line_day y ON y.line = e.line AND y.day = e.occurred_on\n",
        "",
        (f"{TRIGGERS}::test_large_flows_fire_from_a_fresh_line_alone_and_by_the_threshold_of_the_tier",),
    ),
)
