"""Redeeming a right: read what decides, decide, write: two round trips, and a final answer in the same call.

What decides is read by the SQL function `rights_facts`, the decision is `assess` in `guibin.rights.rules`, what was
decided is written by the SQL function `rights_redeem`. The order of locks is accounts (by the code of their wallets),
then what is named (package, slot), then stock or codes, then what everybody has of the right, then the
budget. A right's wallet never changes, so all redemptions of one right by one customer meet at the account of that
wallet, whatever wallet pays: its lock also puts limit and quota of that customer in order.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.direct import InSession
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.points import service as points
from guibin.points.errors import WalletClosed
from guibin.points.service import LotUse
from guibin.points.step_up import StepUpProof
from guibin.rights.errors import refusal_of
from guibin.rights.models import Period, Redemption, RedemptionState, RightState
from guibin.rights.offer import (
    Beneficiary,
    Destination,
    Wish,
    first_day_of_codes,
    is_visible,
    last_day_of_codes,
    period_start,
)
from guibin.rights.payments import MoneyDue
from guibin.rights.releases import Released
from guibin.rights.repository import catalogue, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.repository.redeeming import Facts, Outcome, read_facts, write_redemption
from guibin.rights.repository.standing import Profile
from guibin.rights.rules import Decision, Reason, ReasonCode, assess, out_of_stock, reached_by_everybody
from guibin.rights.service.beneficiaries import Person, seal_beneficiary
from guibin.rights.service.deliveries import Delivery, seal_delivery
from guibin.rights.service.donating import donate, refuse_names
from guibin.rights.service.from_household import bring_over, open_household
from guibin.rights.service.giving_points import find_gift, give
from guibin.rights.service.new_redemption import NewRedemption
from guibin.rights.service.standing import offered, released_of, standing_of
from guibin.rights.service.step_up import accept_step_up
from guibin.rights.service.telling import CODES_LOW_AT, made
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """What a customer asks for; `expected_points` is the price of the whole that the customer saw.

    `at_most` is what the bank charges with at most, where it makes something good; nobody asks for it from outside.
    """

    right_id: UUID
    quantity: int
    expected_points: int | None = None
    companions: int = 0
    class_of_service: str | None = None
    wallet: str | None = None
    step_up: StepUpProof | None = None
    beneficiary: Person | None = None
    delivery: Delivery | None = None
    slot_id: UUID | None = None
    package_id: UUID | None = None
    reservation_id: UUID | None = None
    at_most: int | None = None
    receiving_code: str | None = None
    named_donor: bool | None = None
    from_household: bool = False

    def wish(self, right: Right) -> Wish:
        """Return the wish that the terms of the right are asked for; its own wallet needs no naming."""
        return Wish(
            quantity=self.quantity,
            companions=self.companions,
            class_of_service=self.class_of_service,
            wallet=self.wallet_beside(right),
            expected_points=self.expected_points,
            beneficiary=Beneficiary.NONE if self.beneficiary is None else self.beneficiary.kind,
            slot=self.slot_id is not None,
            package=self.package_id is not None,
            reservation=self.reservation_id is not None,
            destination=Destination.NONE if self.delivery is None else self.delivery.destination,
            at_most=self.at_most,
        )

    def wallet_beside(self, right: Right) -> str | None:
        """Return the wallet that pays where it is not the right's own."""
        return None if self.wallet == right.item.wallet else self.wallet


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption that is done, the lots that paid for it, what can be spent afterwards, and what is due in money."""

    redemption: Redemption
    lots: list[LotUse]
    available_after: int
    payment: MoneyDue | None = None


async def redeem(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    request: RedemptionRequest,
    keys: KeyRing | None = None,
) -> Redeemed:
    """Take a right in the transaction of a session: what decides is read under the lock, then all is written at once.

    `keys` seal whom it serves, where that is somebody else.

    Raises:
        NotFound: no right that this customer sees.
        Refusal: the weightiest reason against it, one of `guibin.rights.errors.REFUSED`.
        StepUpRequired, StepUpInvalid: it costs as much as needs a proof, and there is none that is good.
        HouseholdPointsUnavailable, HouseholdLimitReached, HouseholdPaysPointsOnly, WalletNotPooled: the household's
            points do not pay for it.
    """

    async def find(*, anew: bool) -> Right:
        del anew  # a session's transaction reads the catalogue as it stands
        return await get_published(session, right_id=request.right_id)

    wanted = Wanted(customer_id, actor, request, keys)
    asks = InSession(session)
    right = await find(anew=False)
    refuse_names(right, named=request.named_donor)
    shared = await open_household(session, right, request, customer_id=customer_id)
    gift = await find_gift(session, right, request, customer_id=customer_id, keys=keys, lock=True)
    read = partial(read_facts, asks, lock=True)
    taking = await decide(read, scope, wanted, find, lock=True, beside=0 if shared is None else shared.others)
    if shared is not None:
        await bring_over(session, shared, taking.redemption, actor=actor)
    outcome = await write_redemption(asks, taking.document())
    taking.hold_to(outcome)
    row = await redemptions.get_redemption(session, scope, redemption_id=taking.redemption.id)
    if gift is not None:
        await give(session, gift, row, taking.right)
    await donate(session, row, taking.right, named=request.named_donor)
    return Redeemed(row, points.read_lots(outcome.lots), outcome.available_after, taking.redemption.payment)


FindRight = Callable[..., Awaitable[Right]]
"""Finds the right that is asked for; `anew` where what was kept of it is not its terms any more."""

ReadFacts = Callable[[Mapping[str, object]], Awaitable[Facts | None]]
"""Reads what decides, as `read_facts` does: by itself, under the lock, or with others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants what; `keys` seal whom it serves."""

    customer_id: UUID
    actor: Actor
    request: RedemptionRequest
    keys: KeyRing | None


@dataclass(frozen=True, slots=True)
class Taking:
    """A redemption that was decided, ready to be written. `seen` is None when its locks are held since it was read."""

    wanted: Wanted
    right: Right
    redemption: NewRedemption
    asked: Mapping[str, object]
    seen: str | None
    data_key: bytes | None
    released: Released | None = None

    def document(self, **answered: object) -> dict[str, object]:
        """Return what `rights_redeem` writes; `answered` says under which key, and what it answers."""
        row, terms, request = self.redemption, self.right.terms, self.wanted.request
        told, due = made(row), row.payment
        names = self.right.item
        document: dict[str, object] = {
            "redemption": row.document(),
            "asked": self.asked,
            "entry": {
                "id": new_id(),
                "reason_zh": f"兑换：{names.name_zh}",
                "reason_en": f"Redeemed: {names.name_en}",
            },
            "event": {"id": new_id(), "type": told.type, "payload": told.payload()},
            "scarce": {"id": new_id(), "codes": CODES_LOW_AT},
        }
        optional: dict[str, object | None] = {
            "seen": self.seen,
            "payment": due and {"hold": new_id(), "amount_fen": due.amount_fen, "due_until": due.due_until},
            "package": request.package_id and {"id": request.package_id},
            "slot": request.slot_id and {"id": request.slot_id, "places": row.quantity + row.companions},
            "reservation": request.reservation_id and {"id": request.reservation_id},
            "beneficiary": request.beneficiary and self._sealed(request.beneficiary),
            "total_limit": terms.total_limit,
            "budget": self._budget(),
            "release": self.released and self.released.document(),
        }
        return document | answered | {name: value for name, value in optional.items() if value is not None}

    def _sealed(self, person: Person) -> dict[str, str | None] | None:
        keys = self.wanted.keys
        return None if keys is None else seal_beneficiary(keys, self.redemption, person, data_key=self.data_key)

    def _budget(self) -> dict[str, object] | None:
        terms = self.right.terms
        if terms.owner_branch is None or terms.budget_line is None:
            return None
        year = clock.business_day(self.redemption.created_at).year
        return {"branch": terms.owner_branch, "line": terms.budget_line, "year": year}

    def hold_to(self, outcome: Outcome) -> None:
        """See that it was done.

        Raises:
            Refusal: what was taken by others meanwhile: stock, codes, a slot, the bound for everybody, the budget.
        """
        if outcome.code == "total_reached":
            raise refusal_of(reached_by_everybody(self.right.terms))
        if outcome.code == "not_released" and self.released is not None:
            raise refusal_of(out_of_stock(self.released.next_at))
        if outcome.code != "done":
            raise refusal_of(Reason(ReasonCode(outcome.code)))


async def decide(
    read: ReadFacts,
    scope: Scope,
    wanted: Wanted,
    find: FindRight,
    *,
    lock: bool,
    key: str | None = None,
    beside: int = 0,
) -> Taking:
    """Read what decides, decide, and say what is to be written; `lock` tells that reading has locked the accounts.

    Stock, the bound for everybody and the budget are decided by what takes them. `key` is looked for with the rest;
    `beside` are points of others that pay too.

    Raises:
        KeyKnownError: the key was used before.
        NotFound: no right that this customer sees.
        Refusal: the weightiest reason against it.
        StepUpRequired, StepUpInvalid: see `redeem`.
    """
    if not (scope.whole_bank or scope.customer_id == wanted.customer_id):
        raise NotFound
    right, facts, asked, now = await _read(read, wanted, find, key=key)
    if facts.paying is None:
        raise WalletClosed
    refuse_unless_seen(right, facts.profile, now)
    standing = standing_of(
        facts.profile,
        available=facts.available + beside,
        state=facts.account,
        usage=facts.usage,
        spent=facts.spent,
        package_left=facts.package_left,
        reserved=facts.reserved,
    )
    wish = wanted.request.wish(right)
    decision = assess(
        right.terms, standing, offered(right, paying=facts.paying, stops=facts.profile.stops), wish, now=now
    )
    if decision.reasons:
        raise refusal_of(decision.reasons[0])
    proof_id = accept_step_up(
        proof=wanted.request.step_up,
        decision=decision,
        asked=(wanted.customer_id, right.item.id, wish.quantity),
        used=facts.step_up_used,
        now=now,
    )
    redemption = new_redemption(wanted, right, wish, decision, facts.paying.code, proof_id, now)
    redemption.package_id, redemption.package_period = wanted.request.package_id, facts.package_period
    redemption.delivery_enc = _sealed_delivery(wanted, redemption, facts)
    released = released_of(right, facts.profile, now)
    return Taking(wanted, right, redemption, asked, None if lock else facts.seen, facts.data_key, released)


def _sealed_delivery(wanted: Wanted, redemption: NewRedemption, facts: Facts) -> str | None:
    delivery = wanted.request.delivery
    if delivery is None:
        return None
    if wanted.keys is None:
        raise TypeError("where something goes is kept sealed or not at all")
    return seal_delivery(wanted.keys, redemption, delivery, data_key=facts.data_key)


async def _read(
    read: ReadFacts, wanted: Wanted, find: FindRight, *, key: str | None
) -> tuple[Right, Facts, Mapping[str, object], datetime]:
    """Read what decides until it is of the terms that were asked by, and of the day that it is after the wait."""
    right = await find(anew=False)
    while True:
        now = clock.now()
        asked = _asked(wanted, right, now)
        facts = await read(asked if key is None else asked | {"key": key})
        if facts is None:
            raise NotFound
        minimum = right.terms.minimum_tier
        if (facts.revision, facts.minimum_rank) != (right.item.revision, minimum.rank if minimum else None):
            right = await find(anew=True)
            continue
        now = clock.now()  # after the wait for the lock: what decides is when it is this customer's turn
        if clock.business_day(now).isoformat() == asked["day"]:
            return right, facts, asked, now


def _asked(wanted: Wanted, right: Right, now: datetime) -> dict[str, object]:
    """Write what `rights_facts` is asked: as much as the wish and the terms need."""
    request, terms, day = wanted.request, right.terms, clock.business_day(now)
    optional: dict[str, object] = {
        "wallet": request.wallet_beside(right),
        "package": request.package_id,
        "tags": sorted(terms.tags),
        "branches": terms.asks_for_branches,
        "periods": sorted({period.value for period in terms.periods}),
        "step_up": request.step_up.id if request.step_up else None,
        "reservation": request.reservation_id,
    }
    return {
        "customer": wanted.customer_id,
        "right": right.item.id,
        "at": now,
        "day": day.isoformat(),
        "starts": _starts(day),
    } | {name: value for name, value in optional.items() if value}


@lru_cache(maxsize=4)
def _starts(day: date) -> Mapping[str, date | None]:
    """Return where the periods of a day begin; `rights_facts` knows when the tier's began."""
    return {period.value: period_start(period, day) for period in Period}


