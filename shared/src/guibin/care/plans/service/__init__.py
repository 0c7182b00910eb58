"""Commands on care plans, and what the night makes of the one in force."""

from guibin.care.plans.service.calendar import SATISFYING, make_calendar, satisfy
from guibin.care.plans.service.defining import (
    CARE_PLANS,
    PlanContent,
    create_plan,
    edit_plan,
    plan_on,
)

__all__ = [
    "CARE_PLANS",
    "SATISFYING",
    "PlanContent",
    "create_plan",
    "edit_plan",
    "make_calendar",
    "plan_on",
    "satisfy",
]
