"""Who serves whom: in the nightly run, by hand, many at once with a second person's consent."""

from guibin.managers.service.by_hand import Move, Order, assign_by_hand
from guibin.managers.service.many import Assignment, AssignmentHandler, assign_many
from guibin.managers.service.night import assign
from guibin.managers.service.people import add_manager, manager_of

__all__ = [
    "Assignment",
    "AssignmentHandler",
    "Move",
    "Order",
    "add_manager",
    "assign",
    "assign_by_hand",
    "assign_many",
    "manager_of",
]
