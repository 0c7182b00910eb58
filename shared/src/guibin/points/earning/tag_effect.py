"""The effect that gives a tag: a membership as if set by hand, which no run takes away."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.changes.repository import note_change
from guibin.points.earning import effect_repository
from guibin.points.earning.effects import Done, Effect, Given
from guibin.points.earning.models import EarningEffect, EffectState
from guibin.points.repository import known_customers


class TagHandler:
    """Carries out `tag`."""

    kind = "tag"

    async def unknown(self, session: AsyncSession, effects: Sequence[Effect]) -> list[str]:
        """Return the tags that are not published, or are not set by hand."""
        codes = {effect.subject for effect in effects}
        return sorted(codes - await effect_repository.published_manual_tags(session, codes))

    async def carry_out(self, session: AsyncSession, given: Sequence[Given]) -> list[Done]:
        """Give the tags; who has one keeps it as it was given, and a tag that is retired by now is missed."""
        published = await effect_repository.published_manual_tags(session, {one.effect.subject for one in given})
        reasons: dict[effect_repository.TagOf, str] = {}
        for one in given:
            if one.effect.subject in published:
                reasons.setdefault((one.customer_id, one.effect.subject), f"积分规则 {one.rule}：{one.name_zh}")
        today = clock.today()
        new = await effect_repository.give_tags(session, reasons, day=today)
        await note_change(session, {customer_id for customer_id, _ in new})
        results = []
        for one in given:
            key = (one.customer_id, one.effect.subject)
            if key in new:
                new.discard(key)
                results.append(Done(EffectState.DONE, today.isoformat()))
            else:
                results.append(Done(EffectState.HAD if key in reasons else EffectState.MISSED))
        return results

    async def end(self, session: AsyncSession, effect: EarningEffect) -> None:
        """Take the tag away from who the customer is by now."""
        into = (await known_customers(session, [effect.customer_id])).get(effect.customer_id)
        await note_change(session, [into or effect.customer_id])
        await effect_repository.end_tag(
            session,
            customer_id=into or effect.customer_id,
            code=effect.subject,
            since=date.fromisoformat(effect.reference or ""),
            day=clock.today(),
        )


TAG_HANDLER: Final = TagHandler()
