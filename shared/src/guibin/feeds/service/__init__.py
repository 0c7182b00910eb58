"""Taking the lines' files, one or many, and what is known of them."""

from guibin.feeds.service.forms import KindForm, line_forms
from guibin.feeds.service.freshness import LineDayView, calendar
from guibin.feeds.service.many_files import FeedSource, load_sources
from guibin.feeds.service.one_file import MOST_SHOWN_REJECTS, FeedResult, PreviewRow, get_file, take_file

__all__ = [
    "MOST_SHOWN_REJECTS",
    "FeedResult",
    "FeedSource",
    "KindForm",
    "LineDayView",
    "PreviewRow",
    "calendar",
    "get_file",
    "line_forms",
    "load_sources",
    "take_file",
]
