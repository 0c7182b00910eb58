"""Guards of care and handovers to take away: all or nothing, whose signature, who answers for what is open."""

from typing import Final

from sabotage.patches import CODE, Sabotage

TOUCHES = "tests/bank_api/care/test_touches.py"
RECORDS = "tests/bank_api/care/test_records.py"
HANDOVERS = "tests/bank_api/handovers/test_handovers.py"

TOUCHES_AND_HANDOVERS: Final = (
    Sabotage(
        "CARE-04",
        "that a task is done by what was due alone",
        f"{CODE}/care/service/tasks.py",
        "    if not rules.is_reached(TouchResult(touch.result)) or not rules.serves(*asked, *done):\n",
        "    if not asked or not done:\n",
        (f"{TOUCHES}::test_a_task_is_not_done_by_less_than_was_due",),
    ),
    Sabotage(
        "CARE-04b",
        "that a record is changed upon the revision that was read",
        f"{CODE}/care/service/promises.py",
        "        precondition(row.revision)\n",
        "",
        (f"{RECORDS}::test_a_promise_is_kept_or_broken_with_a_reason_upon_the_revision_that_was_read",),
    ),
    Sabotage(
        "MGR-13",
        "that who leads the branch signs only for a giver who is gone",
        f"{CODE}/handovers/rules.py",
        "    if is_giver or (leads and giver_is_gone):\n",
        "    if is_giver or leads:\n",
        (f"{HANDOVERS}::test_what_is_open_stands_on_the_list_and_both_sign_before_the_customer_is_told",),
    ),
    Sabotage(
        "MGR-13b",
        "that a handover is seen by its two managers and by who reaches the customer",
        f"{CODE}/handovers/repository.py",
        "        visible(scope, col(Handover.customer_id)),\n        col(Handover.giver_id)",
        "        col(Handover.id).is_not(None),\n        col(Handover.giver_id)",
        (f"{HANDOVERS}::test_what_is_open_stands_on_the_list_and_both_sign_before_the_customer_is_told",),
    ),
)
