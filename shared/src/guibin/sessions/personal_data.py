"""A customer's logins: for a copy of the data; an erasure ends and deletes them."""

from typing import Final

from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "logins",
        frozenset({"customer_session"}),
        "SELECT way, created_at, rotated_at, expires_at, revoked_at, end_reason FROM customer_session"
        " WHERE customer_id = :customer_id ORDER BY created_at, id",
    ),
)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (ForgottenRows(("customer_session",)),)
