"""What tag rules may know of points: the facts `points.<wallet>`."""

from datetime import date
from typing import Any, Final

from sqlalchemy import Select, and_, func, select, true
from sqlmodel import col

from guibin.points.models import PointsAccount, PointsLot


class PointsFacts:
    """A source of facts: for each customer with an account, the points available in each wallet."""

    name: Final = "points"
    columns: Final = ("points",)

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select customer_id and points, a JSON object {wallet: available}, as of the end of a day of business."""
        expired = (
            select(
                col(PointsLot.customer_id),
                col(PointsLot.wallet),
                func.sum(col(PointsLot.remaining)).label("points"),
            )
            .where(col(PointsLot.remaining) > 0, col(PointsLot.expires_on) < day)
            .group_by(col(PointsLot.customer_id), col(PointsLot.wallet))
            .subquery()
        )
        available = col(PointsAccount.balance) - col(PointsAccount.held) - func.coalesce(expired.c.points, 0)
        return (
            select(
                col(PointsAccount.customer_id),
                func.jsonb_object_agg(col(PointsAccount.wallet), func.greatest(available, 0)).label("points"),
            )
            .outerjoin(
                expired,
                and_(
                    expired.c.customer_id == col(PointsAccount.customer_id),
                    expired.c.wallet == col(PointsAccount.wallet),
                ),
            )
            .where(true() if among is None else col(PointsAccount.customer_id).in_(among))
            .group_by(col(PointsAccount.customer_id))
        )


POINTS_FACTS: Final = PointsFacts()
