"""Effects happen with the points of their rule, and end when those are taken back in full."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points.earning import effect_repository
from guibin.points.earning.effects import Given, handler_of
from guibin.points.earning.models import EarningAward, EarningEffect, EarningRuleVersion, EffectState
from guibin.points.earning.settlement import Award, Verdict
from guibin.points.earning.terms import EarningTerms


async def unknown_in(session: AsyncSession, terms: EarningTerms) -> list[str]:
    """Return what the effects of a rule name that there is not."""
    by_kind = defaultdict(list)
    for case in terms.cases:
        for effect in case.effects:
            by_kind[effect.kind].append(effect)
    return [one for kind in sorted(by_kind) for one in await handler_of(kind).unknown(session, by_kind[kind])]


async def carry_out(
    session: AsyncSession,
    verdicts: Iterable[Verdict],
    entries: Mapping[int, UUID],
    *,
    actor_id: UUID,
    at: datetime,
) -> None:
    """Let the effects of verdicts happen; `entries` are those that were posted, by the identity of their award."""
    by_kind: dict[str, list[Given]] = defaultdict(list)
    for verdict in verdicts:
        posted = [award for award in verdict.awards if id(award) in entries]
        if posted:
            for one in _given(verdict, posted, entries, actor_id, at):
                by_kind[one.effect.kind].append(one)
    await _happen(session, by_kind, at)


async def _happen(session: AsyncSession, by_kind: Mapping[str, Sequence[Given]], at: datetime) -> None:
    for kind, given in sorted(by_kind.items()):
        done = await handler_of(kind).carry_out(session, given)
        rows = [
            EarningEffect(
                customer_id=one.customer_id,
                entry_id=one.entry_id,
                place=one.place,
                kind=kind,
                subject=one.effect.subject,
                state=result.state,
                reference=result.reference,
                made_at=at,
            )
            for one, result in zip(given, done, strict=True)
        ]
        await effect_repository.add_effects(session, rows)


def _given(
    verdict: Verdict, posted: Collection[Award], entries: Mapping[int, UUID], actor_id: UUID, at: datetime
) -> list[Given]:
    first = next(iter(posted))
    return [
        Given(
            customer_id=first.event.customer_id,
            entry_id=entries[id(first)],
            place=place,
            rule=first.rule.code,
            name_zh=first.rule.terms.name_zh,
            actor_id=actor_id,
            at=at,
            effect=effect,
        )
        for place, effect in enumerate(verdict.effects)
    ]


async def pass_effects(
    session: AsyncSession, award: EarningAward, *, to_id: UUID, entry_id: UUID | None, actor_id: UUID
) -> None:
    """End what an award did beside its points, and let it happen to the customer whose event it was all the time.

    It hangs on the entry that brought that one the points; None: nothing was left of them, and nothing happens.
    """
    rows = await effect_repository.effects_of(session, customer_id=award.customer_id, entry_id=award.entry_id)
    await end_effects(session, customer_id=award.customer_id, entry_id=award.entry_id)
    if entry_id is None or not rows:
        return
    version = await session.get_one(EarningRuleVersion, (award.rule_code, award.version))
    terms, at = EarningTerms.of(version.terms), clock.now()
    by_kind: dict[str, list[Given]] = defaultdict(list)
    for row in rows:
        effect = terms.effect_at(row.place, kind=row.kind, subject=row.subject)
        by_kind[row.kind].append(
            Given(to_id, entry_id, row.place, award.rule_code, terms.name_zh, actor_id, at, effect)
        )
    await _happen(session, by_kind, at)


async def end_effects(session: AsyncSession, *, customer_id: UUID, entry_id: UUID) -> None:
    """Take back what an entry did beside its points, which are gone.

    What another event's effect found done already stays, and is that one's from now on.
    """
    at = clock.now()
    for effect in await effect_repository.effects_of(session, customer_id=customer_id, entry_id=entry_id):
        if effect.state == EffectState.DONE:
            heir = await effect_repository.next_in_line(session, effect)
            if heir is None:
                await handler_of(effect.kind).end(session, effect)
            else:
                heir.state, heir.reference = EffectState.DONE, effect.reference
                session.add(heir)
        effect_repository.end(effect, at)
        session.add(effect)
    await session.flush()
