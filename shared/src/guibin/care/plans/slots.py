"""Which contacts a plan asks for in a stretch of days, and on which business days they may fall: on plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from guibin.approvals.rules import Calendar
from guibin.care.days import Period, business_days, periods
from guibin.care.plans.terms import CareContact, PlanTerms


@dataclass(frozen=True, slots=True)
class Slot:
    """One contact that each customer of a tier gets in a period, on one of its business days."""

    tier: str
    contact: CareContact
    minutes: int
    period: Period
    days: tuple[date, ...]

    @property
    def made_by(self) -> str:
        """Return the code that tasks of this contact bear."""
        return f"{self.tier}.{self.contact.code}"


def slots_of(terms: PlanTerms, stretch: Period, calendar: Calendar) -> Iterator[Slot]:
    """Yield the contacts of each tier in every period that shares a day with a stretch; none where the bank is shut."""
    for tier, contacts in terms.contacts.items():
        for contact in contacts:
            for period in periods(stretch.first, stretch.last, contact.every_months):
                days = tuple(business_days(period, calendar))
                if days:
                    yield Slot(tier, contact, terms.minutes[contact.kind], period, days)
