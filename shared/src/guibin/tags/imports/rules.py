"""What a row of an import may say, and what becomes of it."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from guibin.tags.kinds.definitions import HAS, Listed

_NUMBER: Final = re.compile(r"-?\d{1,15}")
_PROBABILITY: Final = re.compile(r"0(\.\d{1,5})?|1(\.0{1,5})?")


class RowStatus(StrEnum):
    """What became of a row."""

    MATCHED = "matched"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    NO_CONSENT = "no_consent"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row as it came: whom it names, which value, how sure the model is."""

    key: str
    value: str | None = None
    probability: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A value of a customer that an import gives."""

    customer_id: UUID
    value: str
    probability: Decimal | None


def read_value(row: ImportRow, listed: Listed) -> tuple[str, Decimal | None] | None:
    """Return value and probability of a row, None when they are not what the definition lists."""
    if row.probability is not None and not _PROBABILITY.fullmatch(row.probability):
        return None
    probability = None if row.probability is None else Decimal(row.probability)
    value = row.value or HAS
    if listed.numeric:
        return (value, probability) if _NUMBER.fullmatch(value) else None
    fits = value in listed.values if listed.values else value == HAS
    return (value, probability) if fits else None


def match_rows(
    rows: Sequence[tuple[ImportRow, Hashable | None]],
    owners: Mapping[Any, frozenset[UUID]],
    listed: Listed,
    seen: set[UUID],
) -> tuple[list[RowStatus], list[Given]]:
    """Decide on each row, in order; of several rows about one customer the first counts.

    `owners` says which customers in scope each key names; `seen` are those of whom rows before told, and grows.
    """
    statuses: list[RowStatus] = []
    given: list[Given] = []
    for row, key in rows:
        found = owners.get(key, frozenset()) if key is not None else frozenset()
        read = read_value(row, listed)
        if read is None:
            status = RowStatus.INVALID
        elif not found:
            status = RowStatus.UNKNOWN
        elif len(found) > 1:
            status = RowStatus.AMBIGUOUS
        elif found <= seen:
            status = RowStatus.DUPLICATE
        else:
            status = RowStatus.MATCHED
            (customer_id,) = found
            seen.add(customer_id)
            given.append(Given(customer_id, *read))
        statuses.append(status)
    return statuses, given
