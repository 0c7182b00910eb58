"""Parties files: who a line's customers are. Every record finds its customer through `guibin.customers.fusion`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from guibin.customers.fusion import FileContext, Fusion
from guibin.customers.identifiers import (
    born_by_card,
    gender_by_card,
    is_blocked,
    normalise_certificate,
    normalise_number,
    normalise_phone,
)
from guibin.customers.models import CertificateType, Gender, PartyStatus, PartyType
from guibin.customers.references import record_ref
from guibin.customers.rules import Party
from guibin.feeds.errors import HeadOfficeMissing
from guibin.feeds.models import FeedMode
from guibin.feeds.rules import LONGEST_NAME, Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking
from guibin.organisation.repository import list_branches
from guibin.privacy.tombstones import find_buried, stones_of

_BATCH: Final = 1_000


async def take_parties(taking: Taking, rows: Rows) -> None:
    """Take the rows of a parties file; a full one ends the records that it leaves out.

    A refused row still says that its record exists, so it ends nothing.

    Raises:
        HeadOfficeMissing: there is no organisation yet.
    """
    branches = await list_branches(taking.session)
    codes = {branch.code: branch.id for branch in branches}
    head_office = next((branch.id for branch in branches if branch.parent_id is None), None)
    if head_office is None:
        raise HeadOfficeMissing
    facts = (taking.line, taking.business_date, taking.file_id, taking.actor)
    context = FileContext(*facts, codes, head_office, taking.mapping.fills)
    fusion = Fusion(taking.session, taking.keys, context)
    seen: set[bytes] = set()
    batch, over = list[tuple[int, Party]](), dict[bytes, int]()
    for row in rows:
        try:
            cells = taking.cells(row)
            record_id, ref = _named(taking, cells, seen)
            if cells.is_deletion:
                over[ref] = row[0]
            else:
                party = read_party(record_id, cells, on=taking.business_date, branches=codes)
                batch.append((row[0], party))
        except RowRefused as refused:
            taking.refuse(row[0], refused)
        if len(batch) == _BATCH:
            await fusion.take(await _living(taking, batch))
            batch = []
    await fusion.take(await _living(taking, batch))
    for ref in await fusion.end_named(list(over)):
        taking.refuse(over[ref], RowRefused(RowCode.RECORD_UNKNOWN, "record_id"))
    if taking.mode is FeedMode.FULL:
        await fusion.end_missing(seen)
    taking.counts += fusion.counts
    changed = ("records_new", "records_changed", "deleted")
    taking.rows_changed = sum(taking.counts[name] for name in changed)


async def _living(taking: Taking, batch: Sequence[tuple[int, Party]]) -> list[Party]:
    """Refuse the rows of customers whose data were erased; returns the others."""
    stones = {
        number: stones_of(taking.keys, taking.line, party.record_id, party.customer_no) for number, party in batch
    }
    buried = await find_buried(taking.session, {stone for of_row in stones.values() for stone in of_row})
    living = []
    for number, party in batch:
        if buried.isdisjoint(stones[number]):
            living.append(party)
        else:
            taking.refuse(number, RowRefused(RowCode.CUSTOMER_ERASED, "record_id"))
    return living


def _named(taking: Taking, cells: Cells, seen: set[bytes]) -> tuple[str, bytes]:
    record_id = cells.required_number("record_id")
    ref = record_ref(taking.keys, taking.line, record_id)
    if ref in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "record_id")
    seen.add(ref)
    return record_id, ref


def read_party(record_id: str, cells: Cells, *, on: date, branches: Mapping[str, UUID]) -> Party:
    """Read one row of a parties file for a business date.

    Raises:
        RowRefused: with the first column that is wrong.
    """
    certificate_type, certificate_no = _certificate(cells, on)
    born, gender = cells.day("birth_date"), cells.known("gender", Gender)
    if certificate_type is CertificateType.ID_CARD and certificate_no is not None and not is_blocked(certificate_no):
        born = born or born_by_card(certificate_no)
        gender = gender or gender_by_card(certificate_no)
    if born is not None and born > on:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "birth_date")
    return Party(
        record_id=record_id,
        party_type=cells.required_known("party_type", PartyType),
        name=cells.required("name", LONGEST_NAME),
        status=cells.known("status", PartyStatus) or PartyStatus.ACTIVE,
        gender=gender or Gender.UNKNOWN,
        branch_code=_branch(cells, branches),
        customer_no=_customer_no(cells),
        certificate_type=certificate_type,
        certificate_no=certificate_no,
        phone=_phone(cells),
        birth_date=born,
        address=cells.text("address"),
        city_code=cells.code("city_code"),
        employer=cells.text("employer", LONGEST_NAME),
        opened_on=cells.day("opened_on"),
    )


def _certificate(cells: Cells, on: date) -> tuple[CertificateType | None, str | None]:
    kind, number = cells.known("certificate_type", CertificateType), cells.number_text("certificate_no")
    if number is None:
        return None, None
    if kind is None:
        raise RowRefused(RowCode.MISSING_VALUE, "certificate_type")
    if is_blocked(number):
        return kind, number
    normalised = normalise_certificate(kind, number, on=on)
    if normalised is None:
        raise RowRefused(RowCode.CERTIFICATE_INVALID, "certificate_no")
    return kind, normalised


def _customer_no(cells: Cells) -> str | None:
    number = cells.number_text("customer_no")
    if number is None:
        return None
    normalised = normalise_number(number)
    if normalised is None:
        raise RowRefused(RowCode.NUMBER_INVALID, "customer_no")
    return normalised


def _phone(cells: Cells) -> str | None:
    phone = cells.number_text("phone")
    if phone is None:
        return None
    normalised = normalise_phone(phone)
    if normalised is None:
        raise RowRefused(RowCode.PHONE_INVALID, "phone")
    return normalised


def _branch(cells: Cells, branches: Mapping[str, UUID]) -> str | None:
    code = cells.code("branch_code")
    if code is not None and code not in branches:
        raise RowRefused(RowCode.BRANCH_UNKNOWN, "branch_code")
    return code
