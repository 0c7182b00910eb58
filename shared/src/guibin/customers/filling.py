"""Columns of a line's file that only fill what is empty: what its record says already stands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.customers.models import Gender
from guibin.customers.personal import unseal
from guibin.customers.rules import Party
from guibin.security.ciphers import KeyRing

_SEALED: Final = ("phone", "birth_date", "address", "employer")
_OPEN: Final = ("city_code", "branch_code", "opened_on")


def filled(party: Party, said: Mapping[str, Any], fills: frozenset[str]) -> Party:
    """Return what a record says once its row was read: in `fills` the stored word stands, where there is one."""
    kept = {name: said[name] for name in fills if said.get(name) is not None}
    return replace(party, **kept) if kept else party


async def said_of_records(
    session: AsyncSession, keys: KeyRing, *, line: Line, refs: Sequence[bytes]
) -> dict[bytes, dict[str, Any]]:
    """Return what the stored records of a line say, by reference and field; a gender that is unknown says nothing."""
    statement = text(
        "SELECT id, record_ref, data_key, phone_enc, birth_date_enc, address_enc, employer_enc, gender, city_code, "
        "branch_code, opened_on FROM source_record WHERE line = :line AND record_ref = ANY(CAST(:refs AS bytea[]))"
    )
    rows = await session.execute(statement, {"line": line.value, "refs": refs})
    return {row.record_ref: _said(keys, row._asdict()) for row in rows}


def _said(keys: KeyRing, row: Mapping[str, Any]) -> dict[str, Any]:
    sealed: dict[str, Any] = dict(unseal(keys, "source_record", row, fields=_SEALED))
    born, gender = sealed["birth_date"], Gender(row["gender"])
    sealed["birth_date"] = None if born is None else date.fromisoformat(born)
    return sealed | {name: row[name] for name in _OPEN} | {"gender": None if gender is Gender.UNKNOWN else gender}
