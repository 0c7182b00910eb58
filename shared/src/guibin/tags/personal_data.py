"""A customer's tags with what they mean, and the figures that rules read: for a copy, and for an erasure."""

from typing import Final

from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "tags",
        frozenset({"customer_tag"}),
        "SELECT t.name_zh, t.name_en, t.description AS meaning, t.axis, c.value, c.source, c.since, c.until, c.reason,"
        " c.probability, v.rule AS conditions FROM customer_tag c JOIN tag t ON t.code = c.tag_code"
        " LEFT JOIN tag_version v ON v.tag_code = c.tag_code AND v.version = c.version"
        " WHERE c.customer_id = :customer_id ORDER BY c.since, t.code, c.source",
    ),
    QuerySection(
        "score_modifiers",
        frozenset({"score_modifier"}),
        "SELECT t.name_zh, t.name_en, m.points, m.since, m.until, m.reason FROM score_modifier m"
        " JOIN tag t ON t.code = m.tag_code WHERE m.customer_id = :customer_id ORDER BY m.since, t.code",
    ),
    QuerySection(
        "conditions_held",
        frozenset({"held_since"}),
        "SELECT key AS condition, since, until FROM held_since WHERE customer_id = :customer_id ORDER BY since, key",
    ),
    QuerySection(
        "segments",
        frozenset({"segment_pin", "segment_snapshot_member"}),
        "SELECT t.name_zh, t.name_en, p.side AS pinned, p.since, p.until, p.reason, NULL AS frozen_at, NULL AS purpose"
        " FROM segment_pin p JOIN tag t ON t.code = p.tag_code WHERE p.customer_id = :customer_id"
        " UNION ALL SELECT t.name_zh, t.name_en, NULL, NULL, NULL, NULL, s.taken_at, s.purpose"
        " FROM segment_snapshot_member m JOIN segment_snapshot s ON s.id = m.snapshot_id"
        " JOIN tag t ON t.code = s.tag_code WHERE m.customer_id = :customer_id ORDER BY since, frozen_at",
    ),
    QuerySection(
        "profile_by_day",
        frozenset({"customer_profile"}),
        "SELECT valid_from, valid_to, (SELECT code FROM branch b WHERE b.id = p.branch_id) AS branch, manager_branch,"
        " gender, city_code, birth_year, birth_mmdd, opened_on, lines FROM customer_profile p"
        " WHERE customer_id = :customer_id ORDER BY valid_from",
    ),
    QuerySection(
        "figures",
        frozenset({"customer_fact"}),
        "SELECT as_of, age, tenure_days, round(aum_fen / 100.0, 2) AS aum, round(aum_mda_fen / 100.0, 2) AS aum_mda,"
        " aum_mda_month, round(aum_quarter_daily_fen / 100.0, 2) AS aum_quarter_daily,"
        " round(aum_three_months_fen / 100.0, 2) AS aum_three_months,"
        " round(aum_best_of_three_fen / 100.0, 2) AS aum_best_of_three,"
        " round(aum_six_months_fen / 100.0, 2) AS aum_six_months,"
        " round(aum_year_daily_fen / 100.0, 2) AS aum_year_daily, spike_percent,"
        " round(liabilities_fen / 100.0, 2) AS liabilities, products, lines, customer_kinds, tier,"
        " manager_branch, household_size, household_role"
        " FROM customer_fact WHERE customer_id = :customer_id",
    ),
)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (
    ForgottenRows(
        (
            "customer_tag",
            "customer_fact",
            "customer_profile",
            "segment_pin",
            "segment_snapshot_member",
            "score_modifier",
            "held_since",
        )
    ),
)
