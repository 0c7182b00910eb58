"""What points of growth would do to tiers: of one customer in a simulation, of all winners in a back-test."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags.models import CustomerFact
from guibin.tiers.models import TierStanding
from guibin.tiers.repository import active_scheme, lines_of
from guibin.tiers.rules import tier_of

Move = tuple[str | None, str | None]
"""The tier before and after; None is below all."""


async def growth_wallet(session: AsyncSession) -> str | None:
    """Return the wallet whose points give tiers by the scheme in force; None where none does."""
    scheme = await active_scheme(session)
    return None if scheme is None else scheme.growth_wallet


async def tiers_with(session: AsyncSession, gained: Mapping[UUID, int]) -> dict[UUID, Move]:
    """Return each customer's tier without and with more points of growth, as figures stand.

    Those are the assets of the last evaluation and the points of the last night. Overrides are left out of account.
    Empty where the scheme in force counts no growth.
    """
    scheme = await active_scheme(session)
    if scheme is None or scheme.growth_wallet is None or not gained:
        return {}
    lines = await lines_of(session, scheme.id)
    query = (
        select(CustomerFact.customer_id, TierStanding.metric_fen, CustomerFact.points)
        .join(TierStanding, col(TierStanding.customer_id) == col(CustomerFact.customer_id), isouter=True)
        .where(col(CustomerFact.customer_id).in_(gained))
    )
    rows = await session.exec(query)
    found = {customer_id: (average_fen, points) for customer_id, average_fen, points in rows.all()}
    moves: dict[UUID, Move] = {}
    for customer_id, points in gained.items():
        average_fen, held = found.get(customer_id, (None, {}))
        growth = held.get(scheme.growth_wallet, 0)
        moves[customer_id] = (tier_of(average_fen, lines, growth), tier_of(average_fen, lines, growth + points))
    return moves


async def count_moves(session: AsyncSession, gained: Mapping[UUID, int]) -> list[tuple[Move, int]]:
    """Count the customers whom more points of growth would bring into another tier, by the move."""
    moves = await tiers_with(session, gained)
    counted = Counter(move for move in moves.values() if move[0] != move[1])
    return sorted(counted.items(), key=lambda one: (one[0][0] or "", one[0][1] or ""))
