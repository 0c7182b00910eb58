"""What tag rules may know of points: the facts `points.<wallet>`, as of any day, worked back from the ledger."""

from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select, true, union_all

from guibin.core.models import metadata
from guibin.points.models import (
    EntryKind,
    HoldState,
    PointsAccount,
    PointsEntry,
    PointsHold,
    PointsHoldLot,
    PointsLot,
    PointsLotUse,
)
from guibin.tags.profiles.repository import composed_at

_ACCOUNT: Final = metadata.tables[PointsAccount.__tablename__]
_ENTRY: Final = metadata.tables[PointsEntry.__tablename__]
_LOT: Final = metadata.tables[PointsLot.__tablename__]
_USE: Final = metadata.tables[PointsLotUse.__tablename__]
_HOLD: Final = metadata.tables[PointsHold.__tablename__]
_HELD: Final = metadata.tables[PointsHoldLot.__tablename__]
_OF_WHAT_IS_PENDING: Final = (EntryKind.PENDING_ACTIVATE, EntryKind.PENDING_CANCEL)

Column = ColumnElement[Any]


class PointsFacts:
    """A source of facts: for each customer with an account, the points available in each wallet.

    They are what the account holds now, less what changed since the facts of the day were composed (since its end where
    no night ran). Entries are never changed, and holds say when they began and ended: any past day comes out exactly.
    """

    name: Final = "points"
    columns: Final = ("points",)

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select customer_id and points, a JSON object {wallet: available}, as of the end of a day of business."""
        parts = (_posted_since(day), _expired(day), _drawn_since(day), _held_since(day))
        since = union_all(*(part.where(_of(part.selected_columns.customer_id, among)) for part in parts)).subquery()
        by_wallet = (since.c.customer_id, since.c.wallet)
        sums = select(*by_wallet, func.sum(since.c.points).label("points")).group_by(*by_wallet).subquery()
        available = _ACCOUNT.c.balance - _ACCOUNT.c.held - func.coalesce(sums.c.points, 0)
        points = func.jsonb_object_agg(_ACCOUNT.c.wallet, func.greatest(cast(available, BigInteger), 0))
        same = and_(sums.c.customer_id == _ACCOUNT.c.customer_id, sums.c.wallet == _ACCOUNT.c.wallet)
        return (
            select(_ACCOUNT.c.customer_id, points.label("points"))
            .select_from(_ACCOUNT.outerjoin(sums, same))
            .where(_of(_ACCOUNT.c.customer_id, among))
            .group_by(_ACCOUNT.c.customer_id)
        )


POINTS_FACTS: Final = PointsFacts()


def _of(customer_id: Column, among: Select[Any] | None) -> ColumnElement[bool]:
    return true() if among is None else customer_id.in_(among)


def _posted_since(day: date) -> Select[Any]:
    """What entries have put in and taken out since: none of it was there."""
    return select(_ENTRY.c.customer_id, _ENTRY.c.wallet, _ENTRY.c.points).where(_is_later(day))


def _is_later(day: date) -> ColumnElement[bool]:
    """Hold for entries after the day; the day of the posting is what the index knows."""
    return and_(_ENTRY.c.posted_on >= day, _ENTRY.c.posted_at > composed_at(day))


def _expired(day: date) -> Select[Any]:
    """What had expired by the day, and no entry has taken out yet; what is held does not expire."""
    return select(_LOT.c.customer_id, _LOT.c.wallet, (_LOT.c.remaining - _LOT.c.held).label("points")).where(
        _LOT.c.remaining > 0, ~_LOT.c.pending, _had_expired(day)
    )


def _had_expired(day: date) -> ColumnElement[bool]:
    return and_(_LOT.c.expires_on < day, _LOT.c.earned_at <= composed_at(day))


def _drawn_since(day: date) -> Select[Any]:
    """What entries since have taken out of lots that had expired by then."""
    of_lot = and_(_LOT.c.customer_id == _USE.c.customer_id, _LOT.c.id == _USE.c.lot_id)
    by_entry = and_(_ENTRY.c.customer_id == _USE.c.customer_id, _ENTRY.c.id == _USE.c.entry_id)
    return (
        select(_ENTRY.c.customer_id, _ENTRY.c.wallet, _USE.c.points)
        .select_from(_ENTRY.join(_USE, by_entry).join(_LOT, of_lot))
        .where(_is_later(day), _ENTRY.c.kind.not_in(_OF_WHAT_IS_PENDING), _had_expired(day))
    )


def _held_since(day: date) -> Select[Any]:
    """What was held then and is no more, less what is held since; of lots that had not expired."""
    moment = composed_at(day)
    was_held = and_(_HOLD.c.created_at <= moment, _HOLD.c.closed_at > moment)
    is_held = and_(_HOLD.c.created_at > moment, _HOLD.c.state == HoldState.OPEN)
    of_hold = and_(_HELD.c.customer_id == _HOLD.c.customer_id, _HELD.c.hold_id == _HOLD.c.id)
    of_lot = and_(_LOT.c.customer_id == _HELD.c.customer_id, _LOT.c.id == _HELD.c.lot_id)
    return (
        select(
            _HOLD.c.customer_id,
            _HOLD.c.wallet,
            case((was_held, _HELD.c.points), else_=-_HELD.c.points).label("points"),
        )
        .select_from(_HOLD.join(_HELD, of_hold).join(_LOT, of_lot))
        .where(or_(was_held, is_held), or_(_LOT.c.expires_on.is_(None), _LOT.c.expires_on >= day))
    )
