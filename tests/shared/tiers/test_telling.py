"""Who changes tier is told of as it happens; the first night of a bank tells nobody."""

from datetime import date, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.outbox.events import TierChanged
from guibin.outbox.models import OutboxEvent
from guibin.tiers.models import TierStanding
from guibin.tiers.service import evaluate
from support.points import add_customers
from support.tiers import MILLION, add_override, put_average, seed_defaults

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31)

Told = tuple[str, str | None, str | None, str, str]
"""Subject, tier, the one before, cause, first day."""


async def told(session: AsyncSession) -> set[Told]:
    """Return the events since the last call, which takes them away."""
    rows = (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type) == "tier.changed"))).all()
    found = set()
    for row in rows:
        data = TierChanged.model_validate(row.payload)
        assert (row.owner_id, row.customer_id) == (row.customer_id, row.owner_id)
        found.add((row.subject, data.tier, data.before, data.cause, data.effective_on.isoformat()))
        await session.delete(row)
    await session.flush()
    assert len(found) == len(rows)
    return found


async def test_changes_are_told_once_but_for_the_first_night_and_for_what_leaves_the_tier_as_it_is(
    session: AsyncSession,
) -> None:
    await seed_defaults(session)
    risen, stayed, new, held = ids = await add_customers(session, 4)
    names = [to_public("cus", one) for one in ids]

    async def night(day: date, **fen: int) -> set[Told]:
        for name, average in fen.items():
            one = {"risen": risen, "stayed": stayed, "new": new}[name]
            await put_average(session, one, average, day=day)
        for _ in range(2):
            await evaluate(session, day=day)
        return await told(session)

    assert await night(OCTOBER, risen=MILLION, stayed=MILLION) == set()
    await add_override(session, held, "T3", start=NOVEMBER + timedelta(days=1), days=60)
    assert await night(NOVEMBER, risen=2 * MILLION, stayed=MILLION, new=MILLION) == {
        (names[0], "T3", "T2", "up", "2026-12-01"),
        (names[2], "T2", None, "first", "2026-12-01"),
        (names[3], "T3", None, "override", "2026-12-01"),
    }
    assert (await session.get_one(TierStanding, stayed)).tier_code == "T2"
    assert await night(DECEMBER, risen=2 * MILLION, stayed=MILLION, new=MILLION) == set()
