"""More guards to take away: who is calling, personal data, the trail. The ids are those of the targets they hold."""

from typing import Final

from sabotage.patches import CODE, ROWS, SQL, Sabotage

RIGHTS = "tests/concurrency/rights/test_sessions.py"
SESSIONS = "tests/customer_api/sessions/test_sessions.py"
CODES = "tests/customer_api/sessions/test_one_time_passwords.py"
STAFF = "tests/shared/organisation/test_identity.py"
CHAIN = "tests/unit/audit/test_chain.py"
COPIES = "tests/customer_api/privacy/test_copies.py"
CONSENTS = "tests/customer_api/privacy/test_consents.py"
ABSENCES = "tests/bank_api/managers/test_absences.py"
STABILITY = "tests/shared/managers/test_stability.py"
ERASURE = "tests/bank_api/privacy/test_erasure.py"

FIELD_LOCKS = "tests/bank_api/customers/test_field_locks.py"
FILES = "tests/bank_api/feeds/test_links_and_identity.py"

RACES = "tests/concurrency/customers/test_merge_races.py"
UNMERGING = "tests/shared/customers/test_unmerging.py"

IDENTITY: Final = (
    Sabotage(
        "CUS-09",
        "that what came by the losing customer's names goes back to that one",
        f"{CODE}/customers/names.py",
        "    return [*found, *(name_of(row[0])",
        "    return [*(name_of(row[0])",
        (f"{UNMERGING}::test_what_came_since_goes_to_whom_the_line_named",),
    ),
    Sabotage(
        "CUS-09b",
        "that what another's event earned bounds nobody but that one",
        f"{CODE}/points/earning/repository.py",
        " AND a.rule_code = k.rule_code AND a.passed_to IS NULL",
        " AND a.rule_code = k.rule_code",
        ("tests/bank_api/customers/test_matches.py::test_what_events_earned_meanwhile_goes_with_whose_they_were",),
    ),
    Sabotage(
        "CUS-09c",
        "that an event for whom a merge, or its undoing, has just made another is told to come again",
        f"{CODE}/points/service/events.py",
        "if EventOutcome.NEW in outcomes and",
        "if EventOutcome.NEW not in outcomes and",
        (f"{RACES}::test_what_a_line_tells_while_a_merge_is_undone_comes_again_and_finds_whose_it_is",),
    ),
    Sabotage(
        "CUS-07",
        "a field that people hold, where a line speaks for the first time",
        f"{CODE}/customers/candidates.py",
        " and name not in self.held:",
        ":",
        (f"{FIELD_LOCKS}::test_a_field_is_held_with_a_lines_word_until_it_is_released",),
    ),
    Sabotage(
        "CUS-17",
        "the scope of identity events, asked of files too",
        f"{CODE}/feeds/senders.py",
        "IDENTITY_SCOPE not in actor.scopes",
        "not actor.scopes",
        (f"{FILES}::test_links_are_shown_with_their_line_and_events_ask_for_their_scope",),
    ),
    Sabotage(
        "S2",
        "the check of the balance in the database",
        "migrations/versions/20261125_1835_the_house.py",
        'sa.CheckConstraint("balance >= 0"',
        'sa.CheckConstraint("balance >= -1"',
        ("tests/migrations/test_schema.py",),
    ),
    Sabotage(
        "S12",
        "the second look at the pool of codes",
        f"{SQL}/rights_pick_codes/v1.sql",
        "    EXCEPTION WHEN SQLSTATE 'GB001' THEN\n",
        "    EXCEPTION WHEN SQLSTATE 'GB001' THEN\n        RETURN '{}';\n",
        (f"{RIGHTS}::test_a_claim_waits_for_a_code_that_its_holder_may_yet_give_back",),
    ),
    Sabotage(
        "S13",
        "whoever waits for codes holds none",
        f"{SQL}/rights_pick_codes/v1.sql",
        "            RAISE EXCEPTION 'too few that nobody holds' USING ERRCODE = 'GB001';\n",
        "            v_codes := ARRAY(SELECT c.id FROM public.voucher_code c WHERE c.right_id = p_right"
        " AND c.taken_at IS NULL ORDER BY c.id LIMIT p_quantity FOR UPDATE);\n",
        (f"{RIGHTS}::test_claims_of_several_codes_never_wait_for_each_other_in_a_circle",),
    ),
    Sabotage(
        "T-SES-1a",
        "the end of a session, asked with every call",
        f"{SQL}/customer_enter/v2.sql",
        " AND s.revoked_at IS NULL);",
        ");",
        (f"{SESSIONS}::test_a14_who_logs_out_is_out_at_once",),
    ),
    Sabotage(
        "T-SES-1b",
        "the revoked tokens of staff",
        f"{CODE}/organisation/repository.py",
        "    return ~revoked.exists()\n",
        "    return sa.or_(sa.true(), ~revoked.exists())\n",
        (f"{STAFF}::test_a_revoked_token_or_session_is_nobody",),
    ),
    Sabotage(
        "T-SES-1c",
        "the instant from which tokens of staff count",
        f"{CODE}/organisation/repository.py",
        "            sa.or_(col(Staff.not_before).is_(None), col(Staff.not_before) <= token.issued_at),\n",
        "",
        (f"{STAFF}::test_tokens_of_before_an_instant_are_nobody_and_later_ones_are_somebody",),
    ),
    Sabotage(
        "T-SES-2a",
        "the end of a family whose token is shown again",
        f"{CODE}/sessions/rules.py",
        "return Refresh.REPEAT if shown is Shown.BEFORE and at_once else Refresh.REUSED",
        "return Refresh.REPEAT if shown is Shown.BEFORE and at_once else Refresh.REFUSE",
        (f"{SESSIONS}::test_a14_a_refresh_token_that_is_used_again_ends_the_family",),
    ),
    Sabotage(
        "T-SES-2b",
        "what a refused refresh writes",
        f"{CODE}/sessions/service/refreshing.py",
        '"generations_ago": row.generation - generation},\n    )\n    await work.protect()\n',
        '"generations_ago": row.generation - generation},\n    )\n',
        (f"{SESSIONS}::test_a14_a_refresh_token_that_is_used_again_ends_the_family",),
    ),
    Sabotage(
        "T-SES-2c",
        "the device of a refresh token",
        f"{CODE}/sessions/rules.py",
        "    if family.device_ref is not None and device.ref != family.device_ref:\n"
        "        return Refresh.OTHER_DEVICE\n",
        "",
        (f"{SESSIONS}::test_a14_a_refresh_token_on_another_device_ends_the_family",),
    ),
    Sabotage(
        "T-OTP-1a",
        "the five tries of a one-time password",
        f"{CODE}/sessions/repository.py",
        "            col(OneTimeCode.tries) < MOST_TRIES,\n",
        "",
        (f"{CODES}::test_a9_five_wrong_tries_kill_a_password_although_each_was_refused",),
    ),
    Sabotage(
        "T-OTP-1b",
        "the try that counts although it was refused",
        f"{CODE}/sessions/service/codes.py",
        "    await work.protect()\n    given",
        "    given",
        (f"{CODES}::test_a9_five_wrong_tries_kill_a_password_although_each_was_refused",),
    ),
    Sabotage(
        "T-OTP-1c",
        "the five minutes of a one-time password",
        f"{CODE}/sessions/repository.py",
        "            col(OneTimeCode.expires_at) > now,\n",
        "",
        (f"{CODES}::test_a10_a_password_lives_for_five_minutes",),
    ),
    Sabotage(
        "T-AC-6a",
        "the login of a moment ago",
        f"{CODE}/web/identity.py",
        "    if not strong or token.auth_time is None or token.auth_time < oldest:\n",
        "    if not strong or token.auth_time is None or oldest is None:\n",
        ("tests/bank_api/approvals/test_one_person.py::test_a_login_of_an_hour_ago_decides_nothing",),
    ),
    Sabotage(
        "T-AC-6b",
        "the second factor of a login",
        f"{CODE}/web/identity.py",
        "    if not strong or token.auth_time is None or token.auth_time < oldest:\n",
        "    if token.auth_time is None or token.auth_time < oldest:\n",
        ("tests/bank_api/customers/test_reveal.py::test_d3_a_look_needs_a_fresh_login_with_a_second_factor",),
    ),
    Sabotage(
        "T-AC-6c",
        "nobody acts on the own account",
        f"{CODE}/web/identity.py",
        "        raise SelfDealing\n",
        "        return\n",
        ("tests/bank_api/customers/test_own_account.py::test_e10_nobody_acts_on_the_own_account",),
    ),
    Sabotage(
        "T-AC-5",
        "the setting of row-level security ends with the transaction",
        f"{CODE}/security/row_scope.py",
        "ELSE :words END, true)",
        "ELSE :words END, false)",
        (f"{ROWS}::test_a_connection_that_somebody_else_uses_next_carries_nothing",),
    ),
    Sabotage(
        "T-AC-7",
        "the closed models of bodies",
        f"{CODE}/web/schemas.py",
        'ConfigDict(extra="forbid", strict=True',
        'ConfigDict(extra="ignore", strict=True',
        ("tests/contract/test_mass_assignment.py::test_every_object_of_a_body_is_closed",),
    ),
    Sabotage(
        "T-PII-6a",
        "the second person of an erasure",
        f"{SQL}/privacy_forget/v5.sql",
        " AND state = 'verified';",
        ";",
        (f"{ERASURE}::test_no_service_may_delete_rows_without_a_verified_erasure",),
    ),
    Sabotage(
        "T-PII-6b",
        "the tombstone before which a feed stops",
        f"{CODE}/privacy/tombstones.py",
        'text("SELECT ref FROM tombstone WHERE ref',
        'text("SELECT ref FROM tombstone WHERE false AND ref',
        (f"{ERASURE}::test_an_erased_customer_is_not_brought_back_by_record_or_number",),
    ),
    Sabotage(
        "T-PII-6c",
        "the data key that an erasure destroys",
        f"{CODE}/privacy/customer_data.py",
        "data_key = NULL, name_idx = NULL",
        "name_idx = NULL",
        (f"{ERASURE}::test_an_erased_customer_leaves_the_ledger_and_nothing_personal",),
    ),
    Sabotage(
        "T-PII-6d",
        "the link to a copy is used up",
        f"{CODE}/privacy/repository/requests.py",
        ".values(link_hash=None, link_expires_at=None, fetched_at=now)",
        ".values(fetched_at=now)",
        (f"{COPIES}::test_x9_a_link_works_once_for_its_owner_for_15_minutes_and_the_file_for_24_hours",),
    ),
    Sabotage(
        "CUS-16",
        "the words of a consent, which no service changes",
        "migrations/versions/20261125_2108_privacy.py",
        '        "INSERT ON consent, data_request, subject_export",\n',
        '        "INSERT, UPDATE ON consent, data_request, subject_export",\n',
        (f"{CONSENTS}::test_the_database_keeps_tags_from_the_customer_port_and_words_from_being_changed",),
    ),
    Sabotage(
        "CUS-18",
        "what a restriction blocks",
        f"{CODE}/privacy/repository/restrictions.py",
        "    return bool(await blocked_among(session, [customer_id], act, day=day))\n",
        "    return bool(await blocked_among(session, [], act, day=day))\n",
        (
            "tests/bank_api/privacy/test_restrictions.py::test_r17_a_frozen_customer_redeems_nothing_and_is_not_told_why",
        ),
    ),
    Sabotage(
        "T-AUD-1a",
        "the hash of a row in its seal",
        f"{CODE}/audit/chain.py",
        "if link.algorithm not in _HASHES or seal_hash(Algorithm(link.algorithm), link.row, prev_hash) != link.hash:",
        "if link.algorithm not in _HASHES:",
        (f"{CHAIN}::test_one_tampering_is_found_at_the_first_bad_row",),
    ),
    Sabotage(
        "T-AUD-1b",
        "the anchor that shows a cut tail",
        f"{CODE}/audit/chain.py",
        "return Finding(Fault.CUT, seq + 1) if any(signed > seq for signed in self._anchors) else None",
        "return None if seq else Finding(Fault.CUT, 1) if self._anchors else None",
        (f"{CHAIN}::test_a_tail_cut_after_the_last_anchor_is_found_at_the_next",),
    ),
    Sabotage(
        "T-AUD-1c",
        "the anchor that shows a rewritten chain",
        f"{CODE}/audit/chain.py",
        "if any(signed != link.hash for signed in self._anchors.get(link.seq, ())):",
        "if link.seq < 0:",
        ("tests/shared/audit/test_sealing.py::test_a_rewritten_chain_disagrees_with_its_anchor",),
    ),
    Sabotage(
        "BAD-D2",
        "the looks of a day",
        f"{CODE}/customers/revealing.py",
        '    " WHERE reveal_day.revealed < :most RETURNING revealed"\n',
        '    " WHERE :most > 0 RETURNING revealed"\n',
        ("tests/bank_api/customers/test_reveal.py::test_d2_the_twenty_first_look_of_a_day_is_refused",),
    ),
    Sabotage(
        "T-PII-1",
        "the forms of personal values in the log",
        f"{CODE}/core/redaction.py",
        "    for form in _FORMS:\n        text = form.sub(REDACTED, text)\n",
        "",
        ("tests/unit/core/test_redaction.py",),
    ),
    Sabotage(
        "T-JWT-2",
        "the end of keys whose provider is away",
        f"{CODE}/security/hosted_jwks.py",
        "BELIEVED_FOR: Final = timedelta(hours=24)",
        "BELIEVED_FOR: Final = timedelta(hours=24_000)",
        (
            "tests/unit/security/test_hosted_jwks.py::test_keys_serve_a_day_while_the_provider_is_away_and_then_none_does",
        ),
    ),
    Sabotage(
        "S-COVER-1",
        "the last day of a book that somebody stands in for",
        f"{CODE}/organisation/repository.py",
        "col(BookCover.valid_from) <= day, col(BookCover.valid_to) > day",
        "col(BookCover.valid_from) <= day",
        (f"{ABSENCES}::test_the_backup_serves_the_book_on_the_days_of_the_leave_and_on_no_others",),
    ),
    Sabotage(
        "S-COVER-2",
        "nobody's book is left alone",
        f"{CODE}/managers/absences/service.py",
        '        raise BackupUnavailable(reason="away")\n',
        "        pass\n",
        (f"{ABSENCES}::test_two_who_would_leave_each_others_book_alone_are_refused",),
    ),
    Sabotage(
        "S-STABLE-1",
        "a customer's wish to keep the manager",
        f"{CODE}/managers/stability/gradual.py",
        "if one.is_here and not one.keeps]",
        "if one.is_here]",
        (f"{STABILITY}::test_a_customer_keeps_the_manager_before_and_while_another_comes",),
    ),
)
