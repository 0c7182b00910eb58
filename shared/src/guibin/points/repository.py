"""The ledger's SQL: the two functions that write it, and its reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    RowMapping,
    Select,
    Text,
    Uuid,
    and_,
    column,
    func,
    text,
    tuple_,
)
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.direct import InSession
from guibin.customers.models import Customer
from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.points.models import (
    AccountState,
    EntryKind,
    PointsAccount,
    PointsEntry,
    PointsLot,
    PointsLotUse,
    SourceKind,
    Wallet,
)
from guibin.security.actors import Scope

_OUTCOME = (
    column("outcome", Text),
    column("entry_id", Uuid),
    column("seq", BigInteger),
    column("points", BigInteger),
    column("debt_change", BigInteger),
    column("balance_after", BigInteger),
    column("available_after", BigInteger),
    column("lots", JSONB),
)
_LOCK = text(
    "SELECT balance, held, debt, pending, state, available FROM points_account_lock(:customer, :wallet, :at, :day)"
)
_POST = text(
    "SELECT * FROM points_post(:customer, :wallet, :kind, :points, :entry, :lot, :expires_on, :pending_until,"
    " :refers_to, :reason_zh, :reason_en, :source_kind, :source_id, :actor, :at, :day)"
).columns(*_OUTCOME)
# The list is worked through in its own order, one customer at a time: the function locks with one equality each.
_POST_ALL = text(
    "SELECT p.outcome, p.entry_id, p.seq, p.points, p.debt_change, p.balance_after, p.available_after, p.lots"
    " FROM unnest(CAST(:customer AS uuid[]), CAST(:wallet AS text[]), CAST(:kind AS text[]), CAST(:points AS bigint[]),"
    " CAST(:entry AS uuid[]), CAST(:lot AS uuid[]), CAST(:expires_on AS date[]),"
    " CAST(:pending_until AS date[]), CAST(:refers_to AS uuid[]), CAST(:reason_zh AS text[]),"
    " CAST(:reason_en AS text[]), CAST(:source_kind AS text[]), CAST(:source_id AS text[]), CAST(:actor AS uuid[]),"
    " CAST(:at AS timestamptz[]), CAST(:day AS date[])) WITH ORDINALITY AS m(customer_id, wallet, kind, size, entry,"
    " lot, expires_on, pending_until, refers_to, reason_zh, reason_en, source_kind, source_id, actor, made_at,"
    " made_on, n)"
    " CROSS JOIN LATERAL points_post(m.customer_id, m.wallet, m.kind, m.size, m.entry, m.lot, m.expires_on,"
    " m.pending_until, m.refers_to, m.reason_zh, m.reason_en, m.source_kind, m.source_id, m.actor, m.made_at,"
    " m.made_on) AS p ORDER BY m.n"
).columns(*_OUTCOME)

_POST_BATCH = text(
    "SELECT outcome, entry_id FROM points_post_batch(CAST(:customer AS uuid[]), CAST(:wallet AS text[]), :kind,"
    " CAST(:points AS bigint[]), CAST(:entry AS uuid[]), CAST(:lot AS uuid[]), CAST(:expires_on AS date[]),"
    " CAST(:pending_until AS date[]), CAST(:reason_zh AS text[]), CAST(:reason_en AS text[]), :source_kind,"
    " CAST(:source_id AS text[]), :actor, :at, :day) ORDER BY place"
)


BALANCES: Final = "SELECT points_balances($1)::text AS found"
"""Of asyncpg's form: a customer's facts for `balances_of`."""


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
    pending_until: date | None = None
    refers_to: UUID | None = None


_ARGUMENTS = Movement.__slots__
_SHARED = frozenset({"kind", "source_kind", "actor", "at", "day"})
"""What all movements of a batch have in common."""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries of a history are wanted: days of posting with both ends, and those after a position."""

    wallet: str | None = None
    kind: EntryKind | None = None
    start: date | None = None
    end: date | None = None
    after_seq: int | None = None
    after_moment: tuple[datetime, UUID] | None = None


async def lock_account(session: AsyncSession, *, customer_id: UUID, wallet: str, at: datetime, day: date) -> RowMapping:
    """Lock an account until the end of the transaction, made on first use; returns balance, held, debt, ..."""
    return (await rows_of(session, _LOCK, customer=customer_id, wallet=wallet, at=at, day=day))[0]


