"""Who has an occasion: for each kind a statement over everybody that gives customer, day and what it is about.

They read `due` (the occasions of the night), `day_key` (days of birth or of the year), `live` and `threshold`, and the
parameters `first`, `last`, `classes`.
"""

from typing import Final

from guibin.care.plans.terms import CareOccasion

_OF_A_CLASS: Final = "(cardinality(CAST(:classes AS text[])) = 0 OR p.product_class = ANY(:classes))"
_DAY: Final = "CAST({} AT TIME ZONE 'Asia/Shanghai' AS date)"
_MONTH: Final = "date_trunc('month', e.occurred_on) = date_trunc('month', CAST(:month_end AS date))"
_FLOW: Final = """
    SELECT e.customer_id, e.occurred_on AS occasion, '' AS reference
    FROM customer_event e
    JOIN live w ON w.customer_id = e.customer_id
    JOIN threshold t ON t.tier = w.tier_code
    JOIN line_day y ON y.line = e.line AND y.day = e.occurred_on
    WHERE e.event_type IN ({types}) AND e.occurred_on BETWEEN :first AND :last
        AND coalesce(e.inflow_class, '') NOT IN ('own_transfer', 'maturity_rollover')
        AND NOT EXISTS (SELECT FROM business_event b
            WHERE b.reference = e.reference AND b.line = e.line AND b.state = 'returned')
    GROUP BY e.customer_id, e.occurred_on HAVING sum(e.amount_fen) >= min(t.fen)"""

SOURCES: Final[dict[CareOccasion, str]] = {
    CareOccasion.BIRTHDAY: """
    SELECT c.id AS customer_id, k.occasion, '' AS reference
    FROM customer c
    LEFT JOIN care_preference f ON f.customer_id = c.id
    JOIN day_key k ON k.mmdd = c.birth_mmdd AND k.lunar = (coalesce(f.birthday, 'solar') = 'lunar')
    WHERE c.party_type = 'person' AND (k.year IS NULL OR k.year = c.birth_year)""",
    CareOccasion.ACCOUNT_ANNIVERSARY: """
    SELECT c.id AS customer_id, k.occasion, '' AS reference
    FROM customer c JOIN day_key k ON k.mmdd = to_char(c.opened_on, 'MMDD') AND NOT k.lunar
    WHERE c.opened_on < date_trunc('year', k.occasion)""",
    CareOccasion.MATURITY: """
    SELECT h.customer_id, h.matures_on AS occasion, 'hld_' || h.id AS reference
    FROM holding h JOIN product p ON p.code = h.product_code
    WHERE h.status = 'active' AND h.side = 'asset' AND h.matures_on BETWEEN :first AND :last AND """  # noqa: S608 - our own text
    + _OF_A_CLASS,
    CareOccasion.NEW_COVERAGE: """
    SELECT v.customer_id, v.valid_from AS occasion, 'cov_' || v.id AS reference
    FROM coverage v WHERE v.role = 'primary' AND v.valid_to IS NULL AND v.valid_from BETWEEN :first AND :last""",
    CareOccasion.LARGE_INFLOW: _FLOW.format(types="'transfer_in', 'deposit'"),
    CareOccasion.LARGE_OUTFLOW: _FLOW.format(types="'transfer_out', 'withdrawal'"),
    CareOccasion.TIER_WATCH: """
    SELECT s.customer_id, s.period AS occasion, '' AS reference
    FROM tier_standing s WHERE s.verdict = 'watched' AND s.period BETWEEN :first AND :last""",
    CareOccasion.TIER_UP: """
    SELECT h.customer_id, h.effective_on AS occasion, h.tier_code AS reference
    FROM tier_history h WHERE h.cause = 'up' AND h.effective_on BETWEEN :first AND :last""",
    CareOccasion.COMPLAINT_CLOSED: f"""
    SELECT a.customer_id, {_DAY.format("a.closed_at")} AS occasion, 'cmp_' || a.id AS reference
    FROM complaint a WHERE a.state = 'closed'""",  # noqa: S608 - our own text
    CareOccasion.PAYROLL_MISSED: f"""
    SELECT e.customer_id, CAST(:month_end AS date) AS occasion, '' AS reference
    FROM customer_event e
    LEFT JOIN line_day y ON y.line = e.line AND y.day = :month_end
    WHERE (e.event_type = 'salary' OR e.inflow_class = 'payroll')
        AND e.occurred_on > CAST(:month_end AS date) - 95 AND e.occurred_on <= :month_end
    GROUP BY e.customer_id
    HAVING bool_and(y.line IS NOT NULL)
        AND bool_or({_MONTH} - interval '1 month')
        AND bool_or({_MONTH} - interval '2 months')
        AND NOT bool_or({_MONTH})""",  # noqa: S608 - our own text
    CareOccasion.LIFE_EVENT: f"""
    SELECT n.customer_id, {_DAY.format("n.created_at")} AS occasion, 'ned_' || n.id AS reference
    FROM need n WHERE n.category IN ('health', 'medical', 'education', 'social')""",  # noqa: S608 - our own text
    CareOccasion.SALE: f"""
    SELECT h.customer_id, h.opened_on AS occasion, 'hld_' || h.id AS reference
    FROM holding h JOIN product p ON p.code = h.product_code
    WHERE h.status = 'active' AND h.side = 'asset' AND h.opened_on BETWEEN :first AND :last AND {_OF_A_CLASS}
    UNION ALL
    SELECT u.customer_id, CAST(u.at AT TIME ZONE 'Asia/Shanghai' AS date) AS occasion, 'tch_' || u.id AS reference
    FROM touch u JOIN product p ON p.code = u.product_code
    WHERE u.result = 'sold' AND u.corrected_by IS NULL AND {_OF_A_CLASS}
        AND NOT EXISTS (SELECT FROM holding h WHERE h.customer_id = u.customer_id AND h.product_code = u.product_code
            AND abs(h.opened_on - CAST(u.at AT TIME ZONE 'Asia/Shanghai' AS date)) <= 10)""",  # noqa: S608 - our own text
}