def new_redemption(
    wanted: Wanted, right: Right, wish: Wish, decision: Decision, wallet: str, step_up_id: UUID | None, now: datetime
) -> NewRedemption:
    """Return the row of what was decided."""
    due = MoneyDue.of(decision.money_fen, right.terms.pay_minutes, now)
    return NewRedemption(
        customer_id=wanted.customer_id,
        id=new_id(),
        right_id=right.item.id,
        right_revision=right.item.revision,
        quantity=wish.quantity,
        quota_used=decision.quota_used,
        companions=wish.companions,
        guest_quota_used=decision.guest_quota_used,
        class_of_service=wish.class_of_service,
        points_charged=decision.points,
        cost_fen=decision.cost_fen if right.terms.budget_line is not None else 0,
        valid_from=first_day_of_codes(right.terms, clock.business_day(now)),
        valid_until=last_day_of_codes(right.terms, clock.business_day(now)),
        step_up_id=step_up_id,
        wallet=wallet,
        state=RedemptionState.AWAITING_PAYMENT if due else RedemptionState.CONFIRMED,
        fulfilment=right.item.fulfilment,
        created_at=now,
        actor_id=wanted.actor.id,
        payment=due,
    )


async def get_published(session: AsyncSession, *, right_id: UUID) -> Right:
    """Return a right that was published, suspended or not.

    Raises:
        NotFound: there is none.
    """
    right = await catalogue.get_right(session, right_id=right_id)
    if right.item.state not in {RightState.PUBLISHED, RightState.SUSPENDED}:
        raise NotFound
    return right


def refuse_unless_seen(right: Right, profile: Profile, now: datetime) -> None:
    """See that a customer sees a right.

    Raises:
        NotFound: that is not so.
    """
    if not is_visible(right.terms, profile.tier, profile.tags, profile.branches, now):
        raise NotFound
