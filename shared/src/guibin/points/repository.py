"""The ledger's SQL: the two functions that write it, and its reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Executable, RowMapping, Text, Uuid, column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import Wallet

# One statement each, and the customer is the first argument: the functions themselves name one customer throughout.
_LOCK = text("SELECT balance, held, debt, state, available FROM points_account_lock(:customer, :wallet, :at, :day)")
_POST = text(
    "SELECT outcome, entry_id, seq, points, balance_after, available_after, lots"
    " FROM points_post(:customer, :wallet, :kind, :points, :entry, :lot, :expires_on, :reason_zh, :reason_en,"
    " :source_kind, :source_id, :actor, :at, :day)"
).columns(
    column("outcome", Text),
    column("entry_id", Uuid),
    column("seq", BigInteger),
    column("points", BigInteger),
    column("balance_after", BigInteger),
    column("available_after", BigInteger),
    column("lots", JSONB),
)


@dataclass(frozen=True, slots=True)
class Movement:
    """The arguments of `points_post`; `points` is the size, the kind its sign. Ids and times come from the caller."""

    customer: UUID
    wallet: str
    kind: str
    points: int | None
    entry: UUID
    lot: UUID | None
    expires_on: date | None
    reason_zh: str
    reason_en: str
    source_kind: str
    source_id: str
    actor: UUID
    at: datetime
    day: date

    def bound(self) -> dict[str, Any]:
        """Return the arguments by name."""
        return {name: getattr(self, name) for name in self.__slots__}


async def lock_account(session: AsyncSession, *, customer_id: UUID, wallet: str, at: datetime, day: date) -> RowMapping:
    """Lock an account until the end of the transaction, made on first use; returns balance, held, debt, ..."""
    return (await _rows(session, _LOCK, customer=customer_id, wallet=wallet, at=at, day=day))[0]


async def post(session: AsyncSession, movement: Movement) -> RowMapping:
    """Post one movement and return the outcome row."""
    return (await _rows(session, _POST, **movement.bound()))[0]


async def _rows(session: AsyncSession, statement: Executable, **bound: object) -> Sequence[RowMapping]:
    await session.flush()
    connection = await session.connection()
    return (await connection.execute(statement, bound)).mappings().all()


async def get_wallet(session: AsyncSession, code: str) -> Wallet | None:
    """Return a wallet by its code."""
    return await session.get(Wallet, code)
