"""Files of points: taken and submitted by one person, approved by another, posted by the worker; files of events."""

from guibin.points.files.service.events import EventTotals, NewEventFile, TakenEventFile, take_event_file
from guibin.points.files.service.posting import tend_files
from guibin.points.files.service.taking import (
    FILE_HANDLER,
    Announced,
    FileTotals,
    NewFile,
    Submitted,
    may_see,
    submit_file,
)

__all__ = [
    "FILE_HANDLER",
    "Announced",
    "EventTotals",
    "FileTotals",
    "NewEventFile",
    "NewFile",
    "Submitted",
    "TakenEventFile",
    "may_see",
    "submit_file",
    "take_event_file",
    "tend_files",
]
