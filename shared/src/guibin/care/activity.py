"""Tells the managers' domain whom somebody of the bank has spoken to."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from guibin.care.models import REACHED, Touch
from guibin.core import clock
from guibin.customers.models import Customer


class SpokenTo:
    """Customers with a touch in which they were reached; those of customers who have become one count for that one."""

    name = "touches"

    def select_active(self, since: date) -> Select[UUID]:
        """Select the customers who were spoken to on a day or after it."""
        return (
            select(func.coalesce(col(Customer.merged_into), col(Customer.id)))
            .join(Touch, col(Touch.customer_id) == col(Customer.id))
            .where(
                col(Touch.at) >= clock.start_of_day(since),
                col(Touch.corrected_by).is_(None),
                col(Touch.result).in_(REACHED),
            )
        )


SPOKEN_TO: Final = SpokenTo()
