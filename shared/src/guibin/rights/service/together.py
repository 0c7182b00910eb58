"""Redemptions of one right that wait while others of it are written go to the database together: one call, one commit.

A layer over the direct path that can be switched off (`GUIBIN_REDEEM_BATCH=1`): what is decided, written and answered
is the same with it and without. Why it is as it is stands in docs/adr/0016-redemptions-in-batches.md.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from guibin.core.batches import Batches
from guibin.core.direct import Asks, Row
from guibin.core.errors import Refusal
from guibin.rights.repository.redeeming import Outcome, outcome_of, write_redemption, write_redemptions

PATIENCE: Final = timedelta(milliseconds=200)
"""How long one redemption of a batch waits for a lock that somebody else holds, before it is done alone instead; and
how long the others of the right wait for one that is done alone."""


class Writes(Protocol):
    """The ways of one direct call by which a redemption is written, alone or with those of others."""

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
    ways: Writes
    document: Mapping[str, Any]


class RedemptionBatches:
    """Writes redemptions; those of one right that wait for each other go together, at most `most` at once."""

    def __init__(self, *, most: int) -> None:
        self._batches: Batches[_Item, Outcome | Refusal] = Batches(_together, most=most, patience=PATIENCE)

    async def write(self, ways: Writes, right_id: UUID, document: Mapping[str, Any]) -> Outcome:
        """Write a redemption that was decided, or say why it was not; it is committed when this returns.

        Raises:
            IdempotencyInProgress: a twin holds its key until the lock time-out.
            RetryLater: too many wait for this right already.
        """
        found = await self._batches.do(right_id, _Item(ways, document), _alone, around=ways.waiting)
        if isinstance(found, Refusal):
            raise found
        return found


async def _alone(item: _Item) -> Outcome:
    return await write_redemption(item.ways.writing, item.document)


async def _together(items: Sequence[_Item]) -> Sequence[Outcome | Refusal | None]:
    documents = [(item.ways.entry, item.document) for item in items]
    rows = await write_redemptions(items[0].ways.for_several, documents, patience=PATIENCE)
    return [_result(item, row) for item, row in zip(items, rows, strict=True)]


def _result(item: _Item, row: Row) -> Outcome | Refusal | None:
    try:
        item.ways.admit(row)
    except Refusal as refusal:
        return refusal
    return outcome_of(row)
