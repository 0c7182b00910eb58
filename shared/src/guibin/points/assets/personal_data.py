"""What a customer's assets earned: for a copy of the data; like the entries that they explain, awards stay."""

from typing import Final

from guibin.privacy.subject import QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "asset_awards",
        frozenset({"asset_award"}),
        "SELECT rule_code, month, wallet, average_fen, points, awarded_at, corrected_at FROM asset_award"
        " WHERE customer_id = :customer_id ORDER BY month, rule_code",
    ),
)
