"""What a customer's points are worth, and how many points an amount takes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import repository
from guibin.points.balances import WalletBalance
from guibin.points.service.reading import balances
from guibin.points.valuation import Valuation
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class Worth:
    """What `points` of one kind are worth, and how many (`needed`) the amount takes that was asked for."""

    own: WalletBalance
    valuation: Valuation
    points: int
    fen: int
    needed: int | None


@dataclass(frozen=True, slots=True)
class Worths:
    """The kinds of points that have a worth, at one instant."""

    as_of: datetime
    wallets: list[Worth]


async def worths(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, points: int | None = None, fen: int | None = None
) -> Worths:
    """Value what a customer can spend, or `points` of each kind; and say how many points an amount of `fen` takes.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    found = await balances(session, scope, customer_id=customer_id, today=clock.today())
    formulas = {
        wallet.code: Valuation.model_validate(wallet.valuation)
        for wallet in await repository.list_wallets(session)
        if wallet.active and wallet.valuation is not None
    }
    valued = [(own, formulas[own.wallet.code]) for own in found.wallets if own.wallet.code in formulas]
    return Worths(found.as_of, [_worth(own, formula, points, fen) for own, formula in valued])


def _worth(own: WalletBalance, formula: Valuation, points: int | None, fen: int | None) -> Worth:
    counted = own.available if points is None else points
    needed = None if fen is None else formula.points_for(fen)
    return Worth(own, formula, counted, formula.worth_of(counted), needed)
