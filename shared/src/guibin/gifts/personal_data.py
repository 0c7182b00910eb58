"""What a customer was given: shown in a copy of the data; kept after an erasure, for the books and the taxes."""

from typing import Final

from guibin.privacy.subject import QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "gifts",
        frozenset({"gift_handover"}),
        "SELECT h.id, g.name_zh, g.name_en, h.units, h.value_fen, h.occasion, h.state, h.created_at, h.ended_at"
        " FROM gift_handover h JOIN gift g ON g.id = h.gift_id WHERE h.customer_id = :customer_id"
        " ORDER BY h.created_at, h.id",
    ),
    QuerySection(
        "gift_years",
        frozenset({"gift_year"}),
        "SELECT year, given_fen FROM gift_year WHERE customer_id = :customer_id ORDER BY year",
    ),
)
