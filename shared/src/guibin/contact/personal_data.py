"""How a customer was reached and wished to be: shown in a copy of the data; codes that stay after an erasure."""

from typing import Final

from guibin.privacy.subject import QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "contacts",
        frozenset({"contact_decision"}),
        "SELECT channel, purpose, sender, subject, state, reasons, at, decided_at, ended_at FROM contact_decision"
        " WHERE customer_id = :customer_id ORDER BY decided_at, id",
    ),
    QuerySection(
        "contact_preference",
        frozenset({"contact_preference"}),
        "SELECT no_calls, quiet_from, quiet_to, updated_at FROM contact_preference WHERE customer_id = :customer_id",
    ),
    QuerySection(
        "contact_allowances",
        frozenset({"contact_allowance"}),
        "SELECT channel, extra, begins_at, ends_at FROM contact_allowance WHERE customer_id = :customer_id"
        " ORDER BY begins_at, id",
    ),
)
