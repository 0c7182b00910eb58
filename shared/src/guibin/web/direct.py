"""The direct path of a hot call: a few statements of the call's own, none of them through a session.

A route takes it when its declaration says `direct` and the call is in order: its caller, parameters, key and body are
what the route asks for. All else, dry runs too, goes to the ordinary conductor, whose refusals are the only ones.
Each statement lets its caller in anew, in its own transaction, and does nothing when the caller may not come in: so
whoever is blocked, and whose session has ended, is refused though the token is still known here.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from asyncpg import PostgresError
from fastapi import Request
from pydantic import BaseModel

from guibin.core.direct import Asks, CountValues, DirectPool, Row
from guibin.security.actors import Actor, Scope
from guibin.security.errors import TokenInvalid
from guibin.security.tokens import VerifiedToken
from guibin.web.counters import PASSED
from guibin.web.gate import Gate
from guibin.web.language import Language
from guibin.web.limiter import Counting


class Entrance(Protocol):
    """How a port lets callers in by an SQL function that opens a caller's rows for its transaction."""

    def __hash__(self) -> int:
        """Statements are kept by it."""

    @property
    def function(self) -> str:
        """The function's name."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What it returns; `in_force`, which tells whether the token still counts, is one of them."""

    def caller(self, token: VerifiedToken) -> tuple[Actor, tuple[object, ...]] | None:
        """Return who a token says to be, with the function's arguments; None for nobody who has business here."""

    def admits(self, row: Row) -> bool:
        """Tell whether the caller may come in, by what the function returned as `entry_` and each column's name."""


@dataclass(slots=True)
class DirectCall:
    """A call that is in order: who says to call, with what, and what asks the database.

    `key` and `meaning` are the idempotency key and the fingerprint of what is asked; `body` is validated. `counting` is
    what the first statement counts, where all processes count the class together.
    """

    request: Request
    pool: DirectPool
    gate: Gate
    entrance: Entrance
    entry: tuple[object, ...]
    token: VerifiedToken
    actor: Actor
    language: Language
    request_id: str
    peer: str
    key: str | None
    meaning: bytes
    body: BaseModel | None
    counting: Counting | None

    @property
    def scope(self) -> Scope:
        """The customer alone."""
        return Scope.of_customer(self.actor.id)

    @property
    def reading(self) -> Asks:
        """Asks what only reads: no commit waits for the disk."""
        return _Entering(self, durable=False)

    @property
    def writing(self) -> Asks:
        """Asks what has to be there after a power cut."""
        return _Entering(self, durable=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Asks]:
        """Run a few statements as one transaction, into which the caller is let first.

        Raises:
            TokenInvalid: the caller may not come in.
        """
        async with self.gate.held(), self.pool.transaction() as door:
            self.admit(await door.row(_entry_alone(self.entrance, len(self.entry)), *self.entry))
            yield door

    @property
    def count_values(self) -> CountValues | None:
        """With what `rate_count` counts this call; None when there is nothing to count, or it is counted already."""
        return None if self.counting is None else self.counting.values

    def take_count(self, *, counted: str | None, over: str | None) -> None:
        """Take over what a statement has counted of this call; `over` are the counts where a limit is passed.

        Raises:
            LimitReached: a limit is passed; nothing was counted.
        """
        counting, self.counting = self.counting, None
        if counting is None:
            raise TypeError("the call is counted already")
        if over is not None:
            raise counting.refusal(over)
        if counted is not None:
            self.request.state.allowance = counting.allowance(counted)

    async def for_several(self, statement: str, *values: object) -> Sequence[Row]:
        """Run a statement that works for several calls, and itself lets in whom it works for; returns its rows."""
        async with self.gate.enter():
            return await self.pool.rows(statement, *values)

    def waiting(self) -> AbstractAsyncContextManager[None]:
        """Give the call's place at the database to others while the block waits for them; later ones enter anew."""
        return self.gate.given_up()

    def admit(self, row: Row | None) -> None:
        """Hold the caller to being let in.

        Raises:
            TokenInvalid: unknown, not active, or the session has ended.
        """
        if row is None or not self.entrance.admits(row):
            raise TokenInvalid


@dataclass(frozen=True, slots=True)
class _Entering:
    """Runs statements that let the caller in first; the first of a call counts it too, where that is to be done."""

    call: DirectCall
    durable: bool

    async def row(self, statement: str, *values: object) -> Row | None:
        """Return the statement's first row, None when it has none.

        Raises:
            TokenInvalid: the caller may not come in, and the statement did nothing.
            LimitReached: the call is one too many, and the statement did nothing.
        """
        call, counting = self.call, self.call.counting
        if counting is not None:
            return await self._count_and(statement, values, counting)
        entering = _entering(call.entrance, statement, len(values), len(call.entry))
        async with call.gate.held():
            row = await call.pool.row(entering, *values, *call.entry)
        call.admit(row)
        return row if row is not None and row["is_there"] else None

    async def _count_and(self, statement: str, values: tuple[object, ...], counting: Counting) -> Row | None:
        call = self.call
        entering = _entering(call.entrance, statement, len(values), len(call.entry), len(counting.values), self.durable)
        row, over = None, None
        try:
            async with call.gate.held():
                row = await call.pool.row(entering, *values, *call.entry, *counting.values)
        except PostgresError as error:
            if error.sqlstate != PASSED:
                call.counting = None
                raise
            over = str(error.detail)
        call.take_count(counted=None if row is None else row["counted"], over=over)
        call.admit(row)
        return row if row is not None and row["is_there"] else None


@lru_cache
def _entering(
    entrance: Entrance, statement: str, given: int, entry: int, counted: int = 0, durable: bool = True
) -> str:
    """Write a statement that does its work only once its caller is in.

    The work refers to the caller's row, so that it comes after it and not at all without it.
    """
    parts = ["SELECT", _entry_columns(entrance), ", w.*"]
    if counted:
        parts.append(", c.counted" if durable else ", c.counted, set_config('synchronous_commit', 'off', true)")
    parts.append("FROM")
    if counted:
        parts.append(f"rate_count({_numbers(given + entry, counted)}) AS c(counted) LEFT JOIN")
    parts.append(f"{entrance.function}({_numbers(given, entry)}) AS e")
    if counted:
        parts.append("ON true")
    work = f"SELECT true AS is_there, w.* FROM ({statement}) AS w WHERE e.in_force OFFSET 0"  # noqa: S608 - our own text
    parts.append(f"LEFT JOIN LATERAL ({work}) AS w ON true")
    return " ".join(parts)


@lru_cache
def _entry_alone(entrance: Entrance, entry: int) -> str:
    columns, function = _entry_columns(entrance), f"{entrance.function}({_numbers(0, entry)})"
    return f"SELECT {columns} FROM {function} AS e"  # noqa: S608 - our own text


def _entry_columns(entrance: Entrance) -> str:
    return ", ".join(f"e.{name} AS entry_{name}" for name in entrance.columns)


def _numbers(before: int, count: int) -> str:
    return ", ".join(f"${number}" for number in range(before + 1, before + count + 1))