async def post(session: AsyncSession, movement: Movement) -> RowMapping:
    """Post one movement and return the outcome row."""
    return (await rows_of(session, _POST, **{name: getattr(movement, name) for name in _ARGUMENTS}))[0]


async def post_all(session: AsyncSession, movements: Sequence[Movement]) -> Sequence[RowMapping]:
    """Post movements one after another in one round trip; returns an outcome row for each, in order.

    Callers sort them by customer and wallet, so that two callers never lock accounts in different orders.
    """
    if not movements:
        return []
    bound = {name: [getattr(movement, name) for movement in movements] for name in _ARGUMENTS}
    return await rows_of(session, _POST_ALL, **bound)


async def post_batch(session: AsyncSession, movements: Sequence[Movement]) -> Sequence[RowMapping]:
    """Post credits of one kind, source kind, actor and instant; returns outcome and entry_id of each, in order.

    The same result as `post_all`, for the many movements of scheduled work. Callers sort them by customer and wallet.
    """
    if not movements:
        return []
    bound: dict[str, object] = {
        name: getattr(movements[0], name) if name in _SHARED else [getattr(one, name) for one in movements]
        for name in _ARGUMENTS
    }
    return await rows_of(session, _POST_BATCH, **bound)


async def rows_of(session: AsyncSession, statement: Executable, **bound: object) -> Sequence[RowMapping]:
    """Run a statement in the session's transaction, after what the session has pending."""
    await session.flush()
    connection = await session.connection()
    result = await connection.execute(statement, bound)
    return result.mappings().all() if result.returns_rows else []


async def get_wallet(session: AsyncSession, code: str) -> Wallet | None:
    """Return a wallet by its code."""
    return await session.get(Wallet, code)


async def lock_wallets(session: AsyncSession, codes: Iterable[str]) -> dict[str, Wallet]:
    """Return wallets as they stand now, each held as it is until the end of the transaction, in one order.

    Whoever makes a rule for a wallet and whoever changes the wallet wait for each other; who posts waits for neither.
    """
    query = select(Wallet).where(col(Wallet.code).in_(set(codes))).order_by(col(Wallet.code))
    query = query.with_for_update(key_share=True)
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {wallet.code: wallet for wallet in rows}


async def lock_all_wallets(session: AsyncSession) -> dict[str, Wallet]:
    """Return every wallet so; for whoever looks at where points go when they roll over."""
    return await lock_wallets(session, [wallet.code for wallet in await list_wallets(session)])


async def known_customers(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID | None]:
    """Return which of these customers there are and were not erased, each with whom it was merged into."""
    query = sa_select(col(Customer.id), col(Customer.merged_into)).where(
        col(Customer.id).in_(set(ids)), col(Customer.erased_at).is_(None)
    )
    return {row["id"]: row["merged_into"] for row in await rows_of(session, query)}


async def list_wallets(session: AsyncSession) -> Sequence[Wallet]:
    """Return all wallets, ordered by code."""
    return (await session.exec(select(Wallet).order_by(Wallet.code))).all()


async def balance_facts(session: AsyncSession, *, customer_id: UUID) -> str:
    """Return what `points_balances` says of a customer, as JSON: one statement, one snapshot."""
    row = await InSession(session).row(BALANCES, customer_id)
    return str(row["found"]) if row else "[]"


async def list_entries(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, wanted: EntryFilter, limit: int
) -> Sequence[PointsEntry]:
    """Return a customer's entries, newest first: by seq within a wallet, by (posted_at, id) over all wallets."""
    query = select(PointsEntry).where(
        is_of(scope if wanted.wallet is None else Scope(), col(PointsEntry.customer_id), customer_id),
        visible(scope, col(PointsEntry.customer_id)),
    )
    if wanted.kind is not None:
        query = query.where(PointsEntry.kind == wanted.kind)
    if wanted.start is not None:
        query = query.where(col(PointsEntry.posted_on) >= wanted.start)
    if wanted.end is not None:
        query = query.where(col(PointsEntry.posted_on) <= wanted.end)
    if wanted.wallet is not None:
        query = query.where(PointsEntry.wallet == wanted.wallet).order_by(col(PointsEntry.seq).desc())
        if wanted.after_seq is not None:
            query = query.where(col(PointsEntry.seq) < wanted.after_seq)
    else:
        query = query.order_by(col(PointsEntry.posted_at).desc(), col(PointsEntry.id).desc())
        if wanted.after_moment is not None:
            query = query.where(tuple_(col(PointsEntry.posted_at), col(PointsEntry.id)) < wanted.after_moment)
    return (await session.exec(query.limit(limit))).all()


