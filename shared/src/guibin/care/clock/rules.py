"""From when on a delay is the head's, on plain values."""

from datetime import date, timedelta

from guibin.approvals.rules import Calendar
from guibin.care.days import add_business_days, business_day_near


def last_due_for_leader(day: date, leader_after: int, calendar: Calendar) -> date:
    """Return the latest due day whose delay the branch's head is told of at the end of a day.

    Behind it lie `leader_after` business days, the last of which is the day itself or the one before it.
    """
    last = business_day_near(day, calendar, back=True)
    return add_business_days(last, 1 - leader_after, calendar) - timedelta(days=1)
