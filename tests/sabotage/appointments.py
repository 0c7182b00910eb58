"""Guards of appointments and proposals to take away: places, hours before a slot, the end of a proposal."""

from typing import Final

from sabotage.patches import CODE, Sabotage

APPOINTMENTS_OF_CUSTOMERS = "tests/bank_api/rights/test_appointments.py"
PROPOSALS = "tests/bank_api/rights/test_proposals.py"

APPOINTMENTS: Final = (
    Sabotage(
        "RGT-01",
        "the places of a slot",
        "migrations/functions/rights_take_slot/v1.sql",
        "       AND s.taken + p_quantity <= s.capacity\n",
        "       AND s.taken <= s.capacity\n",
        (f"{APPOINTMENTS_OF_CUSTOMERS}::test_a_slot_is_booked_with_the_redemption_confirmed_and_served",),
    ),
    Sabotage(
        "RGT-01b",
        "the hours before a slot",
        f"{CODE}/rights/service/appointments.py",
        "    if last is None or clock.now() >= last:\n",
        "    if last is None:\n",
        (f"{APPOINTMENTS_OF_CUSTOMERS}::test_hours_before_the_slot_decide_on_cancelling_and_changing",),
    ),
    Sabotage(
        "RGT-01c",
        "that a proposal lapses",
        f"{CODE}/rights/service/proposing.py",
        "    if row.state != ProposalState.WAITING or row.lapses_at <= now:\n",
        "    if row.state != ProposalState.WAITING:\n",
        (f"{PROPOSALS}::test_no_answer_a_no_and_a_withdrawal_end_a_proposal",),
    ),
)
