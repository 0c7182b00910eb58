"""Touches that another system has kept: taken as they were, however long ago, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, or_, text
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import Direction, Touch, TouchChannel, TouchKind, TouchPurpose, TouchResult, TouchSource
from guibin.core import clock
from guibin.core.arrays import among
from guibin.core.bulk import columns_of
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.managers.models import Manager
from guibin.organisation.models import Staff

Key = tuple[UUID, str]

_PAIRS: Final = "unnest(CAST(:ids AS uuid[]), CAST(:places AS uuid[])) AS k(id, place)"
_OTHERS: Final = [name for name in columns_of("touch") if name not in ("customer_id", "id")]
_WRITE_WITH: Final = text(
    f"INSERT INTO touch (customer_id, id, {', '.join(_OTHERS)})"  # noqa: S608 - columns of our own models
    f" SELECT CAST(:loser AS uuid), k.place, {', '.join(f't.{name}' for name in _OTHERS)}"
    f" FROM {_PAIRS} JOIN touch t ON t.customer_id = :survivor AND t.id = k.id"
)
_CORRECT: Final = text(
    f"UPDATE touch t SET corrected_by = k.place FROM {_PAIRS} WHERE t.customer_id = :survivor AND t.id = k.id"  # noqa: S608 - words of the code
)
_SAID: Final = ("kind", "channel", "direction", "purpose", "result", "at", "minutes", "product_code", "staff_id")


@dataclass(frozen=True, slots=True)
class PastTouch:
    """A touch as a line's file tells it; `row` names it there, `reference` for ever."""

    row: int
    customer_id: UUID
    reference: str
    kind: TouchKind
    channel: TouchChannel
    direction: Direction
    purpose: TouchPurpose
    result: TouchResult
    at: datetime
    minutes: int
    product_code: str | None
    staff_id: UUID | None
    manager_id: UUID | None
    named_by: bytes | None = None

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return self.customer_id, self.reference

    @property
    def content(self) -> tuple[object, ...]:
        """What is said of it."""
        return tuple(getattr(self, name) for name in _SAID)


@dataclass(frozen=True, slots=True)
class Employee:
    """A member of staff, and as which manager that one serves customers."""

    staff_id: UUID
    manager_id: UUID | None


async def employees(session: AsyncSession) -> dict[str, Employee]:
    """Return all members of staff by their numbers, those of before too."""
    query = select(Staff.no, Staff.id, Manager.id).outerjoin(Manager, col(Manager.staff_id) == col(Staff.id))
    return {no: Employee(staff_id, manager_id) for no, staff_id, manager_id in (await session.exec(query)).all()}


async def take_touches(session: AsyncSession, touches: Sequence[PastTouch]) -> tuple[int, list[int]]:
    """Write down what is not there yet; return how many were new, and the rows that say otherwise than before.

    They stand against no cap of the contact policy, which was not asked.
    """
    known = await _known(session, {one.customer_id for one in touches})
    conflicts = [one.row for one in touches if known.get(one.key, one.content) != one.content]
    new = [one for one in touches if one.key not in known]
    if new:
        now = clock.now()
        await session.execute(insert(Touch), [_values(one, now) for one in new])
    return len(new), conflicts


async def _known(session: AsyncSession, customer_ids: set[UUID]) -> dict[Key, tuple[object, ...]]:
    """Return what was taken before of customers, and of those who were merged into them."""
    now_known = func.coalesce(col(Customer.merged_into), col(Customer.id))
    query = (
        select_columns(now_known, col(Touch.reference), *(col(getattr(Touch, name)) for name in _SAID))
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .where(or_(among(col(Customer.id), customer_ids), among(col(Customer.merged_into), customer_ids)))
        .where(col(Touch.source) == TouchSource.SYSTEM)
    )
    return {(row[0], row[1]): tuple(row[2:]) for row in (await session.execute(query)).all()}


async def give_back_touches(session: AsyncSession, *, survivor: UUID, loser: UUID, names: Sequence[bytes]) -> None:
    """Write the touches that came for a survivor by a name of the losing customer down with that one.

    A touch is never changed: the survivor's is corrected by the one in its place, and counts no more.
    """
    query = select(col(Touch.id)).where(
        Touch.customer_id == survivor, col(Touch.named_by).in_(names), col(Touch.corrected_by).is_(None)
    )
    found = (await session.exec(query)).all()
    pairs = {"survivor": survivor, "ids": list(found), "places": [new_id() for _ in found]}
    if found:
        await session.execute(_WRITE_WITH, pairs | {"loser": loser})
        await session.execute(_CORRECT, pairs)


def _values(one: PastTouch, now: datetime) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in (*_SAID, "customer_id", "reference", "named_by")}
    return {**said, "id": new_id(), "manager_id": one.manager_id, "source": TouchSource.SYSTEM, "recorded_at": now}
