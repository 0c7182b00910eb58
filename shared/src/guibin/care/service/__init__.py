"""The commands and reads of care, one file per kind of record."""

from guibin.care.service.complaints import (
    Ending,
    answer_complaint,
    close_complaint,
    complaints_in,
    open_complaint,
    resolve_complaint,
)
from guibin.care.service.needs import end_need, propose_right, record_need, serve_by_redemption
from guibin.care.service.opportunities import end_opportunity, open_opportunity, opportunities_in
from guibin.care.service.promises import end_promise, record_promise
from guibin.care.service.seen import Seen, list_of, opened
from guibin.care.service.tasks import add_task, complete_task, list_tasks, read_task, reassign_task, skip_task
from guibin.care.service.touching import Logged, log_touch
from guibin.care.service.wishes import Chance, Contact, Everything, Grievance, NextContact, Outcome, Wish, Word

__all__ = [
    "Chance",
    "Contact",
    "Ending",
    "Everything",
    "Grievance",
    "Logged",
    "NextContact",
    "Outcome",
    "Seen",
    "Wish",
    "Word",
    "add_task",
    "answer_complaint",
    "close_complaint",
    "complaints_in",
    "complete_task",
    "end_need",
    "end_opportunity",
    "end_promise",
    "list_of",
    "list_tasks",
    "log_touch",
    "open_complaint",
    "open_opportunity",
    "opened",
    "opportunities_in",
    "propose_right",
    "read_task",
    "reassign_task",
    "record_need",
    "record_promise",
    "resolve_complaint",
    "serve_by_redemption",
    "skip_task",
]
