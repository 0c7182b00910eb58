"""Loads one file of links and one of identity events, as a line and the bank's customer system would send them."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.customers.models import PartyType, SourceRecord
from guibin.customers.personal import unseal
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.service import take_file
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.ciphers import KeyRing

EMPLOYEES: Final = 3
SINCE: Final = "2024-07-01"
PAYROLL: Final = Line.E_FINANCE
"""Over which companies of the demo bank pay wages."""
RENUMBERED: Final = "9"
"""What stands before a demo customer's number in place of its first digit once it was given another one."""

Row = dict[str, str]


async def load_line_files(session: AsyncSession, keys: KeyRing, *, business_date: date) -> None:
    """Bring a company's employees from its payroll, and another number of one of them; again changes nothing."""
    companies = await _records(session, keys, PartyType.COMPANY, 1)
    people = await _records(session, keys, PartyType.PERSON, EMPLOYEES)
    if not companies or not people:
        return
    company = companies[0]["record_id"] or ""
    links = [
        {
            "record_id": one["record_id"] or "",
            "link": "employee",
            "other_record_id": company,
            "valid_from": SINCE,
        }
        for one in people
    ]
    files: list[tuple[FeedKind, list[Row]]] = [(FeedKind.LINKS, links)]
    number = next((one["customer_no"] for one in people if one["customer_no"] is not None), None)
    if number is not None:
        event = {"reference": "DEMO-RENUMBER-1", "event": "renumber", "customer_no": number}
        files.append((FeedKind.IDENTITY, [event | {"other_customer_no": RENUMBERED + number[1:]}]))
    for kind, rows in files:
        await take_file(
            session,
            keys,
            line=PAYROLL,
            kind=kind,
            business_date=business_date,
            mode=FeedMode.DELTA,
            stream=[_csv_of(rows)],
            actor=NIGHTLY_JOB,
        )


async def _records(
    session: AsyncSession, keys: KeyRing, party_type: PartyType, count: int
) -> list[dict[str, str | None]]:
    query = (
        select(SourceRecord)
        .where(SourceRecord.line == PAYROLL, SourceRecord.party_type == party_type)
        .order_by(col(SourceRecord.customer_id), col(SourceRecord.id))
        .limit(count)
    )
    rows = (await session.exec(query)).all()
    return [unseal(keys, "source_record", row.model_dump(), fields=("record_id", "customer_no")) for row in rows]


def _csv_of(rows: Sequence[Row]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()
