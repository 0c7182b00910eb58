"""Files of points: taken and submitted by one person, approved by another, posted by the worker."""

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
    "FileTotals",
    "NewFile",
    "Submitted",
    "may_see",
    "submit_file",
    "tend_files",
]
