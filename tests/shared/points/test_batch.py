"""Posting many at once gives what posting them one by one gives, whatever is among them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import RowMapping, text, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points import repository
from guibin.points.invariants import check
from guibin.points.models import AccountState, EntryKind, Expiry, PointsAccount, SourceKind, Wallet
from guibin.points.repository import Movement, rows_of
from support.points import ACTOR, NOON, add_customers, let_owner_post, post_points

DAY = clock.business_day(NOON)
Post = Callable[[AsyncSession, Sequence[Movement]], Awaitable[Sequence[RowMapping]]]

WISHES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["reward", "service", "growth"]),
        st.integers(1, 90),
        st.integers(0, 9).map(str),
        st.one_of(st.none(), st.integers(-3, 400)),
    ),
    min_size=1,
    max_size=30,
)
Wish = tuple[int, str, int, str, int | None]
ACCOUNTS = (
    "SELECT customer_id, wallet, balance, held, debt, pending, version, state, lapses_on FROM points_account"
    " ORDER BY customer_id, wallet"
)
ENTRIES = (
    "SELECT customer_id, id, wallet, seq, kind, points, debt_change, pending_change, contra,"
    " balance_after, reason_zh, source_id, posted_on FROM points_entry ORDER BY customer_id, wallet, seq"
)
LOTS = (
    "SELECT customer_id, id, wallet, entry_id, original, remaining, pending, pending_until, expires_on, cost_fen,"
    " funding_line FROM points_lot"
    " ORDER BY customer_id, wallet, id"
)


KINDS = (EntryKind.EARN, EntryKind.OPENING, EntryKind.ADJUST_CREDIT, EntryKind.PENDING_ADD)


def movement(customers: Sequence[UUID], wish: Wish, kind: EntryKind) -> Movement:
    person, wallet, points, source, days = wish
    return Movement(
        customer=customers[person],
        wallet=wallet,
        kind=kind,
        points=points,
        entry=new_id(),
        lot=new_id(),
        expires_on=None if days is None else DAY + timedelta(days=days),
        reason_zh=f"事件{source}",
        reason_en="test",
        source_kind=SourceKind.RUN,
        source_id=source,
        actor=ACTOR,
        at=NOON,
        day=DAY,
        pending_until=DAY + timedelta(days=days or 0) if kind is EntryKind.PENDING_ADD else None,
    )


async def arrange(session: AsyncSession) -> list[UUID]:
    """Four customers: nobody special, one with points, one in debt, one whose account is closed."""
    customers = sorted(await add_customers(session, 4))
    for customer_id in customers[1:]:
        await post_points(session, customer_id, EntryKind.EARN, 5, expires_on=date(2027, 12, 31))
    await _set(session, customers[2], debt=70)
    await _set(session, customers[3], state=AccountState.CLOSED)
    return customers


async def _set(session: AsyncSession, customer_id: UUID, **values: Any) -> None:
    await session.exec(update(PointsAccount).where(col(PointsAccount.customer_id) == customer_id).values(**values))


async def _let_lapse(session: AsyncSession, customer_id: UUID) -> None:
    """Let the reward points end by inactivity, and those of one customer have ended yesterday."""
    wallet = update(Wallet).where(col(Wallet.code) == "reward")
    await session.exec(wallet.values(expiry=Expiry.INACTIVITY, expiry_years=None, expiry_months=12))
    await _set(session, customer_id, lapses_on=DAY - timedelta(days=1))


async def outcome(session: AsyncSession, movements: Sequence[Movement], post: Post) -> list[Any]:
    """Post, say what came of it and what stands in the ledger then, and take it all back."""
    savepoint = await session.begin_nested()
    try:
        rows = await post(session, movements)
        told = [
            (row["outcome"], row["entry_id"] if row["outcome"] in {"posted", "duplicate"} else None) for row in rows
        ]
        stands = [[dict(row) for row in await rows_of(session, text(query))] for query in (ACCOUNTS, ENTRIES, LOTS)]
        broken = {violation.text for violation in await check(session)}
        return [told, stands, broken]
    finally:
        await savepoint.rollback()
        session.expunge_all()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=WISHES, kind=st.sampled_from(KINDS), lapsing=st.booleans())
async def test_a_batch_is_the_same_as_a_loop(
    session: AsyncSession, wishes: list[Wish], kind: EntryKind, *, lapsing: bool
) -> None:
    savepoint = await session.begin_nested()
    try:
        await let_owner_post(session)
        customers = await arrange(session)
        if lapsing:
            await _let_lapse(session, customers[1])
        movements = sorted(
            (movement(customers, wish, kind) for wish in wishes),
            key=lambda one: (one.customer, one.wallet, one.source_id),
        )

        in_a_loop = await outcome(session, movements, repository.post_all)
        at_once = await outcome(session, movements, repository.post_batch)
    finally:
        await savepoint.rollback()
        session.expunge_all()

    assert at_once == in_a_loop


async def test_an_empty_batch_posts_nothing(session: AsyncSession) -> None:
    assert list(await repository.post_batch(session, [])) == []
    assert list(await repository.post_all(session, [])) == []
