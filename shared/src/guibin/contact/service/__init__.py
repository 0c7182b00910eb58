"""The gate: `judge` says, `reserve` takes a place, `mark_sent` and `release` say what became of it."""

from guibin.contact.service.judging import ContactRequest, Judgement, judge, judge_all
from guibin.contact.service.passing import mark_sent, note_made, release, release_lapsed, reserve

__all__ = [
    "ContactRequest",
    "Judgement",
    "judge",
    "judge_all",
    "mark_sent",
    "note_made",
    "release",
    "release_lapsed",
    "reserve",
]
