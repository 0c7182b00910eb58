"""Guards taken away one at a time, and the test that has to turn red for each.

A patch is a text that stands exactly once in a file and what takes its place. The ids are those of the catalogue of
sabotages; a letter tells patches of one id apart. Guards that stand twice (the database behind the code, row-level
security behind the scope) are tried where they stand alone.
"""

from dataclasses import dataclass
from typing import Final

CODE = "shared/src/guibin"
SQL = "migrations/functions"
TOKENS = "tests/unit/security/test_forged_tokens.py"
ROWS = "tests/shared/security/test_row_level_security.py"
KEYS = "tests/shared/web/test_idempotency.py"
WALLETS = "tests/concurrency/points/test_wallet_races.py"
LEDGER_GRANTS = "tests/shared/points/test_grants.py"


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One guard that is taken away: what, where, and who notices."""

    id: str
    removes: str
    file: str
    old: str
    new: str
    killed_by: tuple[str, ...]


SABOTAGES: Final = (
    Sabotage(
        "S1",
        "the lock of the account",
        f"{SQL}/points_post/v4.sql",
        "WHERE a.customer_id = p_customer AND a.wallet = p_wallet FOR UPDATE OF a;",
        "WHERE a.customer_id = p_customer AND a.wallet = p_wallet;",
        ("tests/concurrency/points/test_races.py::test_of_64_parallel_spends_of_10_from_100_points_ten_succeed",),
    ),
    Sabotage(
        "S1b",
        "the locks of a batch",
        f"{SQL}/points_post_batch/v4.sql",
        "a.wallet = v_account.wallet FOR UPDATE;",
        "a.wallet = v_account.wallet;",
        ("tests/concurrency/points/test_batch_races.py",),
    ),
    Sabotage(
        "S1c",
        "whose rows a batch may touch",
        f"{SQL}/points_post_batch/v4.sql",
        "WHERE NOT public.row_scope_opens(m.customer_id)",
        "WHERE NOT public.row_scope_opens(m.customer_id) AND false",
        (f"{LEDGER_GRANTS}::test_a_batch_posts_nothing_when_the_rows_of_one_of_its_customers_are_not_open",),
    ),
    Sabotage(
        "PTS-55",
        "the lock of the wallets for which a rule is made",
        f"{CODE}/points/repository.py",
        "    query = query.with_for_update(key_share=True)\n",
        "",
        (f"{WALLETS}::test_a_rule_and_the_change_that_would_forbid_it_are_not_both_taken",),
    ),
    Sabotage(
        "S3",
        "the unique key of idempotency",
        f"{CODE}/idempotency/service.py",
        "    if taken:\n        return Claimed()\n",
        "    if taken or key:\n        return Claimed()\n",
        ("tests/shared/web/test_idempotency.py::test_the_same_key_and_body_have_one_effect_and_one_answer",),
    ),
    Sabotage(
        "S4",
        "the path in the fingerprint",
        f"{CODE}/idempotency/rules.py",
        "meaning = [method, path, sorted(query), body]",
        "meaning = [method, sorted(query), body]",
        (f"{KEYS}::test_h26_a_key_with_another_account_in_the_path_is_refused_without_a_trace_of_the_first",),
    ),
    Sabotage(
        "S5",
        "the body in the fingerprint",
        f"{CODE}/idempotency/rules.py",
        "meaning = [method, path, sorted(query), body]",
        "meaning = [method, path, sorted(query)]",
        ("tests/shared/web/test_idempotency.py::test_h26_a_key_with_another_body_is_refused_without_effect",),
    ),
    Sabotage(
        "S6",
        "the one transaction of key and effect",
        f"{CODE}/web/once.py",
        "    await call.work.protect()\n    try:",
        "    await call.session.commit()\n    await call.work.protect()\n    try:",
        ("tests/shared/web/test_three_ends.py::test_a_bug_answers_a_problem_without_its_message_and_stores_nothing",),
    ),
    Sabotage(
        "S7",
        "the contra account that a kind determines",
        f"{SQL}/points_enter/v5.sql",
        "'claw_back', 'pending_add', 'pending_cancel') THEN 'issuance'",
        "'claw_back', 'pending_add', 'pending_cancel') THEN 'redemption'",
        ("tests/shared/points/test_ledger.py::test_a_credit_makes_a_lot_that_expires_by_the_wallets_rule",),
    ),
    Sabotage(
        "S8",
        "the last unit of stock",
        f"{SQL}/rights_take_counted/v1.sql",
        " AND s.free >= p_units RETURNING",
        " AND s.free > p_units RETURNING",
        ("tests/concurrency/rights/test_sessions.py::test_of_64_redemptions_of_the_last_unit_one_succeeds",),
    ),
    Sabotage(
        "S9",
        "the lots that a debit draws on",
        f"{SQL}/points_spend/v1.sql",
        "UPDATE public.points_lot l SET remaining = l.remaining - t.points",
        "UPDATE public.points_lot l SET remaining = l.remaining",
        ("tests/concurrency/points/test_races.py::test_of_64_parallel_spends_of_10_from_100_points_ten_succeed",),
    ),
    Sabotage(
        "S10",
        "what was refunded before",
        f"{SQL}/points_refund/v1.sql",
        "WHEN p_points > v_paid - v_before THEN 'refund_exceeds_paid'",
        "WHEN p_points > v_paid THEN 'refund_exceeds_paid'",
        ("tests/concurrency/points/test_movements.py::test_of_64_full_refunds_of_one_spend_one_gives_back",),
    ),
    Sabotage(
        "S11",
        "the event in the transaction",
        f"{CODE}/outbox/service.py",
        "    if rows:\n        await repository.insert_events(session, rows)\n",
        "",
        ("tests/shared/rights/test_telling.py::test_each_later_step_is_told_with_what_was_given_back",),
    ),
    Sabotage(
        "S11d",
        "the event of a redemption",
        f"{SQL}/rights_redeem/v3.sql",
        "    v_writing := false;\n",
        "    v_writing := false;\n    DELETE FROM public.outbox_event e WHERE e.subject = 'rdm_' || v_new.id;\n",
        ("tests/shared/rights/test_telling.py::test_a_redemption_is_told_with_its_points_and_of_whom",),
    ),
    Sabotage(
        "S12b",
        "that what decided is read again under the lock",
        f"{SQL}/rights_redeem/v3.sql",
        "    IF p_taking ? 'seen' AND v_facts.seen IS DISTINCT FROM p_taking ->> 'seen' THEN\n",
        "    IF false THEN\n",
        ("tests/shared/rights/test_one_statement.py::test_what_was_decided_on_stale_facts_is_not_written",),
    ),
    Sabotage(
        "S11b",
        "the mark that an event was applied",
        f"{CODE}/outbox/relay.py",
        "new = [delivery for delivery in due if delivery.id in ended]",
        "new = list(due)",
        ("tests/shared/outbox/test_relay.py::test_two_relays_at_once_apply_an_event_once",),
    ),
    Sabotage(
        "S11c",
        "the look at the address that a name leads to",
        f"{CODE}/outbox/sending.py",
        "        if not allowed:\n            raise _AddressRefused\n",
        "",
        ("tests/unit/outbox/test_sending.py::test_g8_a_name_that_leads_inside_is_not_called",),
    ),
    Sabotage(
        "S14",
        "the wait for codes that others hold",
        f"{SQL}/rights_pick_codes/v1.sql",
        " LIMIT p_quantity FOR UPDATE);",
        " LIMIT p_quantity FOR UPDATE SKIP LOCKED);",
        ("tests/concurrency/rights/test_sessions.py::test_a_claim_waits_for_a_code_that_its_holder_may_yet_give_back",),
    ),
    Sabotage(
        "S15",
        "whole numbers of fen",
        f"{CODE}/core/money.py",
        '    fen = int(whole) * 100 + int((fraction or "").ljust(2, "0"))\n',
        '    fen = int(float(f"{whole}.{fraction or 0}") * 100)\n',
        ("tests/unit/core/test_money.py",),
    ),
    Sabotage(
        "S16",
        "the zone of the days of business",
        f"{CODE}/core/zone.py",
        "return instant.astimezone(BUSINESS_ZONE).date()",
        "return instant.date()",
        ("tests/unit/core/test_clock.py",),
    ),
    Sabotage(
        "S17",
        "the scope of a list",
        "services/bank-api/src/bank_api/customers/queries.py",
        "return col(Customer.merged_into).is_(None), visible(scope, col(Customer.id), col(Customer.branch_id))",
        "return (col(Customer.merged_into).is_(None),)",
        ("tests/bank_api/customers/test_queries.py",),
    ),
    Sabotage(
        "S18",
        "the scope of a detail",
        f"{CODE}/customers/repository.py",
        "        Customer.id == customer_id, visible(scope, col(Customer.id), col(Customer.branch_id))\n",
        "        Customer.id == customer_id\n",
        ("tests/shared/customers/test_scope.py",),
    ),
    Sabotage(
        "S18b",
        "row-level security",
        "migrations/versions/20261125_2111_row_level_security.py",
        'op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")',
        'op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")',
        (f"{ROWS}::test_without_a_setting_no_service_sees_a_row_or_writes_one",),
    ),
    Sabotage(
        "S19",
        "the scope of an export",
        f"{CODE}/exports/service/making.py",
        "source.read(session, keys, scope, viewer",
        "source.read(session, keys, scope.of_job(), viewer",
        ("tests/bank_api/exports/test_exports.py::test_an_export_holds_the_customers_of_its_scope_and_no_others",),
    ),
    Sabotage(
        "S20",
        "the 404 of what is out of scope",
        f"{CODE}/customers/repository.py",
        "customer_id=found.merged_into)\n    if found is None:\n        raise NotFound\n",
        "customer_id=found.merged_into)\n    if found is None:\n        raise PermissionError\n",
        ("tests/bank_api/customers/test_customers.py::test_a_customer_out_of_scope_is_not_found_like_an_unknown_one",),
    ),
    Sabotage(
        "S21",
        "the audience, our own check",
        f"{CODE}/security/tokens.py",
        'claims.get("iss") == config.issuer and claims.get("aud") in (config.audience, [config.audience])',
        'claims.get("iss") == config.issuer',
        ("tests/unit/security/test_forged_tokens.py",),
    ),
    Sabotage(
        "S22",
        "the issuer, our own check",
        f"{CODE}/security/tokens.py",
        'claims.get("iss") == config.issuer and claims.get("aud") in',
        'claims.get("aud") in',
        (f"{TOKENS}::test_an_issuer_under_another_name_in_the_table_is_refused_even_if_the_library_lets_it_pass",),
    ),
    Sabotage(
        "S23",
        "the list of one algorithm",
        f"{CODE}/security/tokens.py",
        "algorithms=[config.algorithm],",
        'algorithms=[config.algorithm, "HS256"],',
        (f"{TOKENS}::test_the_library_gets_one_public_jwk_and_a_list_of_one_algorithm",),
    ),
    Sabotage(
        "S23b",
        "the algorithm of the issuer, our own check",
        f"{CODE}/security/tokens.py",
        '    _require(header.get("alg") == config.algorithm)\n',
        "",
        (f"{TOKENS}::test_our_own_checks_refuse_another_algorithm_even_if_the_library_lets_it_pass",),
    ),
    Sabotage(
        "S24",
        "the type of the token",
        f"{CODE}/security/tokens.py",
        'header.get("typ") == "at+jwt" and ',
        "",
        ("tests/unit/security/test_forged_tokens.py",),
    ),
    Sabotage(
        "S25",
        "maker is not checker",
        f"{CODE}/approvals/service/deciding.py",
        "    if await surroundings().is_same_person(session, approval.maker_id, approver.id):\n"
        "        raise SelfApproval\n",
        "",
        ("tests/bank_api/points/test_adjustments.py::test_q1_nobody_approves_an_own_correction",),
    ),
    Sabotage(
        "S25b",
        "two accounts of one person are one person",
        f"{CODE}/approvals/service/deciding.py",
        "        if await surroundings().is_same_person(session, earlier.approver_id, approver.id):\n",
        "        if earlier.approver_id == approver.id:\n",
        ("tests/bank_api/approvals/test_one_person.py::test_q1_two_accounts_of_one_person_are_not_two_approvers",),
    ),
    Sabotage(
        "S25c",
        "an approver stands over the branch",
        f"{CODE}/approvals/service/deciding.py",
        "    return await surroundings().stands_over(session, scope, approval.branch_id)\n",
        "    return True\n",
        (
            "tests/bank_api/approvals/test_four_eyes.py::test_an_agreement_counts_only_while_its_author_stands_over_the_branch",
        ),
    ),
    Sabotage(
        "S25d",
        "roles and grants as the approver saw them",
        f"{CODE}/organisation/granting.py",
        '    if sorted(before) != payload.get("before"):\n',
        "    if not payload:\n",
        ("tests/bank_api/organisation/test_administration.py",),
    ),
    Sabotage(
        "S25e",
        "the maker's grant when it is submitted anew",
        f"{CODE}/approvals/handlers.py",
        "        if scope is None:\n            raise Forbidden\n        return scope\n",
        "        return scope or Scope.nothing()\n",
        ("tests/bank_api/approvals/test_amendments.py",),
    ),
    Sabotage(
        "S26",
        "the hash that the approver has seen",
        f"{CODE}/approvals/service/deciding.py",
        "    if decision.payload_hash is not None and decision.payload_hash != approval.payload_hash:\n"
        "        raise VersionConflict\n",
        "",
        ("tests/bank_api/approvals/test_four_eyes.py::test_q5_another_hash_is_refused_and_nothing_happens",),
    ),
    Sabotage(
        "S26c",
        "the hash of what was amended",
        f"{CODE}/approvals/service/deciding.py",
        "    if decision.payload_hash is None and decision.verdict is Verdict.AGREED and approval.revision > 1:\n"
        "        raise VersionConflict\n",
        "",
        ("tests/bank_api/approvals/test_amendments.py",),
    ),
    Sabotage(
        "S26b",
        "the payload is what was submitted",
        f"{CODE}/approvals/service/deciding.py",
        "    if rules.payload_hash(approval.payload) != approval.payload_hash:\n        raise VersionConflict\n",
        "",
        ("tests/bank_api/approvals/test_four_eyes.py::test_a_payload_that_was_changed_after_the_submission_is_void",),
    ),
    Sabotage(
        "S27",
        "the mask of short values",
        f"{CODE}/security/masking.py",
        "    return HIDDEN + digits[-4:] if len(digits) >= _LEAST_FOREIGN_PHONE else HIDDEN\n",
        "    return HIDDEN + digits[-4:] if len(digits) >= _LEAST_FOREIGN_PHONE else value\n",
        ("tests/unit/security/test_masking.py",),
    ),
    Sabotage(
        "S28",
        "the place in the associated data",
        f"{CODE}/security/ciphers.py",
        '    return f"{table}|{column}|".encode()\n',
        '    return b""\n',
        ("tests/unit/security/test_ciphers.py",),
    ),
    Sabotage(
        "S29",
        "no deed without its row in the trail",
        f"{CODE}/audit/service.py",
        "**error_facts(error))\n        raise RetryLater from error\n",
        "**error_facts(error))\n        return\n",
        ("tests/bank_api/audit/test_rows.py::test_without_a_trail_staff_do_nothing_and_customers_read_on",),
    ),
    Sabotage(
        "S30",
        "the quote before a formula",
        f"{CODE}/core/spreadsheet.py",
        '    return f"\'{text}" if text.startswith(_DANGEROUS) else text\n',
        "    return text\n",
        ("tests/unit/core/test_spreadsheet.py",),
    ),
)
