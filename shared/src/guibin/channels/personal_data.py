"""A customer's identities at WeChat: for a copy of the data, and for an erasure, which deletes them."""

from typing import Final

from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "wechat_identities",
        frozenset({"wechat_identity"}),
        "SELECT appid, kind, first_seen_at, seen_at, bound_at FROM wechat_identity"
        " WHERE customer_id = :customer_id ORDER BY first_seen_at, id",
    ),
)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (ForgottenRows(("wechat_identity",)),)
