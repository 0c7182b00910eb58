"""Guards to take away of care plans, triggers and the figures of care."""

from typing import Final

from sabotage.patches import CODE, Sabotage

CALENDAR = "tests/shared/care/test_calendar.py"
TRIGGERS = "tests/shared/care/test_triggers.py"
FIGURES = "tests/bank_api/care_plans"

CARE: Final = (
    Sabotage(
        "CARE-01",
        "that a touch completes one contact of the calendar at most",
        f"{CODE}/care/plans/calendar_repository.py",
        "WHERE d.customer_id = u.customer_id AND d.touch_id = u.id AND d.origin = 'plan')",
        "WHERE false)",
        (f"{CALENDAR}::test_a_touch_satisfies_one_contact_at_once_and_a_call_nobody_took_none",),
    ),
    Sabotage(
        "CARE-03",
        "that a flow sets care off from a fresh line alone",
        f"{CODE}/care/triggers/sources.py",
        "    JOIN line_day y ON y.line = e.line AND y.day = e.occurred_on\n",
        "",
        (f"{TRIGGERS}::test_large_flows_fire_from_a_fresh_line_alone_and_by_the_threshold_of_the_tier",),
    ),
    Sabotage(
        "CARE-02",
        "that the report of kept care counts customers in scope alone",
        f"{CODE}/care/clock/repository.py",
        "        .where(visible(scope, col(task.customer_id), col(Customer.branch_id)))\n",
        "",
        (
            f"{FIGURES}/test_clock.py::test_the_report_counts_kept_late_broken_and_skipped_tasks_of_what_the_caller_sees",
        ),
    ),
)
