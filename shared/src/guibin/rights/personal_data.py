"""A customer's redemptions and what came of them: for a copy of the data; those not delivered forbid an erasure."""

from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import get_customer
from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Rows, Section
from guibin.rights.models import Redemption, RedemptionProposal, RedemptionRating, RedemptionState
from guibin.rights.repository.payments import owes_money
from guibin.rights.service.proposing import words_of
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing, WrappedKey

_RATING: Final = str(RedemptionRating.__tablename__)


class RatingSection:
    """A customer's ratings with the words as they were written."""

    name: Final = "ratings"
    tables: Final = frozenset({_RATING})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the ratings, the oldest first."""
        customer = await get_customer(session, Scope.of_customer(customer_id), customer_id=customer_id)
        key = None if customer.data_key is None else keys.open_data_key(WrappedKey(customer.data_key), customer.id)
        query = (
            select(RedemptionRating)
            .where(RedemptionRating.customer_id == customer_id)
            .order_by(col(RedemptionRating.rated_at), col(RedemptionRating.redemption_id))
        )
        return [
            {
                "redemption_id": row.redemption_id,
                "stars": row.stars,
                "words": key.decrypt(row.words_enc, _RATING, "words_enc", row.redemption_id)
                if key and row.words_enc
                else None,
                "rated_at": row.rated_at,
                "changed_at": row.changed_at,
            }
            for row in (await session.exec(query)).all()
        ]


class ProposalSection:
    """What was proposed to a customer, with the words as they were written."""

    name: Final = "proposals"
    tables: Final = frozenset({str(RedemptionProposal.__tablename__)})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return the proposals, the oldest first."""
        customer = await get_customer(session, Scope.of_customer(customer_id), customer_id=customer_id)
        key = None if customer.data_key is None else keys.open_data_key(WrappedKey(customer.data_key), customer.id)
        query = (
            select(RedemptionProposal)
            .where(RedemptionProposal.customer_id == customer_id)
            .order_by(col(RedemptionProposal.created_at), col(RedemptionProposal.id))
        )
        shown = ("id", "right_id", "quantity", "state", "created_at", "lapses_at", "ended_at", "redemption_id")
        return [
            {**{name: getattr(row, name) for name in shown}, "words": words_of(key, row)}
            for row in (await session.exec(query)).all()
        ]


SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "redemptions",
        frozenset({"redemption"}),
        "SELECT r.id, i.name_zh, i.name_en, r.quantity, r.quota_used, r.companions, r.class_of_service,"
        " r.points_charged, r.quantity_refunded, r.points_refunded, r.wallet, r.state,"
        " r.fulfilment, r.created_at FROM redemption r JOIN rights_item i ON i.id = r.right_id"
        " WHERE r.customer_id = :customer_id ORDER BY r.created_at, r.id",
    ),
    QuerySection(
        "redemption_steps",
        frozenset({"redemption_step"}),
        "SELECT redemption_id, state, at FROM redemption_step WHERE customer_id = :customer_id ORDER BY at, state",
    ),
    QuerySection(
        "substitutions",
        frozenset({"substitution"}),
        "SELECT redemption_id, units, points, wallet, failed_at, open_until, replaced_by, replaced_at FROM substitution"
        " WHERE customer_id = :customer_id ORDER BY failed_at, redemption_id",
    ),
    QuerySection(
        "payments",
        frozenset({"redemption_payment"}),
        "SELECT redemption_id, amount_fen, state, due_until, closed_at, reference, repayable_fen, repaid_fen,"
        " repaid_reference, repayments FROM redemption_payment WHERE customer_id = :customer_id"
        " ORDER BY due_until, redemption_id",
    ),
    QuerySection(
        "donations",
        frozenset({"redemption_donation"}),
        "SELECT redemption_id, organisation_zh, organisation_en, project_zh, project_en, unit_value_fen, named,"
        " donated_at FROM redemption_donation WHERE customer_id = :customer_id ORDER BY donated_at, redemption_id",
    ),
    QuerySection(
        "points_given",
        frozenset({"redemption_points"}),
        "SELECT redemption_id, wallet, points, receiver_id = customer_id AS to_me, given_at FROM redemption_points"
        " WHERE customer_id = :customer_id ORDER BY given_at, redemption_id",
    ),
    QuerySection(
        "appointments",
        frozenset({"appointment"}),
        "SELECT redemption_id, city_code, place, starts_at, ends_at, moves, confirmed_at, missed_at FROM appointment"
        " WHERE customer_id = :customer_id ORDER BY starts_at, redemption_id",
    ),
    QuerySection(
        "package_choices",
        frozenset({"package_choice"}),
        "SELECT p.name_zh, p.name_en, c.period_start, c.period_end, c.rights, c.taken, c.chosen_at, c.changed_at"
        " FROM package_choice c JOIN rights_package p ON p.id = c.package_id WHERE c.customer_id = :customer_id"
        " ORDER BY c.period_start, c.package_id",
    ),
    QuerySection(
        "reservations",
        frozenset({"reservation"}),
        "SELECT r.id, i.name_zh, i.name_en, r.quantity, r.state, r.created_at, r.lapses_at, r.ended_at, r.redemption_id"
        " FROM reservation r JOIN rights_item i ON i.id = r.right_id WHERE r.customer_id = :customer_id"
        " ORDER BY r.created_at, r.id",
    ),
    QuerySection(
        "voucher_uses",
        frozenset({"voucher_use"}),
        "SELECT redemption_id, amount_fen, used_at, place FROM voucher_use WHERE customer_id = :customer_id"
        " ORDER BY recorded_at, id",
    ),
    QuerySection(
        "favourites",
        frozenset({"favourite"}),
        "SELECT i.name_zh, i.name_en, f.marked_at, f.unmarked_at FROM favourite f"
        " JOIN rights_item i ON i.id = f.right_id WHERE f.customer_id = :customer_id ORDER BY f.marked_at, f.right_id",
    ),
    RatingSection(),
    ProposalSection(),
    # Who it is, is somebody else's data: a copy tells that there is somebody, and since when they agree.
    QuerySection(
        "redemption_beneficiaries",
        frozenset({"redemption_beneficiary"}),
        "SELECT redemption_id, consented_at FROM redemption_beneficiary WHERE customer_id = :customer_id"
        " ORDER BY redemption_id",
    ),
)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (ForgottenRows(("favourite",)),)
OPEN: Final = (RedemptionState.AWAITING_PAYMENT, RedemptionState.CONFIRMED, RedemptionState.IN_FULFILMENT)


class RedemptionErasureGuard:
    """What the customer has paid for and not received is an open matter."""

    async def objections(self, session: AsyncSession, *, customer_id: UUID) -> list[str]:
        """Object to redemptions that are on their way; with codes that is until all of them are used."""
        query = (
            select(Redemption.id).where(Redemption.customer_id == customer_id, col(Redemption.state).in_(OPEN)).limit(1)
        )
        found = ["open_redemptions"] if (await session.exec(query)).first() is not None else []
        return found + (["money_to_repay"] if await owes_money(session, customer_id=customer_id) else [])


REDEMPTION_ERASURE_GUARD: Final = RedemptionErasureGuard()
