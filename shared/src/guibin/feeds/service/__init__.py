"""Taking the lines' files, one or many, and what is known of them."""

from guibin.feeds.service.freshness import Freshness, calendar
from guibin.feeds.service.many_files import FeedSource, load_sources
from guibin.feeds.service.one_file import MOST_SHOWN_REJECTS, FeedResult, get_file, take_file

__all__ = [
    "MOST_SHOWN_REJECTS",
    "FeedResult",
    "FeedSource",
    "Freshness",
    "calendar",
    "get_file",
    "load_sources",
    "take_file",
]
