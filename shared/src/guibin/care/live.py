"""Whom care is owed, in SQL: customers with the bank, with the tier and the manager that they have on a day."""

from typing import Final

LIVE: Final = """
    live AS (
        SELECT c.id AS customer_id, h.tier_code, v.manager_id
        FROM customer c
        LEFT JOIN (
            SELECT DISTINCT ON (customer_id) customer_id, tier_code FROM tier_history
            WHERE effective_on <= :from_day ORDER BY customer_id, effective_on DESC, recorded_at DESC
        ) h ON h.customer_id = c.id
        LEFT JOIN coverage v ON v.customer_id = c.id AND v.role = 'primary'
            AND v.valid_from <= :from_day AND (v.valid_to IS NULL OR v.valid_to > :from_day)
        WHERE c.merged_into IS NULL AND c.status IN ('active', 'dormant')
    )"""
"""A common table expression of everybody; takes `from_day`."""

KEPT_ON: Final = "CAST({} AT TIME ZONE 'Asia/Shanghai' AS date)"
"""The bank's day of an instant."""
