"""Where a record belongs: the number decides, then the certificate, and people decide the rest."""

from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guibin.core.lines import Line
from guibin.customers.models import Gender, PartyStatus, PartyType
from guibin.customers.rules import Known, Party, Placement, Pointers, ReviewReason, leads, place

A, B, C = (UUID(int=number) for number in (1, 2, 3))
NUMBERED, PLAIN = True, False
SAME, CHANGED = ReviewReason.SAME_CERTIFICATE, ReviewReason.NUMBER_CHANGED


def pointers(
    has_number: bool, current: Known | None = None, number: Known | None = None, certificate: Known | None = None
) -> Pointers:
    return Pointers(has_number, current, number, certificate)


CASES = {
    "nothing known": (pointers(PLAIN), Placement(None)),
    "new number": (pointers(NUMBERED), Placement(None)),
    "known number": (pointers(NUMBERED, None, Known(A, NUMBERED)), Placement(A)),
    "known certificate": (pointers(PLAIN, None, None, Known(B, PLAIN)), Placement(B)),
    "certificate of a numbered customer": (pointers(PLAIN, None, None, Known(B, NUMBERED)), Placement(B)),
    "new number, certificate without one": (pointers(NUMBERED, None, None, Known(B, PLAIN)), Placement(B)),
    "new number, certificate with another": (
        pointers(NUMBERED, None, None, Known(B, NUMBERED)),
        Placement(None, reviews=((B, SAME),)),
    ),
    "number and certificate of one": (
        pointers(NUMBERED, None, Known(A, NUMBERED), Known(A, NUMBERED)),
        Placement(A),
    ),
    "connects": (pointers(NUMBERED, None, Known(A, NUMBERED), Known(B, PLAIN)), Placement(A, (B,))),
    "two numbers": (
        pointers(NUMBERED, None, Known(A, NUMBERED), Known(B, NUMBERED)),
        Placement(A, reviews=((B, SAME),)),
    ),
    "learns its number": (pointers(NUMBERED, Known(C, PLAIN), Known(A, NUMBERED)), Placement(A, (C,))),
    "learns a number nobody had": (pointers(NUMBERED, Known(C, PLAIN)), Placement(C)),
    "changes its number to another's": (
        pointers(NUMBERED, Known(C, NUMBERED), Known(A, NUMBERED)),
        Placement(C, reviews=((A, CHANGED),), takes_number=False),
    ),
    "changes its number to nobody's": (
        pointers(NUMBERED, Known(C, NUMBERED)),
        Placement(C, reviews=((C, CHANGED),), takes_number=False),
    ),
    "keeps its number": (pointers(NUMBERED, Known(C, NUMBERED), Known(C, NUMBERED)), Placement(C)),
    "gets a certificate of a plain customer": (
        pointers(PLAIN, Known(C, NUMBERED), None, Known(B, PLAIN)),
        Placement(C, (B,)),
    ),
    "gets a certificate of a numbered customer": (
        pointers(PLAIN, Known(C, PLAIN), None, Known(B, NUMBERED)),
        Placement(B, (C,)),
    ),
    "gets a certificate across numbers": (
        pointers(PLAIN, Known(C, NUMBERED), None, Known(B, NUMBERED)),
        Placement(C, reviews=((B, SAME),)),
    ),
    "connects three": (
        pointers(NUMBERED, Known(C, PLAIN), Known(A, NUMBERED), Known(B, PLAIN)),
        Placement(A, (C, B)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_record_is_placed(name: str) -> None:
    given_pointers, expected = CASES[name]
    assert place(given_pointers) == expected


KNOWN = st.none() | st.builds(Known, st.sampled_from((A, B, C)), st.booleans())


def consistent(*found: Known | None) -> bool:
    """Tell whether each customer is said to be numbered or not, and not both."""
    known = {(one.id, one.numbered) for one in found if one is not None}
    return len(known) == len({one.id for one in found if one is not None})


@given(has_number=st.booleans(), current=KNOWN, number=KNOWN, certificate=KNOWN)
def test_customers_with_different_numbers_are_never_joined(
    has_number: bool, current: Known | None, number: Known | None, certificate: Known | None
) -> None:
    named = number if has_number and number is not None and number.numbered else None
    assume(consistent(current, named, certificate))
    placement = place(Pointers(has_number, current, named, certificate))
    numbered = {one.id for one in (current, named, certificate) if one is not None and one.numbered}
    assert len(numbered & {placement.home, *placement.absorbs}) <= 1
    assert placement.home not in placement.absorbs


def test_lines_have_an_order_in_which_their_word_counts() -> None:
    assert leads(Line.PERSONAL_FINANCE, Line.CREDIT_CARD)
    assert leads(Line.CREDIT_CARD, Line.CREDIT_CARD)
    assert not leads(Line.E_FINANCE, Line.CREDIT_CARD)


def test_the_content_of_a_party_differs_with_every_field() -> None:
    plain = Party("A", PartyType.PERSON, "王明", PartyStatus.ACTIVE, Gender.UNKNOWN)
    other = Party("A", PartyType.PERSON, "王明", PartyStatus.ACTIVE, Gender.UNKNOWN, employer="示范")
    moved = Party("A", PartyType.PERSON, "王明", PartyStatus.ACTIVE, Gender.UNKNOWN, address="示范")
    assert len({plain.content, other.content, moved.content}) == 3
