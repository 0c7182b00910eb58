"""Commands on care plans, and what the night makes of the one in force."""

from guibin.care.plans.service.calendar import SATISFYING, make_calendar, satisfy
from guibin.care.plans.service.defining import (
    ACTIVATE,
    PlanActivation,
    PlanContent,
    create_plan,
    edit_plan,
    plan_on,
    submit_plan,
)

__all__ = [
    "ACTIVATE",
    "SATISFYING",
    "PlanActivation",
    "PlanContent",
    "create_plan",
    "edit_plan",
    "make_calendar",
    "plan_on",
    "satisfy",
    "submit_plan",
]
