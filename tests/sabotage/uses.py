"""Guards to take away of uses of codes, pictures, redemptions in batches, call-backs, transfers and merges."""

from typing import Final

from sabotage.patches import CODE, SQL, Sabotage

USES_OF_CODES = "tests/bank_api/rights/test_uses.py"
OFFLINE = "tests/bank_api/rights/test_offline_uses.py"
BATCHES = "tests/shared/rights/test_batches.py"
READINGS = "tests/shared/rights/test_facts_together.py"
CALL_BACKS = "tests/bank_api/suppliers/test_orders.py"
SIGNATURES = "tests/unit/suppliers/test_signatures.py"
FUSION = "tests/shared/customers/test_fusion.py"
TRANSFERS = "tests/customer_api/points/test_transfers.py"

USES: Final = (
    Sabotage(
        "RGT-11",
        "that a supplier's terminal uses codes of its own supplier's rights alone",
        f"{CODE}/rights/service/finding_codes.py",
        "and user.only is not None and found.right_id not in user.only:\n",
        "and False:\n",
        (f"{USES_OF_CODES}::test_v6_a_terminal_of_a_supplier_uses_codes_of_its_own_suppliers_rights_alone",),
    ),
    Sabotage(
        "RGT-11b",
        "that a code is used once",
        f"{CODE}/rights/service/use_lines.py",
        "        if held.is_used:\n",
        "        if False:\n",
        (f"{OFFLINE}::test_who_comes_later_hears_who_was_first",),
    ),
    Sabotage(
        "RGT-16",
        "that nothing follows the end of a picture",
        f"{CODE}/core/pictures.py",
        "            if end != len(content):\n",
        "            if False:\n",
        ("tests/unit/core/test_pictures.py::test_a_picture_that_is_cut_or_goes_on_is_none",),
    ),
    Sabotage(
        "S1d",
        "that a batch redeems only for whom it let in",
        f"{SQL}/rights_redeem_batch/v1.sql",
        "            IF entry_in_force THEN\n",
        "            IF true THEN\n",
        (f"{BATCHES}::test_of_a_batch_each_gets_its_own_end_as_one_by_one",),
    ),
    Sabotage(
        "S1e",
        "that a batch leaves no customer's rows open",
        f"{SQL}/rights_redeem_batch/v1.sql",
        "    END LOOP;\n    PERFORM set_config('guibin.scope', '', true), set_config('guibin.actor', '', true);\n",
        "    END LOOP;\n",
        (f"{BATCHES}::test_nothing_of_a_customer_stays_open_for_the_next",),
    ),
    Sabotage(
        "S1f",
        "that what decides is read with others only for whom it let in",
        f"{SQL}/rights_facts_batch/v1.sql",
        "                                  WHERE e.in_force OFFSET 0) f ON true;\n",
        "                                  OFFSET 0) f ON true;\n",
        (f"{READINGS}::test_of_several_each_is_told_what_it_would_be_told_alone",),
    ),
    Sabotage(
        "S1g",
        "that a reading with others leaves no customer's rows open",
        f"{SQL}/rights_facts_batch/v1.sql",
        "    END LOOP;\n    PERFORM set_config('guibin.scope', '', true), set_config('guibin.actor', '', true);\n",
        "    END LOOP;\n",
        (f"{READINGS}::test_nothing_of_a_customer_stays_open_after_a_reading",),
    ),
    Sabotage(
        "RGT-18",
        "the signature of a supplier's call-back",
        f"{CODE}/suppliers/service/callbacks.py",
        " or not is_signed(signature, raw, secrets_of(keys, supplier, now=now).values(), now=now):\n",
        ":\n",
        (f"{CALL_BACKS}::test_c1_c2_c4_to_c8_call_backs_bring_an_order_forward_once_and_only_with_their_signature",),
    ),
    Sabotage(
        "RGT-18b",
        "how far the time of a call-back may be from ours",
        f"{CODE}/outbox/rules.py",
        " or abs(now.timestamp() - int(read[1])) > life.total_seconds():\n",
        ":\n",
        (f"{SIGNATURES}::test_c3_a_signature_is_good_for_300_seconds_either_way",),
    ),
    Sabotage(
        "PTS-29",
        "that a transfer's limit counts what was passed on before",
        f"{CODE}/points/transfer_rules.py",
        "        if before + points > most:\n",
        "        if points > most:\n",
        (f"{TRANSFERS}::test_nobody_passes_on_more_than_the_limits",),
    ),
    Sabotage(
        "CARE-06",
        "that two who ask at once wait for each other",
        f"{CODE}/contact/service/passing.py",
        "        await lock_customers(session, [request.customer_id])\n",
        "",
        (
            "tests/concurrency/contact/test_last_place.py::test_who_asks_meanwhile_waits_and_counts_the_first_only_if_it_stands",
        ),
    ),
    Sabotage(
        "CUS-06",
        "that nobody is joined whom people keep apart",
        f"{CODE}/customers/merging.py",
        "    if await merge_repository.is_kept_apart(session, losing_id, surviving_id):\n",
        "    if losing_id == surviving_id:\n",
        (f"{FUSION}::test_points_go_along_and_a_pair_that_people_keep_apart_stays_two",),
    ),
    Sabotage(
        "CUS-08",
        "that a merge waits for points that are set aside",
        f"{CODE}/points/merging.py",
        "        if any(account.held for account in losing):\n",
        "        if not losing:\n",
        (
            "tests/shared/points/test_merging.py::test_what_is_set_aside_is_waited_for_and_a_closed_account_takes_nothing",
        ),
    ),
)
