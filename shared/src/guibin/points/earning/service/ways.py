"""Ways to earn: what events of now would bring a customer by the rules in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.lines import Line
from guibin.holdings.models import EventType
from guibin.points.earning.rules import EarningOutcome, Judgement, Occurrence
from guibin.points.earning.service import engine
from guibin.points.models import Wallet
from guibin.privacy.repository import is_blocked
from guibin.privacy.rules import Act
from guibin.programme.rules import Stops
from guibin.programme.service import find_stops


@dataclass(frozen=True, slots=True)
class Way:
    """A kind of event by which a rule gives points into a wallet."""

    event_type: EventType
    name_zh: str
    name_en: str
    wallet: Wallet
    points: int


async def ways_to_earn(
    session: AsyncSession, *, customer_id: UUID, amount_fen: int, event_type: EventType | None = None
) -> list[Way]:
    """Say what each kind of event of an amount would bring the customer now, the most first.

    It is what the rules offer: caps, frequencies and budgets are looked at when an event comes. Nothing is said of what
    is stopped, nor to a customer who may not earn.
    """
    now = clock.now()
    day = clock.business_day(now)
    if await is_blocked(session, customer_id, Act.EARN, day=day):
        return []
    book, wallets = await engine.load_book(session), await engine.wallets_by_code(session)
    stops = await find_stops(session, earning=True)
    kinds = EventType if event_type is None else (event_type,)
    events = [Occurrence(customer_id, Line.PERSONAL_FINANCE, "", kind, now, day, amount_fen) for kind in kinds]
    judged = await engine.judge_all(session, book, events, day=day)
    ways = [
        way
        for event, judgements in judged
        for judgement in judgements
        for way in _ways(EventType(event.event_type), judgement, wallets, stops)
    ]
    return sorted(ways, key=lambda way: (-way.points, way.event_type, way.name_en, way.wallet.code))


def _ways(kind: EventType, judgement: Judgement, wallets: Mapping[str, Wallet], stops: Stops) -> list[Way]:
    if judgement.outcome is not EarningOutcome.HIT:
        return []
    terms = judgement.rule.terms
    offers = [(wallets.get(offer.gift.wallet), offer.points) for offer in judgement.offers]
    return [
        Way(kind, terms.name_zh, terms.name_en, wallet, points)
        for wallet, points in offers
        if wallet is not None and wallet.active and not stops.stop(wallet=wallet.code)
    ]
