"""What a customer's tier is going to be, from the balances until a day."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.holdings.averages import select_averages
from guibin.holdings.months import Span
from guibin.holdings.rules import Weighting, spans_of
from guibin.security.actors import Scope
from guibin.tiers import repository, standing_repository
from guibin.tiers.models import TierStanding
from guibin.tiers.outlook import Course, Outlook, Part, Standing, look_ahead
from guibin.tiers.routes import ASSETS
from guibin.tiers.terms import Terms


async def outlook_of(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, tier_code: str | None, day: date
) -> Outlook | None:
    """Look ahead for a customer whom the caller may see and who has a tier (None: none) at the end of a day.

    None where no scheme is in force, or a balance that counts is unknown.
    """
    scheme = await repository.active_scheme(session)
    if scheme is None:
        return None
    terms, lines = Terms.read(scheme.terms), await repository.lines_of(session, scheme.id)
    plain = await _course(session, terms, terms.weighting, customer_id=customer_id, day=day)
    net = None
    if terms.net_from is not None:
        net = await _course(session, terms, Weighting(net=True), customer_id=customer_id, day=day)
    if plain is None or (terms.net_from is not None and net is None):
        return None
    row = await standing_repository.get_standing(session, scope, customer_id=customer_id)
    return look_ahead(terms, lines, _standing(row, tier_code), day=day, plain=plain, net=net)


def _standing(row: TierStanding | None, tier_code: str | None) -> Standing:
    """Take the time below the line only where the figures, and nobody's hand, gave the tier."""
    if row is None or row.tier_code != tier_code:
        return Standing(tier_code, 0, None)
    other = row.earned if row.route not in (None, ASSETS) else None
    return Standing(tier_code, row.below_months, row.valid_until, other)


async def _course(
    session: AsyncSession, terms: Terms, weighting: Weighting, *, customer_id: UUID, day: date
) -> Course | None:
    wanted = spans_of(terms.metric, terms.next_cutoff(day))
    known = [Span(span.first, min(span.last, day)) for span in wanted if span.first <= day]
    over = spans_of(terms.metric, terms.cutoff(day))
    spans = [Span(day, day), *over, *known]
    among = select(col(Customer.id)).where(col(Customer.id) == customer_id)
    row = (await session.execute(select_averages(spans, day, weighting, among=among, naming_lines=True))).first()
    if row is None:
        return Course(0, _parts(wanted, known, [0] * len(known)), 0)
    present, *averages = (getattr(row, f"average_{number}") for number in range(len(spans)))
    last, averages = averages[: len(over)], averages[len(over) :]
    if present is None or None in averages:
        return None
    last_fen = None if None in last else max(last)
    return Course(last_fen, _parts(wanted, known, averages), present, frozenset(row.stale_lines))


def _parts(wanted: Sequence[Span], known: Sequence[Span], averages: Sequence[int]) -> list[Part]:
    """Put the known averages to the spans; one that has not begun is all to come."""
    by_first = {span.first: (average, span.days) for span, average in zip(known, averages, strict=True)}
    parts = []
    for span in wanted:
        average, days = by_first.get(span.first, (0, 0))
        parts.append(Part(average, days, span.days - days))
    return parts
