"""Guards to take away of care plans, triggers and the figures of care."""

from typing import Final

from sabotage.patches import CODE, Sabotage

CONTENT = "tests/bank_api/contact/test_message_checks.py"
NIGHT = "tests/shared/care/test_opportunity_night.py"
CALENDAR = "tests/shared/care/test_calendar.py"
CLOCK = "tests/bank_api/care/plans/test_clock.py"
NEXT = "tests/bank_api/care/test_touches.py"
CHANCES = "tests/bank_api/care/opportunities/test_opportunities.py"
TELLING = "tests/shared/contact/test_telling.py"
TRIGGERS = "tests/shared/care/test_triggers.py"

CARE: Final = (
    Sabotage(
        "S-TOLD-1",
        "that each channel of an event is judged by itself",
        f"{CODE}/contact/telling.py",
        "replace(gate, plan=plan).judge(facts[channel])",
        "gate.judge(facts[channel])",
        (
            f"{TELLING}::test_the_word_on_an_event_is_what_the_gate_says_of_each_channel_by_as_many_statements_for_twenty",
        ),
    ),
    Sabotage(
        "CARE-06d",
        "that a next contact keeps to the contact policy",
        f"{CODE}/care/service/touching.py",
        "    await require_possible(session, touch.customer_id, wanted)\n",
        "",
        (
            f"{NEXT}::test_a_next_contact_that_the_policy_does_not_allow_on_its_day_is_refused_with_the_first_day_that_is",
        ),
    ),
    Sabotage(
        "CARE-07",
        "that one opportunity of a need is open with a customer",
        "migrations/versions/20261127_0101_opportunities.py",
        "            unique=True,\n",
        "",
        ("tests/concurrency/care/test_one_open_opportunity.py",),
    ),
    Sabotage(
        "CARE-07b",
        "that what the customer refused sleeps",
        f"{CODE}/care/opportunities/repository.py",
        "    sleeps = (col(row.state) == OpportunityState.REFUSED) & (col(row.sleeps_until) > today)\n",
        "    sleeps = (col(row.state) == OpportunityState.REFUSED) & (col(row.sleeps_until) < today)\n",
        (f"{CHANCES}::test_one_is_open_of_a_product_or_need_and_what_was_refused_sleeps_for_ninety_days",),
    ),
    Sabotage(
        "CARE-07c",
        "that nothing is offered while a complaint is in progress",
        f"{CODE}/care/service/opportunities.py",
        "            raise OffersWait\n",
        "            pass\n",
        (f"{CHANCES}::test_nothing_is_offered_while_a_complaint_is_in_progress",),
    ),
    Sabotage(
        "CARE-07d",
        "that the night opens nothing with whom a product was offered often enough",
        f"{CODE}/care/opportunities/night_repository.py",
        "HAVING count(*) >= :pushes",
        "HAVING count(*) > :pushes",
        (f"{NIGHT}::test_who_came_to_have_a_tag_gets_one_opportunity_of_a_stay_unless_something_stands_in_the_way",),
    ),
    Sabotage(
        "CARE-01",
        "that a touch in which nobody was spoken to completes no contact",
        f"{CODE}/care/plans/calendar_repository.py",
        "AND u.result = ANY(:reached)\n",
        "AND (u.result = ANY(:reached) OR true)\n",
        (f"{CALENDAR}::test_a_touch_satisfies_one_contact_at_once_and_a_call_nobody_took_none",),
    ),
    Sabotage(
        "CARE-02",
        "that a delay is told once",
        f"{CODE}/care/clock/repository.py",
        "AND escalation = :level - 1 AND",
        "AND escalation <= :level AND",
        (f"{CLOCK}::test_a_delay_is_told_to_the_manager_and_three_business_days_later_to_the_head",),
    ),
    Sabotage(
        "CARE-02b",
        "that who takes a customer over does not answer for what was late already",
        f"{CODE}/care/clock/repository.py",
        "    return case((or_(task.c.manager_id.is_(None), mine), then), else_=task.c.manager_id)\n",
        "    return case((or_(task.c.manager_id.is_(None), ~mine), then), else_=task.c.manager_id)\n",
        (f"{CLOCK}::test_a_task_that_was_late_when_the_customer_changed_hands_counts_for_who_served_on_the_due_day",),
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
        "API-16a",
        "that versions of one kind begin one after the other",
        f"{CODE}/approvals/definitions/service.py",
        "        await take_turn(session, self.table)\n",
        "",
        ("tests/bank_api/care/test_standards.py::test_of_two_that_are_agreed_to_at_once_for_one_day_one_is_refused",),
    ),
    Sabotage(
        "API-16b",
        "that versions of terms come one after the other",
        f"{CODE}/approvals/terms/service.py",
        "        await take_turn(session, self.table)\n",
        "",
        (
            "tests/bank_api/approvals/test_standing_terms.py::test_of_several_that_are_agreed_to_at_once_one_is_in_force",
        ),
    ),
    Sabotage(
        "CUS-16b",
        "that no text message says what is read after the log-in alone",
        f"{CODE}/channels/sms.py",
        "if found := findings(text):",
        "if not (found := findings(text)) and found:",
        (f"{CONTENT}::test_no_text_message_is_posted_that_says_an_amount",),
    ),
)
