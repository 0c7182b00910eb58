"""Identity files: what the bank's customer system joined, parted, renumbered or gave another certificate.

Each row is carried out as the same event is over HTTP: through the merge journal, once for its reference, and before
people where something stands against it. A row that cannot be carried out undoes nothing of the others.
"""

from typing import Final

from guibin.core.errors import Refusal
from guibin.customers.errors import CustomerNumberUnknown, IdentityReferenceTaken, MergeNotPossible
from guibin.customers.identity_events.naming import EventFault, SaidEvent
from guibin.customers.identity_events.rules import IdentityEvent, IdentityEventKind, IdentityOutcome
from guibin.customers.identity_events.service import take_identity_event
from guibin.customers.models import CertificateType
from guibin.feeds.rules import LONGEST_NAME, Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking

_REFUSALS: Final[dict[type[Refusal], tuple[RowCode, str]]] = {
    CustomerNumberUnknown: (RowCode.CUSTOMER_UNKNOWN, "customer_no"),
    IdentityReferenceTaken: (RowCode.REFERENCE_CONFLICT, "reference"),
    MergeNotPossible: (RowCode.MERGE_NOT_POSSIBLE, "other_customer_no"),
}
_CHANGES_NOTHING: Final = frozenset({IdentityOutcome.UNCHANGED, IdentityOutcome.REVIEW})


async def take_identity_rows(taking: Taking, rows: Rows) -> None:
    """Carry out the rows of an identity file one after another, in the order in which they stand."""
    for row in rows:
        try:
            await _take(taking, _read(taking, taking.cells(row)))
        except RowRefused as refused:
            taking.refuse(row[0], refused)


async def _take(taking: Taking, event: IdentityEvent) -> None:
    try:
        async with taking.session.begin_nested():
            taken = await take_identity_event(taking.session, actor=taking.actor, event=event)
    except tuple(_REFUSALS) as refusal:
        raise RowRefused(*_REFUSALS[type(refusal)]) from None
    if taken.is_repeated:
        taking.counts["repeated"] += 1
        return
    taking.counts[taken.outcome] += 1
    taking.rows_changed += taken.outcome not in _CHANGES_NOTHING


def _read(taking: Taking, cells: Cells) -> IdentityEvent:
    reference = cells.code("reference")
    if reference is None:
        raise RowRefused(RowCode.MISSING_VALUE, "reference")
    day = cells.day("occurred_on") or taking.business_date
    if day > taking.business_date:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "occurred_on")
    numbers = ("customer_no", "other_customer_no", "certificate_no", "replaces_certificate_no")
    said = SaidEvent(
        reference,
        cells.required_known("event", IdentityEventKind),
        day,
        {name: cells.number_text(name) for name in numbers} | {"name": cells.text("name", LONGEST_NAME)},
        cells.known("certificate_type", CertificateType),
    )
    try:
        return said.read(taking.keys)
    except EventFault as fault:
        raise RowRefused(RowCode.MISSING_VALUE if fault.is_missing else _invalid(fault.field), fault.field) from None


def _invalid(field: str) -> RowCode:
    return RowCode.NUMBER_INVALID if field.endswith("customer_no") else RowCode.CERTIFICATE_INVALID
