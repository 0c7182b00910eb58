"""Which customer a source record belongs to. The bank's customer number decides, then the certificate, then nothing.

Equal customer numbers are one customer. Without a number the same certificate type, number and name is one customer.
Customers with different numbers are never joined here, whatever else is equal: people decide (features CUS-02, CUS-17).
"""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from uuid import UUID

from guibin.core.lines import Line
from guibin.customers.models import CertificateType, Gender, PartyStatus, PartyType

LINE_RANK = {line: rank for rank, line in enumerate(Line)}
"""Whose word counts when lines disagree; the lowest first."""


class ReviewReason(StrEnum):
    """Why people have to decide about two customers."""

    SAME_CERTIFICATE = "same_certificate_other_customer_no"
    NUMBER_CHANGED = "customer_no_changed"
    CONNECTS = "connects_two_customers"
    PROBABLE = "probable"
    TOO_MANY_RECORDS = "too_many_records"


@dataclass(frozen=True, slots=True)
class Party:
    """What a line says of one of its customers: a row of its parties feed, read and normalised.

    `customer_no` and `certificate_no` are as they are compared; whether they may decide is `is_key`'s answer.
    """

    record_id: str
    party_type: PartyType
    name: str
    status: PartyStatus
    gender: Gender
    branch_code: str | None = None
    customer_no: str | None = None
    certificate_type: CertificateType | None = None
    certificate_no: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    address: str | None = None
    city_code: str | None = None
    employer: str | None = None
    opened_on: date | None = None

    @property
    def content(self) -> str:
        """All that the row says, as one text: equal texts are unchanged rows."""
        return repr([getattr(self, name) for name in _PARTY_FIELDS])


_PARTY_FIELDS = tuple(field.name for field in fields(Party))


@dataclass(frozen=True, slots=True)
class Known:
    """A customer that a record points to, and whether a customer number is known of it."""

    id: UUID
    numbered: bool


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where a record points: to its own customer when it came before, by its number, by its certificate.

    `has_number` tells that the record carries a number that may decide; `by_number` is None when nobody has it yet.
    """

    has_number: bool
    current: Known | None = None
    by_number: Known | None = None
    by_certificate: Known | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """The decision: the customer of the record (None: a new one), who becomes one with it, and what people must see.

    `takes_number` is False when the record's number is not given to that customer.
    """

    home: UUID | None
    absorbs: tuple[UUID, ...] = ()
    reviews: tuple[tuple[UUID, ReviewReason], ...] = ()
    takes_number: bool = True


def place(pointers: Pointers) -> Placement:
    """Decide where a record belongs."""
    number_changed = _changed_number(pointers)
    if number_changed is not None:
        return number_changed
    home = pointers.by_number or pointers.current or _by_certificate(pointers)
    if home is None:
        twin = pointers.by_certificate
        return Placement(None, reviews=((twin.id, ReviewReason.SAME_CERTIFICATE),) if twin else ())
    absorbs: list[UUID] = []
    reviews: list[tuple[UUID, ReviewReason]] = []
    for other in (pointers.current, pointers.by_certificate):
        if other is None or other.id == home.id or other.id in absorbs:
            continue
        if not other.numbered:
            absorbs.append(other.id)
        elif not home.numbered and not pointers.has_number:
            absorbs.append(home.id)
            home = other
        else:
            reviews.append((other.id, ReviewReason.SAME_CERTIFICATE))
    return Placement(home.id, tuple(absorbs), tuple(reviews))


def _changed_number(pointers: Pointers) -> Placement | None:
    """A record that came before under one customer number and now names another stays where it is."""
    current, named = pointers.current, pointers.by_number
    if current is None or not current.numbered or not pointers.has_number or (named and named.id == current.id):
        return None
    other = named.id if named else current.id
    return Placement(current.id, reviews=((other, ReviewReason.NUMBER_CHANGED),), takes_number=False)


def _by_certificate(pointers: Pointers) -> Known | None:
    twin = pointers.by_certificate
    return None if twin is None or (pointers.has_number and twin.numbered) else twin


def leads(line: Line, over: Line) -> bool:
    """Tell whether what one line says of a customer replaces what another said."""
    return LINE_RANK[line] <= LINE_RANK[over]
