"""What tag rules may know of tiers: the tier of the run before."""

from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from guibin.tiers.models import TierHistory
from guibin.tiers.repository import NEWEST_FIRST


class TierFacts:
    """A source of facts for `customer_fact`."""

    name = "tiers"
    columns = ("tier",)

    def select(self, day: date) -> Select[*tuple[Any, ...]]:
        """Select customer and tier in force on a day; it was decided by a run before the one of that day."""
        return (
            select(col(TierHistory.customer_id), col(TierHistory.tier_code).label("tier"))
            .distinct(col(TierHistory.customer_id))
            .where(col(TierHistory.effective_on) <= day)
            .order_by(col(TierHistory.customer_id), *NEWEST_FIRST)
        )


TIER_FACTS = TierFacts()
