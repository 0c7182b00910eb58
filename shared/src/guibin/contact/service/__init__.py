"""The gate: `judge` says, `reserve` takes a place, `mark_sent` and `release` say what became of it."""

from guibin.contact.service.allowing import CONTACT_ALLOWING, Allowing, submit_allowance
from guibin.contact.service.judging import ContactRequest, Judgement, judge, judge_all
from guibin.contact.service.passing import mark_sent, note_made, release, release_lapsed, reserve
from guibin.contact.service.policy import CONTACT_TERMS
from guibin.contact.service.wishing import Wish, put_wish, wish_of

__all__ = [
    "CONTACT_ALLOWING",
    "CONTACT_TERMS",
    "Allowing",
    "ContactRequest",
    "Judgement",
    "Wish",
    "judge",
    "judge_all",
    "mark_sent",
    "note_made",
    "put_wish",
    "release",
    "release_lapsed",
    "reserve",
    "submit_allowance",
    "wish_of",
]
