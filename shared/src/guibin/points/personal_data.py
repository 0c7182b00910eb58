"""A customer's points: for a copy of the data; what is held or owed forbids an erasure. The ledger itself stays."""

from typing import Final
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import PointsAccount
from guibin.privacy.subject import QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "points_accounts",
        frozenset({"points_account"}),
        "SELECT wallet, balance, pending, held, debt, state, opened_at FROM points_account"
        " WHERE customer_id = :customer_id ORDER BY wallet",
    ),
    QuerySection(
        "points_entries",
        frozenset({"points_entry"}),
        "SELECT wallet, seq, kind, points, debt_change, pending_change, balance_after, reason_zh, reason_en, posted_at"
        " FROM points_entry WHERE customer_id = :customer_id ORDER BY wallet, seq",
    ),
    QuerySection(
        "points_lots",
        frozenset({"points_lot", "points_lot_use"}),
        "SELECT l.wallet, l.original, l.remaining, l.earned_at, l.expires_on, e.seq AS made_by,"
        " (SELECT array_agg(d.seq ORDER BY d.seq) FROM points_lot_use u JOIN points_entry d"
        " ON d.customer_id = u.customer_id AND d.id = u.entry_id"
        " WHERE u.customer_id = l.customer_id AND u.lot_id = l.id) AS drawn_by"
        " FROM points_lot l JOIN points_entry e ON e.customer_id = l.customer_id AND e.id = l.entry_id"
        " WHERE l.customer_id = :customer_id ORDER BY l.wallet, e.seq",
    ),
    QuerySection(
        "points_earned_by_rule",
        frozenset({"earning_award"}),
        "SELECT wallet, rule_code, version, source_id, occurred_at, points FROM earning_award"
        " WHERE customer_id = :customer_id ORDER BY occurred_at, entry_id",
    ),
    QuerySection(
        "points_rules_effects",
        frozenset({"earning_effect"}),
        "SELECT kind, subject, state, made_at, ended_at FROM earning_effect WHERE customer_id = :customer_id"
        " ORDER BY made_at, entry_id, place",
    ),
    QuerySection(
        "points_transfers",
        frozenset({"points_transfer"}),
        "SELECT id, side, wallet, points, reverses, household_id, posted_at FROM points_transfer"
        " WHERE customer_id = :customer_id ORDER BY posted_at, id",
    ),
    QuerySection(
        "points_household_roles",
        frozenset({"points_pool_role"}),
        "SELECT role, month_limit, set_at FROM points_pool_role WHERE customer_id = :customer_id ORDER BY set_at",
    ),
    QuerySection(
        "points_inheritances",
        frozenset({"points_inheritance"}),
        "SELECT document_no, posted_at FROM points_inheritance WHERE customer_id = :customer_id ORDER BY posted_at, id",
    ),
    QuerySection(
        "points_merges",
        frozenset({"points_merge"}),
        "SELECT side, wallet, points, debt, undoes, posted_at FROM points_merge WHERE customer_id = :customer_id"
        " ORDER BY posted_at, id",
    ),
    QuerySection(
        "points_codes",
        frozenset({"code_entry"}),
        "SELECT code, state, points, entered_at FROM code_entry WHERE customer_id = :customer_id"
        " ORDER BY entered_at, code",
    ),
    QuerySection(
        "points_speed_noticed",
        frozenset({"velocity_hit"}),
        "SELECT wallet, observed, froze, reason_zh, reason_en, noticed_at FROM velocity_hit"
        " WHERE customer_id = :customer_id ORDER BY noticed_at, id",
    ),
    QuerySection(
        "points_holds",
        frozenset({"points_hold", "points_hold_lot"}),
        "SELECT h.wallet, h.points, h.captured, h.state, h.expires_at, h.reason_zh, h.reason_en, h.created_at,"
        " h.closed_at, (SELECT array_agg(n.points ORDER BY n.place) FROM points_hold_lot n"
        " WHERE n.customer_id = h.customer_id AND n.hold_id = h.id) AS lots"
        " FROM points_hold h WHERE h.customer_id = :customer_id ORDER BY h.created_at, h.id",
    ),
)


class LedgerErasureGuard:
    """Points that are set aside or owed are an open matter."""

    async def objections(self, session: AsyncSession, *, customer_id: UUID) -> list[str]:
        """Object to holds and to debt."""
        query = select(PointsAccount.held, PointsAccount.debt).where(
            PointsAccount.customer_id == customer_id,
            or_(col(PointsAccount.held) > 0, col(PointsAccount.debt) > 0),
        )
        rows = (await session.exec(query)).all()
        kinds = {"points_held": any(held for held, _ in rows), "points_debt": any(debt for _, debt in rows)}
        return [kind for kind, stands in kinds.items() if stands]


LEDGER_ERASURE_GUARD: Final = LedgerErasureGuard()
