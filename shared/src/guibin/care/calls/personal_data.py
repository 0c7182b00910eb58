"""Calls to a customer: shown in a copy of the data; codes that stay after an erasure."""

from typing import Final

from guibin.privacy.subject import QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "calls",
        frozenset({"call_order"}),
        "SELECT purpose, subject, state, result, seconds, ordered_at, ended_at FROM call_order"
        " WHERE customer_id = :customer_id ORDER BY ordered_at, id",
    ),
)
