"""What tag rules may know of tiers: the tier of the run before."""

from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlmodel import col

from guibin.tiers.models import TierHistory
from guibin.tiers.repository import select_tiers


class TierFacts:
    """A source of facts for `customer_fact`."""

    name = "tiers"
    columns = ("tier",)

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select customer and tier in force on a day; it was decided by a run before the one of that day."""
        found = select_tiers(day)
        return found if among is None else found.where(col(TierHistory.customer_id).in_(among))


TIER_FACTS = TierFacts()
