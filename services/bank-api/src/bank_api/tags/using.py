"""Counting that somebody used a tag: the figures by which dead tags are found."""

from collections.abc import Iterable

from guibin.core import clock
from guibin.tags.lineage.models import UseWay
from guibin.tags.lineage.repository import record_use
from guibin.web import StaffCall


async def used(call: StaffCall, way: UseWay, codes: Iterable[str | None]) -> None:
    """Count that the caller used tags; None stands for a filter that was left out."""
    named = {code for code in codes if code is not None}
    await record_use(call.session, named, way, staff_id=call.actor.id, day=clock.today())
