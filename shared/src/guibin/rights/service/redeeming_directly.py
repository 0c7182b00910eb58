"""A redemption on the direct path: one statement reads what decides, another writes it with the key and the answer.

Nothing is locked between the two. `rights_redeem` reads again under the lock and answers `moved` where what decided is
not as it was seen; after two such answers the locks are taken first, in one transaction, as in `redeem`. The rules are
those of `guibin.rights.service.redeeming` in both.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.direct import Asks, OrdinaryWay
from guibin.core.errors import Category, Refusal
from guibin.idempotency.direct import Claim, find_replay, store_refusal
from guibin.idempotency.errors import IdempotencyInProgress
from guibin.idempotency.service import Replay
from guibin.rights.models import StockMode
from guibin.rights.repository.catalogue import Right
from guibin.rights.repository.redeeming import Facts, KeyKnownError, Outcome, read_facts, write_redemption
from guibin.rights.service.new_redemption import NewRedemption
from guibin.rights.service.redeeming import FindRight, Taking, Wanted, decide, get_published
from guibin.rights.service.together import RedemptionBatches, Together, lane_of_customer
from guibin.security.actors import Scope

TRIES: Final = 2
"""How often a redemption is decided without a lock before it takes the lock first."""

MOST_KNOWN: Final = 1_000


class KnownRights:
    """The rights that were redeemed last, with their terms read: those of a revision never change.

    Whoever uses one holds it against the revision that stands, which the facts of a redemption tell.
    """

    def __init__(self) -> None:
        self._rights: OrderedDict[UUID, Right] = OrderedDict()

    async def find(self, sessions: SessionFactory, right_id: UUID, *, anew: bool) -> Right:
        """Return a right that was published; `anew` reads it though it is known.

        Raises:
            NotFound: there is none.
        """
        right = None if anew else self._rights.get(right_id)
        if right is None:
            async with sessions() as session:
                right = await get_published(session, right_id=right_id)
            self._rights[right_id] = right
        self._rights.move_to_end(right_id)
        if len(self._rights) > MOST_KNOWN:
            self._rights.popitem(last=False)
        return right


class Ways(Together, Protocol):
    """The ways of one direct call to the database."""

    def transaction(self) -> AbstractAsyncContextManager[Asks]:
        """Several statements as one transaction."""


@dataclass(frozen=True, slots=True)
class Once:
    """The key under which a call is answered once, the fingerprint of what it means, and how its answers are written.

    `frame` writes the answer of a redemption before and after what only the ledger knows: `[lots],"available_after":n`.
    """

    key: str
    meaning: bytes
    frame: Callable[[NewRedemption], tuple[str, str]]
    problem: Callable[[Refusal], bytes]
    problem_type: str


async def redeem_directly(
    ways: Ways,
    scope: Scope,
    wanted: Wanted,
    once: Once,
    *,
    known: KnownRights,
    together: RedemptionBatches,
    sessions: SessionFactory,
) -> str | Replay:
    """Redeem once under a key, and return the answer, or the one that the key gave before.

    Raises:
        Refusal: as `redeem`; one by the state of the data is kept under the key.
        IdempotencyInProgress, IdempotencyKeyReused, IdempotencyKeyExpired: as `guibin.idempotency.service.claim`.
    """

    async def find(*, anew: bool) -> Right:
        return await known.find(sessions, wanted.request.right_id, anew=anew)

    call = _Call(ways, scope, wanted, once, together)
    try:
        return await call.redeem(find)
    except KeyKnownError:
        return await call.replay()
    except IdempotencyInProgress:
        raise
    except Refusal as refusal:
        if refusal.category is not Category.CONFLICT or await call.keep(refusal):
            raise
    return await call.replay()


@dataclass(frozen=True, slots=True)
class _Call:
    ways: Ways
    scope: Scope
    wanted: Wanted
    once: Once
    together: RedemptionBatches

    async def redeem(self, find: FindRight) -> str:
        """Decide and write until what decided stood still, at last under the lock."""
        if self.wanted.request.from_household:
            raise OrdinaryWay
        right = await find(anew=False)
        _refuse_more_than_points_out(right, self.wanted.request.named_donor)
        lane = self._lane(right)
        read = self._read_alone if lane is None else partial(self.together.read, self.ways, lane)
        for _ in range(TRIES):
            taking = await decide(read, self.scope, self.wanted, find, lock=False, key=self.once.key)
            _refuse_more_than_points_out(taking.right, self.wanted.request.named_donor)
            outcome = await self._write(taking)
            if outcome.code != "moved":
                return _answer(taking, outcome)
        async with self.ways.transaction() as asks:
            locked = partial(read_facts, asks, lock=True)
            taking = await decide(locked, self.scope, self.wanted, find, lock=True, key=self.once.key)
            return _answer(taking, await write_redemption(asks, self._document(taking)))

    async def _read_alone(self, asked: Mapping[str, object]) -> Facts | None:
        return await read_facts(self.ways.reading, asked, lock=False)

    async def _write(self, taking: Taking) -> Outcome:
        document, lane = self._document(taking), self._lane(taking.right)
        if lane is None:
            return await write_redemption(self.ways.writing, document)
        return await self.together.write(self.ways, lane, document)

    def _lane(self, right: Right) -> Hashable | None:
        """Name with whom it is read and written; None for what locks something of its own before the stock."""
        request = self.wanted.request
        if request.package_id or request.slot_id or request.reservation_id:
            return None
        return right.item.id if _waited_for(right) else lane_of_customer(self.wanted.actor.id)

    async def keep(self, refusal: Refusal) -> bool:
        """Keep a refusal as the key's answer; False when a twin has answered meanwhile."""
        once = self.once
        return await store_refusal(
            self.ways.writing,
            self._claim,
            body=once.problem(refusal),
            content_type=once.problem_type,
            now=clock.now(),
        )

    async def replay(self) -> Replay:
        """Return the answer that the key gave."""
        return await find_replay(self.ways.reading, self._claim, now=clock.now())

    @property
    def _claim(self) -> Claim:
        return Claim(self.wanted.actor.id, self.once.key, self.once.meaning)

    def _document(self, taking: Taking) -> dict[str, object]:
        head, tail = self.once.frame(taking.redemption)
        return taking.document(
            key={"key": self.once.key, "fingerprint": self.once.meaning.hex()},
            answer={"key": self.once.key, "head": head, "tail": tail},
        )


def _refuse_more_than_points_out(right: Right, named_donor: bool | None) -> None:
    """Leave to a unit of work what moves more than points out of one account.

    Raises:
        OrdinaryWay: the right gives points, or donates.
    """
    if right.terms.gives is not None or right.terms.donates is not None or named_donor is not None:
        raise OrdinaryWay


def _waited_for(right: Right) -> bool:
    """Tell whether redemptions of a right wait for each other: at its stock, its bound for everybody, its budget."""
    terms = right.terms
    bounded = terms.total_limit is not None or terms.budget_line is not None
    return bounded or right.item.stock_mode != StockMode.UNLIMITED


def _answer(taking: Taking, outcome: Outcome) -> str:
    if outcome.code == "known":
        raise KeyKnownError
    taking.hold_to(outcome)
    if outcome.answer is None:
        raise LookupError("rights_redeem writes the answer that it is asked for")
    return outcome.answer
