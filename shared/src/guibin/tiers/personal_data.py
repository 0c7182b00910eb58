"""A customer's tiers and why they were given: for a copy of the data, and for an erasure, which keeps the history."""

from typing import Final

from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "tiers",
        frozenset({"tier_history"}),
        "SELECT h.tier_code, t.name_zh, t.name_en, h.effective_on, h.cause, round(h.metric_fen / 100.0, 2) AS average,"
        " h.metric_month, h.recorded_at FROM tier_history h LEFT JOIN tier t ON t.code = h.tier_code"
        " WHERE h.customer_id = :customer_id ORDER BY h.effective_on, h.recorded_at",
    ),
    QuerySection(
        "tier_standing",
        frozenset({"tier_standing"}),
        "SELECT period, tier_code, below_months, valid_until, earned, route, round(metric_fen / 100.0, 2) AS metric,"
        " round(net_fen / 100.0, 2) AS net, growth_points FROM tier_standing WHERE customer_id = :customer_id",
    ),
    QuerySection(
        "tier_overrides",
        frozenset({"tier_override"}),
        "SELECT tier_code, mode, reason_code, reason, valid_from, valid_to, end_reason FROM tier_override"
        " WHERE customer_id = :customer_id ORDER BY valid_from, id",
    ),
)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (ForgottenRows(("tier_override",)),)
