"""What tag rules may know of tiers: the tier of the run before."""

from datetime import date
from typing import Any

from sqlalchemy import Select

from guibin.tiers.repository import select_tiers


class TierFacts:
    """A source of facts for `customer_fact`."""

    name = "tiers"
    columns = ("tier",)

    def select(self, day: date) -> Select[*tuple[Any, ...]]:
        """Select customer and tier in force on a day; it was decided by a run before the one of that day."""
        return select_tiers(day)


TIER_FACTS = TierFacts()
