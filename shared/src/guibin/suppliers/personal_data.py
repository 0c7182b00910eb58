"""What a copy of a customer's data shows of orders at suppliers."""

from typing import Final

from guibin.privacy.subject import QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "supplier_orders",
        frozenset({"supplier_order"}),
        "SELECT o.id, o.redemption_id, s.name AS supplier, o.quantity, o.state, o.created_at, o.sent_at, o.ended_at"
        " FROM supplier_order o JOIN supplier s ON s.id = o.supplier_id"
        " WHERE o.customer_id = :customer_id ORDER BY o.created_at, o.id",
    ),
)
