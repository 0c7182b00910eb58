"""Pins of segments go to the surviving customer of a merge, and back."""

from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.tags.segments.models import PinSide, SegmentPin
from guibin.tags.segments.moving import PARTICIPANT
from guibin.tags.segments.repository import put_pin
from support.tagging import DAY, MAKER, add_branch, add_customer, add_tag


async def lasting(session: AsyncSession, customer_id: UUID) -> list[tuple[str, str]]:
    session.expire_all()
    statement = select(SegmentPin).where(SegmentPin.customer_id == customer_id, col(SegmentPin.until).is_(None))
    return sorted((pin.tag_code, pin.side) for pin in (await session.exec(statement)).all())


async def test_pins_go_along_and_come_back(session: AsyncSession) -> None:
    branch = await add_branch(session)
    losing, surviving = await add_customer(session, branch), await add_customer(session, branch)
    for code in ("spring", "autumn"):
        await add_tag(session, code, kind="segment")
    pins = ((losing, "spring", PinSide.OUT), (losing, "autumn", PinSide.OUT), (surviving, "autumn", PinSide.IN))
    for customer_id, code, side in pins:
        row = {"since": date(2026, 11, 1), "side": side, "set_by": MAKER.id, "reason": "asked for"}
        await put_pin(session, SegmentPin.model_validate({"customer_id": customer_id, "tag_code": code} | row))
    merge = Merge(new_id(), losing, surviving, MAKER.id, DAY)
    moved = await PARTICIPANT.move(session, merge)
    assert await lasting(session, surviving) == [("autumn", "in"), ("spring", "out")]
    assert await lasting(session, losing) == []
    await PARTICIPANT.give_back(session, merge, moved)
    assert await lasting(session, surviving) == [("autumn", "in")]
    assert await lasting(session, losing) == [("autumn", "out"), ("spring", "out")]
