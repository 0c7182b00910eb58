"""Guards of tags to take away: what decides by a tag, who builds on sensitive ones, the check on the night."""

from typing import Final

from sabotage.patches import CODE, Sabotage

LINEAGE = "tests/bank_api/tags/test_lineage.py"
TRUST = "tests/bank_api/tags/test_trust.py"
PROFILES = "tests/shared/tags/test_profiles.py"
RUNS = "tests/shared/tags/test_incremental_runs.py"

TELLING = "tests/shared/tags/test_telling.py"
EARNING = "tests/shared/points/test_earning.py"

TAGS: Final = (
    Sabotage(
        "S-FRESH-1",
        "that what a line sends later makes figures no fresher",
        f"{CODE}/holdings/freshness.py",
        "d.line = w.line AND d.day < w.as_of",
        "d.line = w.line AND d.day <= w.as_of",
        ("tests/shared/holdings/test_freshness.py::test_late_lines_say_their_last_day_before_whatever_came_later",),
    ),
    Sabotage(
        "API-12",
        "that what a new definition gives is told of nobody",
        f"{CODE}/tags/runs/difference.py",
        "is_told=tag.publishes_events and not is_new,",
        "is_told=tag.publishes_events,",
        (f"{TELLING}::test_the_first_run_of_a_version_tells_nobody_and_every_change_after_it_is_told_once",),
    ),
    Sabotage(
        "API-12b",
        "that of a tag which does not publish events nobody is told",
        f"{CODE}/tags/announcing.py",
        "rows.c.tag_code.in_(select(_TAG.c.code).where(_TAG.c.publishes_events))",
        "rows.c.tag_code.in_(select(_TAG.c.code))",
        (f"{TELLING}::test_an_import_tells_who_comes_to_have_a_value_or_has_it_no_more_and_not_whom_it_confirms",),
    ),
    Sabotage(
        "API-12c",
        "that who is in a segment otherwise too neither comes nor goes",
        f"{CODE}/tags/announcing.py",
        "said, not_(_lasts(segments, not_(moved))))",
        "said)",
        (f"{TELLING}::test_a_merge_tells_what_the_survivor_comes_to_have_and_its_undo_the_opposite",),
    ),
    Sabotage(
        "TAG-45",
        "that who is kept out of a segment is not put into it by a merge",
        f"{CODE}/tags/moving_repository.py",
        "_PIN.c.side == PinSide.OUT",
        "_PIN.c.side == PinSide.IN",
        (f"{TELLING}::test_a_merge_tells_what_the_survivor_comes_to_have_and_its_undo_the_opposite",),
    ),
    Sabotage(
        "PTS-TAG",
        "that a tag does not earn twice by a merge",
        f"{CODE}/points/earning/occasion_repository.py",
        "WHERE m.merged_into = t.customer_id AND",
        "WHERE m.merged_into = t.customer_id AND false AND",
        (f"{EARNING}::test_nobody_earns_twice_by_a_tag_that_comes_from_a_customer_with_whom_they_become_one",),
    ),
    Sabotage(
        "API-12d",
        "that a tag which somebody else has just given is not given again",
        f"{CODE}/tags/repository.py",
        "on_conflict_do_update(index_elements=key, set_=written, where=ended)",
        "on_conflict_do_update(index_elements=key, set_=written)",
        ("tests/concurrency/tags/test_by_hand.py::test_a_tag_that_two_give_at_once_is_told_once",),
    ),
    Sabotage(
        "S-FRESH-2",
        "that nobody is said to be leaving while a line is late",
        f"{CODE}/tags/starter/forms.py",
        '{"fact": "stale_lines", "op": "missing"}',
        '{"fact": "tenure_days", "op": "exists"}',
        ("tests/shared/tags/test_starter.py::test_nobody_is_said_to_be_leaving_while_one_of_their_lines_is_late",),
    ),
    Sabotage(
        "TAG-20",
        "that a change is noted with what happened",
        f"{CODE}/tags/service/manual.py",
        "    await note_change(session, [customer.id])\n    await _tell(session, tag, TagEntered, customer.id)\n",
        "    await _tell(session, tag, TagEntered, customer.id)\n",
        ("tests/bank_api/tags/test_life.py::test_a_tag_in_real_time_follows_what_happens_to_a_customer",),
    ),
    Sabotage(
        "TAG-51",
        "that a past day is judged by who the customer was then",
        f"{CODE}/tags/profiles/repository.py",
        "PROFILES.c.valid_from <= day, or_(PROFILES.c.valid_to.is_(None), PROFILES.c.valid_to > day)",
        "PROFILES.c.valid_to.is_(None)",
        (f"{PROFILES}::test_a_rule_is_judged_on_every_past_day_by_what_was_known_in_its_night",),
    ),
    Sabotage(
        "TAG-23",
        "that a tag in use cannot be retired",
        f"{CODE}/tags/service/life.py",
        "    await lineage.refuse_in_use(session, tag.code)\n",
        "",
        (f"{LINEAGE}::test_a_tag_by_which_something_decides_cannot_be_retired",),
    ),
    Sabotage(
        "TAG-26",
        "who may name a sensitive tag",
        "services/bank-api/src/bank_api/tags/naming.py",
        "    return set(await sensitive_among(call.session, codes))\n",
        "    return set()\n",
        (
            f"{TRUST}::test_only_who_sees_sensitive_tags_names_them_in_rules_of_earning",
            "tests/bank_api/rights/test_importing.py::test_a_sensitive_tag_is_for_those_to_build_on_who_see_it",
        ),
    ),
    Sabotage(
        "TAG-47",
        "the look at everybody once a check finds something",
        f"{CODE}/tags/runs/service.py",
        '    if changed is None or due or checks[0]["added"] + checks[0]["ended"]:\n',
        "    if changed is None or due:\n",
        (f"{RUNS}::test_nights_between_look_at_a_share_and_at_everybody_once_that_finds_something",),
    ),
)
