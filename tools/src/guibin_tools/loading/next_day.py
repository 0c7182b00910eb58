"""Lets the demo bank's lines send the day after their last one, so that an ordinary night can follow."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.models import FeedFile, FeedKind
from guibin.holdings.models import LineDay
from guibin.holdings.references import holding_ref
from guibin.products.models import Product
from guibin.security.ciphers import KeyRing
from guibin_tools.demo.next_day import Balance, Numbered, generate_next_day, moving_holdings
from guibin_tools.demo.products import PRODUCTS
from guibin_tools.errors import OperatorError
from guibin_tools.loading.feeds import OPERATOR, Show, load_feeds
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings

_BALANCES: Final = text(
    "SELECT h.holding_ref, b.balance_fen FROM holding h CROSS JOIN LATERAL"
    " (SELECT balance_fen FROM holding_balance WHERE customer_id = h.customer_id AND holding_id = h.id"
    " ORDER BY day DESC LIMIT 1) b"
    " WHERE h.line = :line AND h.status = 'active' AND h.matures_on IS NULL AND b.balance_fen <> 0"
    " AND h.holding_ref = ANY(CAST(:refs AS bytea[]))"
)
"""What has a term keeps its balance, and what has nothing too."""
_WEEK: Final = 7


async def load_missing_days(settings: OperatorSettings, *, seed: int, show: Show) -> list[date]:
    """Load every closed day that the lines have not sent, those of the latest week at most; returns them."""
    loaded = []
    while (day := await load_next_day(settings, seed=seed, show=show, most=_WEEK)) is not None:
        loaded.append(day)
    return loaded


async def load_next_day(settings: OperatorSettings, *, seed: int, show: Show, most: int | None = None) -> date | None:
    """Generate and load the day after the last one that the lines have sent, or one of the latest closed days.

    `most` says how many days back it may be; those before it are left out. Returns that day; None: all are sent.

    Raises:
        OperatorError: no demo bank is loaded.
    """
    keys = open_keys(settings)
    async with sessions_as(Role.OWNER, settings) as factory, factory() as session:
        day = await _day_after(session, most)
        if day is None:
            return None
        rng = Random(f"{seed}/{day}")  # noqa: S311 - a day that can be made again, nothing secret
        numbered = Numbered(*[await _sent(session, kind) for kind in (FeedKind.PARTIES, FeedKind.HOLDINGS)])
        balances = await _balances(session, keys, moving_holdings(rng, numbered))
    with TemporaryDirectory(prefix="guibin-demo-") as folder:
        sources = generate_next_day(rng, numbered, balances, day, Path(folder))
        await load_feeds(settings, keys, sources, show=show)
    return day


async def _day_after(session: AsyncSession, most: int | None) -> date | None:
    latest: date | None = (await session.exec(select(func.max(LineDay.day)))).one()
    if latest is None or await session.get(Product, PRODUCTS[0].code) is None:
        raise OperatorError("There is no demo bank here: load one first (guibin demo).")
    closed, day = clock.last_closed_day(), latest + timedelta(days=1)
    if day > closed:
        return None
    return day if most is None else max(day, closed - timedelta(days=most - 1))


async def _sent(session: AsyncSession, kind: FeedKind) -> Mapping[Line, int]:
    """Count the rows of a kind that were loaded here for each line: as many numbers it has given.

    Files that came over HTTP have numbers of their own.
    """
    rows = func.sum(col(FeedFile.rows_read))
    loaded = (FeedFile.kind == kind, FeedFile.actor_id == OPERATOR.id)
    query = select(FeedFile.line, rows).where(*loaded).group_by(col(FeedFile.line))
    found = {Line(line): int(count) for line, count in (await session.exec(query)).all()}
    return {line: found.get(line, 0) for line in Line}


async def _balances(session: AsyncSession, keys: KeyRing, moving: Mapping[Line, Sequence[str]]) -> list[Balance]:
    found = []
    for line, numbers in moving.items():
        refs = {holding_ref(keys, line, number): number for number in numbers}
        rows = (await session.execute(_BALANCES, {"line": line, "refs": list(refs)})).all()
        found += [Balance(line, refs[bytes(ref)], fen / 100) for ref, fen in rows]
    return sorted(found, key=lambda one: one.holding_id)
