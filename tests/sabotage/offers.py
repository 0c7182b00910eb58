"""Guards of offers to take away: budgets, the bound for everybody, step-up, what is stopped, who sees a right."""

from typing import Final

from sabotage.patches import CODE, SQL, Sabotage

OFFERS_OF_CUSTOMERS = "tests/shared/rights/test_offers.py"
STEP_UPS = "tests/customer_api/sessions/test_step_ups.py"
ARITHMETIC = "tests/unit/rights/test_offer.py"

ASSETS = "tests/shared/points/test_assets.py"
ROLLING = "tests/shared/points/test_rolling_over.py"
HOUSEHOLD = "tests/customer_api/points/test_household_points.py"
OF_STAFF = "tests/bank_api/points/test_household_points.py"
PUT_TOGETHER = "test_points_are_put_together_by_consent_spent_within_a_limit_and_given_back_to_whom_they_belonged"
GIVEN = "tests/customer_api/rights/test_points_given.py"
REFUNDS = "tests/bank_api/rights/test_refunds.py"
CODES_OF_PARTS = "test_f5_unused_codes_come_back_by_units_used_ones_never_and_the_last_one_gone_fulfils"
RETURNS = "tests/bank_api/points/test_returns.py"
PARTS_OF_RETURNS = "test_parts_of_an_event_give_back_together_what_the_whole_would_and_are_never_more_than_it"
RIGHT_EFFECTS = "tests/bank_api/earning_rules/test_right_effects.py"

