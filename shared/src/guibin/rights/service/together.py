"""Redemptions that wait while others are at work go to the database together: one call, one commit.

Those of a scarce right wait for its stock, so they go in one lane, whoever redeems. All others keep nobody waiting but
their own customer; they share a few lanes by customer, for the sake of fewer calls and commits.

A layer over the direct path that can be switched off (`GUIBIN_REDEEM_BATCH=1`): what is decided, written and answered
is the same with it and without. Why it is as it is stands in docs/adr/0016-redemptions-in-batches.md.
"""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from guibin.core.batches import Batches
from guibin.core.direct import Asks, CountValues, Row
from guibin.core.errors import NotFound, Refusal
from guibin.rights.repository.redeeming import (
    Facts,
    KeyKnownError,
    Outcome,
    facts_of,
    outcome_of,
    read_facts,
    read_facts_of_several,
    write_redemption,
    write_redemptions,
)

PATIENCE: Final = timedelta(milliseconds=200)
"""How long one redemption of a batch waits for a lock that somebody else holds, before it is done alone instead; and
how long the others of the lane wait for one that is done alone."""

_LANES_BY_CUSTOMER: Final = 2
"""As many backends write for one process what nobody waits for: more would commit more often, one would wait for each
flush of the disk."""


def lane_of_customer(customer_id: UUID) -> Hashable:
    """Name the lane in which a customer's redemptions go that are not of a scarce right."""
    return customer_id.int % _LANES_BY_CUSTOMER


class Together(Protocol):
    """The ways of one direct call by which what decides is read and a redemption is written, alone or with others."""

    @property
    def reading(self) -> Asks:
        """Asks what only reads; the first statement counts the call."""

    @property
    def count_values(self) -> CountValues | None:
        """With what `rate_count` counts the call; None when it is counted already."""

    def take_count(self, *, counted: str | None, over: str | None) -> None:
        """Take over what a statement for several has counted of the call, or that it is one too many."""

    @property
    def writing(self) -> Asks:
        """Asks what writes, each statement a transaction."""

    @property
    def entry(self) -> tuple[object, ...]:
        """With what the call's customer is let in: the customer, the session, when the token was issued."""

    def admit(self, row: Row | None) -> None:
        """Hold the caller to being let in."""

    async def for_several(self, statement: str, *values: object) -> Sequence[Row]:
        """Run a statement that works for several calls, and lets the customer of each in itself."""

    def waiting(self) -> AbstractAsyncContextManager[None]:
        """Give the call's place at the database to others while the block waits for them."""


@dataclass(frozen=True, slots=True)
class _Item:
    """What `rights_facts` is asked for a call, or what `rights_redeem` is to write for it."""

    ways: Together
    document: Mapping[str, Any]


class RedemptionBatches:
    """Reads what decides and writes redemptions: those of one lane that wait go together, at most `most` at once."""

    def __init__(self, *, most: int) -> None:
        self._reading: Batches[_Item, Facts | Exception] = Batches(_read_together, most=most, patience=PATIENCE)
        self._writing: Batches[_Item, Outcome | Refusal] = Batches(_write_together, most=most, patience=PATIENCE)

    async def read(self, ways: Together, lane: Hashable, asked: Mapping[str, Any]) -> Facts:
        """Read what decides, as `read_facts` without a lock; what was read before is read alone, counted as it is.

        Raises:
            NotFound: there is no such customer or right.
            KeyKnownError: the key that is asked for was used.
            LimitReached: the call is one too many.
            RetryLater: too many wait in the lane already.
        """
        item = _Item(ways, asked)
        if ways.count_values is None:
            return await _read_alone(item)
        found = await self._reading.do(lane, item, _read_alone, around=ways.waiting)
        if isinstance(found, Exception):
            raise found
        return found

    async def write(self, ways: Together, lane: Hashable, document: Mapping[str, Any]) -> Outcome:
        """Write a redemption that was decided, or say why it was not; it is committed when this returns.

        Raises:
            IdempotencyInProgress: a twin holds its key until the lock time-out.
            RetryLater: too many wait in the lane already.
        """
        found = await self._writing.do(lane, _Item(ways, document), _write_alone, around=ways.waiting)
        if isinstance(found, Refusal):
            raise found
        return found


async def _read_alone(item: _Item) -> Facts:
    facts = await read_facts(item.ways.reading, item.document, lock=False)
    if facts is None:
        raise NotFound
    return facts


async def _read_together(items: Sequence[_Item]) -> Sequence[Facts | Exception | None]:
    """Count all calls as of the last one's moment: their class is one, for they are of one route."""
    counted = [(item, item.ways.count_values) for item in items]
    calls = [(values[0], item.ways.entry, item.document) for item, values in counted if values is not None]
    counting = items[-1].ways.count_values
    if counting is None or len(calls) < len(items):
        raise TypeError("what is read with others is not counted yet")
    rows = await read_facts_of_several(items[0].ways.for_several, calls, counting[1:])
    return [_facts(item.ways, row) for item, row in zip(items, rows, strict=True)]


def _facts(ways: Together, row: Row) -> Facts | Exception | None:
    if row["alone"]:
        return None
    try:
        ways.take_count(counted=row["counted"], over=row["over"])
        ways.admit(row)
        return facts_of(row if row["is_there"] else None) or NotFound()
    except (Refusal, KeyKnownError) as reason:
        return reason


async def _write_alone(item: _Item) -> Outcome:
    return await write_redemption(item.ways.writing, item.document)


async def _write_together(items: Sequence[_Item]) -> Sequence[Outcome | Refusal | None]:
    documents = [(item.ways.entry, item.document) for item in items]
    rows = await write_redemptions(items[0].ways.for_several, documents, patience=PATIENCE)
    return [_outcome(item, row) for item, row in zip(items, rows, strict=True)]


def _outcome(item: _Item, row: Row) -> Outcome | Refusal | None:
    try:
        item.ways.admit(row)
    except Refusal as refusal:
        return refusal
    return outcome_of(row)