async def lots_of_entries(
    session: AsyncSession, *, customer_id: UUID, entry_ids: Sequence[UUID]
) -> Sequence[RowMapping]:
    """Return entry_id, lot_id, points and expires_on: lots that debits drew on, that credits made or gave back to.

    Points are sizes: which way they went is the entry's sign, whereas a use that is given back is stored as negative.
    """
    drawn = (
        sa_select(
            col(PointsLotUse.entry_id),
            col(PointsLotUse.lot_id),
            func.abs(col(PointsLotUse.points)).label("points"),
            col(PointsLot.expires_on),
        )
        .join(
            PointsLot,
            and_(
                col(PointsLot.customer_id) == col(PointsLotUse.customer_id),
                col(PointsLot.id) == col(PointsLotUse.lot_id),
            ),
        )
        .where(col(PointsLotUse.customer_id) == customer_id, col(PointsLotUse.entry_id).in_(entry_ids))
    )
    made: Select[*tuple[Any, ...]] = sa_select(
        col(PointsLot.entry_id), col(PointsLot.id).label("lot_id"), col(PointsLot.original), col(PointsLot.expires_on)
    ).where(col(PointsLot.customer_id) == customer_id, col(PointsLot.entry_id).in_(entry_ids))
    both = drawn.union_all(made).subquery()
    return await rows_of(session, sa_select(both).order_by(both.c.expires_on.nulls_last(), both.c.lot_id))


_Due = tuple[UUID, str]
"""A customer and a wallet."""


async def accounts_to_expire(session: AsyncSession, *, day: date, source_id: str, limit: int) -> list[_Due]:
    """Return accounts with points whose last day is `day` or earlier and that can go, by (customer_id, wallet).

    Left out are accounts that this source has posted to, those in which everything is held, and closed ones.
    """
    query = _ended(day, source_id, EntryKind.EXPIRE, col(Wallet.rolls_over_to).is_(None)).limit(limit)
    return [(row["customer_id"], row["wallet"]) for row in await rows_of(session, query)]


async def accounts_to_roll_over(
    session: AsyncSession, *, day: date, source_id: str, limit: int
) -> list[tuple[UUID, str, int]]:
    """Return such accounts whose points roll over instead, with how many of their lots have something left."""
    lot, account = PointsLot, PointsAccount
    lots = (
        sa_select(func.count())
        .select_from(lot)
        .where(
            col(lot.customer_id) == col(account.customer_id),
            col(lot.wallet) == col(account.wallet),
            col(lot.remaining) > 0,
        )
        .scalar_subquery()
    )
    query = _ended(day, source_id, EntryKind.ROLL_OUT, col(Wallet.rolls_over_to).is_not(None))
    rows = await rows_of(session, query.add_columns(lots.label("lots")).limit(limit))
    return [(row["customer_id"], row["wallet"], row["lots"]) for row in rows]


def _ended(day: date, source_id: str, kind: EntryKind, which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    lot, account, entry = PointsLot, PointsAccount, PointsEntry
    posted = sa_select(col(entry.id)).where(
        col(entry.customer_id) == col(account.customer_id),
        col(entry.wallet) == col(account.wallet),
        col(entry.kind).in_({EntryKind.EXPIRE, kind}),
        col(entry.source_kind) == SourceKind.RUN,
        col(entry.source_id) == source_id,
    )
    ended = sa_select(col(lot.customer_id), col(lot.wallet)).where(
        col(lot.remaining) > 0, col(lot.expires_on) <= day, col(lot.remaining) > col(lot.held), ~col(lot.pending)
    )
    lapsed = sa_select(col(account.customer_id), col(account.wallet)).where(col(account.lapses_on) <= day)
    due = ended.union(lapsed).subquery()
    return (
        sa_select(due.c.customer_id, due.c.wallet)
        .join(account, and_(col(account.customer_id) == due.c.customer_id, col(account.wallet) == due.c.wallet))
        .join(Wallet, and_(col(Wallet.code) == due.c.wallet, which))
        .where(~posted.exists())
        .where(col(account.balance) > col(account.held), col(account.state) != AccountState.CLOSED)
        .order_by(due.c.customer_id, due.c.wallet)
    )