OFFERS: Final = (
    Sabotage(
        "RGT-24",
        "the bound of a budget",
        f"{CODE}/programme/repository.py",
        "AND (points_limit IS NULL OR points_spent + :points <= points_limit)",
        "AND (points_limit IS NULL OR points_spent <= points_limit)",
        (f"{OFFERS_OF_CUSTOMERS}::test_a_budget_is_drawn_until_it_is_used_up_and_what_is_given_back_is_there_again",),
    ),
    Sabotage(
        "RGT-07",
        "the bound for everybody",
        f"{SQL}/rights_take/v2.sql",
        " AND t.taken + p_new.quantity <= (p_taking ->> 'total_limit')::bigint;",
        ";",
        (f"{OFFERS_OF_CUSTOMERS}::test_the_bound_for_everybody_is_counted_over_all_customers",),
    ),
    Sabotage(
        "API-19",
        "that a proof is good once",
        f"{CODE}/rights/service/step_up.py",
        " or proof.expires_at <= now or used:\n",
        " or proof.expires_at <= now:\n",
        (f"{STEP_UPS}::test_a_proof_lets_one_redemption_through_and_no_second_one",),
    ),
    Sabotage(
        "API-19b",
        "that a proof is for its customer, right, quantity and points",
        f"{CODE}/rights/service/step_up.py",
        "    if proved != (*asked, decision.points) or ",
        "    if not proved or ",
        (f"{STEP_UPS}::test_r12_a_proof_of_somebody_or_for_something_else_or_too_old_or_altered_is_refused",),
    ),
    Sabotage(
        "PTS-37",
        "the kill switch",
        f"{CODE}/programme/rules.py",
        "        return not concerned.isdisjoint(self.stopped)\n",
        "        return not concerned\n",
        (f"{OFFERS_OF_CUSTOMERS}::test_what_is_stopped_is_refused_at_once",),
    ),
    Sabotage(
        "RGT-03",
        "that who does not see a right has none",
        f"{CODE}/rights/service/redeeming.py",
        "    if not is_visible(right.terms, profile.tier, profile.tags, profile.branches, now):\n",
        "    if not right:\n",
        (f"{OFFERS_OF_CUSTOMERS}::test_who_does_not_see_a_right_has_none",),
    ),
    Sabotage(
        "RGT-13",
        "that guests have a quota of their own",
        f"{CODE}/rights/rules.py",
        "    free, free_guests = min(to_pay, left), min(wish.companions, guests_left)\n",
        "    free, free_guests = min(to_pay, left), min(wish.companions, left)\n",
        (f"{ARITHMETIC}::test_guests_never_take_the_quota_of_the_customer_nor_the_customer_theirs",),
    ),
    Sabotage(
        "RGT-01d",
        "that points which a right gave are taken back whole",
        f"{CODE}/rights/service/given_back.py",
        "        if left < row.points:\n",
        "        if left < 0:\n",
        (f"{GIVEN}::test_somebody_else_receives_points_by_a_code_that_is_good_once",),
    ),
    Sabotage(
        "PTS-55f",
        "that no right gives goods for points of deposits",
        f"{CODE}/rights/service/giving_points.py",
        "        await refuse_goods_from_deposits(session, source=source, target=target.code, wallets=found)\n",
        "        del source\n",
        (f"{GIVEN}::test_terms_give_only_other_points_and_no_goods_for_deposits",),
    ),
    Sabotage(
        "PTS-43",
        "that no deposit earns a right",
        f"{CODE}/points/earning/service/definitions.py",
        "    if not DEPOSIT_EVENTS.isdisjoint(terms.events) and any(",
        "    if not terms.events and any(",
        (f"{RIGHT_EFFECTS}::test_a_rule_gives_no_right_that_there_is_not_or_that_deposits_would_earn",),
    ),
    Sabotage(
        "PTS-12",
        "where the points of deposits roll over to",
        f"{CODE}/points/assets/service/guarding.py",
        "    goods = [wallet for wallet in reached(target, wallets) if rules.is_goods_wallet(wallet)]\n",
        "    goods = [wallet for wallet in [wallets[target]] if rules.is_goods_wallet(wallet)]\n",
        (f"{ASSETS}::test_what_deposits_feed_does_not_roll_over_into_what_buys_goods",),
    ),
    Sabotage(
        "PTS-12b",
        "that a share lapses before a night has posted it",
        f"{SQL}/points_lapse/v1.sql",
        "        IF v_gone > 0 THEN\n",
        "        IF v_gone > 0 AND session_user = 'guibin_worker' THEN\n",
        (f"{ROLLING}::test_a_share_of_what_is_left_goes_each_time_the_clock_runs_out",),
    ),
    Sabotage(
        "PTS-12c",
        "that what lapsed leaves closed days alone",
        f"{CODE}/points/report_repository.py",
        "CASE WHEN l.lapsed THEN l.given_until ELSE l.expires_on END - DATE",
        "l.expires_on - DATE",
        (f"{ROLLING}::test_points_that_lapse_leave_a_closed_day_as_it_was_closed",),
    ),
    Sabotage(
        "PTS-30",
        "the month's limit of a member",
        f"{CODE}/points/household/service.py",
        "    if left is not None and drawn > left:\n",
        "    if left is not None and drawn < 0:\n",
        (f"{HOUSEHOLD}::{PUT_TOGETHER}",),
    ),
    Sabotage(
        "PTS-30b",
        "that what came from others goes back to them",
        f"{CODE}/points/service/reversing.py",
        "    if not shared or posted.duplicate:\n",
        "    if posted.balance_after >= 0:\n",
        (f"{HOUSEHOLD}::{PUT_TOGETHER}",),
    ),
    Sabotage(
        "PTS-30c",
        "that all who put in are locked in one order",
        f"{CODE}/points/household/service.py",
        "        for owner, code in sorted(accounts):\n",
        "        for owner, code in sorted(accounts, key=lambda one: (one[0] == customer_id, one)):\n",
        (f"{HOUSEHOLD}::test_two_members_who_spend_the_last_points_at_once_do_not_both_have_them",),
    ),
    Sabotage(
        "PTS-30d",
        "that a word which was taken back counts at once",
        f"{CODE}/points/household/rules.py",
        "for one in others if one.gives)",
        "for one in others)",
        (f"{HOUSEHOLD}::test_who_takes_a_word_back_leaves_or_is_stopped_puts_nothing_in_any_more",),
    ),
    Sabotage(
        "PTS-30e",
        "that nothing is summed of members out of scope",
        f"{CODE}/points/household/reading.py",
        "        if any(one.member.customer_id not in seen for one in givers):\n",
        "        if seen is None:\n",
        (f"{OF_STAFF}::test_who_is_out_of_scope_is_a_role_and_a_masked_name_and_nothing_is_summed_of_them",),
    ),
    Sabotage(
        "PTS-28b",
        "that what went back before counts towards the second person",
        f"{CODE}/rights/service/refunding.py",
        "cost_of(redemption.points_refunded + part.points,",
        "cost_of(part.points,",
        (f"{REFUNDS}::test_parts_do_not_pass_by_the_second_person_whom_the_whole_needs",),
    ),
    Sabotage(
        "PTS-28c",
        "that a unit whose code was used stays",
        f"{CODE}/rights/service/refunding.py",
        "refundable = len(untouched(codes)) if codes else standing.units",
        "refundable = standing.units",
        (f"{REFUNDS}::{CODES_OF_PARTS}",),
    ),
    Sabotage(
        "PTS-28d",
        "that a code whose unit went back is void",
        f"{CODE}/rights/service/use_lines.py",
        "    if held is None or held.code.returned_at is not None:\n",
        "    if held is None:\n",
        (f"{REFUNDS}::{CODES_OF_PARTS}",),
    ),
    Sabotage(
        "PTS-39r",
        "that parts of a return are together at most the event",
        f"{CODE}/points/service/returning.py",
        "if until_fen > whole_fen:",
        "if amount_fen > whole_fen:",
        (f"{RETURNS}::{PARTS_OF_RETURNS}",),
    ),
)
