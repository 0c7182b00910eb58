"""The shapes in which a generated or a mapped bank is handed to those who load it: plain values, no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from guibin.core.lines import Line

WINDOW_DAYS = 92
"""A file of business date B may carry dates from B - 92 to B (the feeds' edges)."""

_CHUNK_BYTES = 1 << 20

COLUMNS = {
    "parties": (
        "record_id",
        "customer_no",
        "party_type",
        "name",
        "certificate_type",
        "certificate_no",
        "phone",
        "birth_date",
        "gender",
        "address",
        "city_code",
        "branch_code",
        "employer",
        "opened_on",
        "status",
    ),
    "holdings": (
        "record_id",
        "holding_id",
        "product_code",
        "side",
        "currency",
        "opened_on",
        "closed_on",
        "matures_on",
        "credit_limit",
        "rate",
        "joint_record_ids",
        "status",
    ),
    "balances": ("holding_id", "date", "balance"),
    "events": (
        "reference",
        "record_id",
        "event_type",
        "occurred_at",
        "amount",
        "merchant_category",
        "channel",
        "inflow_class",
    ),
}
"""The columns of each kind of feed, in the order in which these generators write them."""


@dataclass(frozen=True, slots=True)
class FeedSource:
    """One feed file that lies ready on disk: UTF-8 CSV with a header.

    `rows` counts the data rows, which is what a delivery announces. Sources come in the order in which they load.
    """

    line: Line
    kind: str
    business_date: date
    mode: str
    path: Path
    rows: int

    def open(self) -> Iterator[bytes]:
        """Yield the file's bytes in chunks of at most 1 MiB."""
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True, slots=True)
class BranchData:
    """A node of the organisation tree; `kind` is head_office, region or branch; the root has no parent."""

    code: str
    kind: str
    parent_code: str | None
    name_zh: str
    name_en: str
    city_code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffData:
    """A member of staff with a role at a node; managers also have a grade, a capacity, languages and skills."""

    no: str
    name: str
    branch_code: str
    role: str
    grade: str | None = None
    capacity: int | None = None
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductData:
    """A row of the product table; `risk_level` 1 to 5 stands for R1 to R5, `weight_percent` for the coefficient."""

    code: str
    line: Line
    product_class: str
    side: str
    name_zh: str
    name_en: str
    risk_level: int | None = None
    weight_percent: int = 100


def window_ends(first_day: date, business_date: date) -> list[date]:
    """List the business dates, oldest first, whose files together may carry every day from `first_day` on."""
    count = max(0, (business_date - first_day).days - 1) // WINDOW_DAYS
    start = business_date.toordinal()
    return [date.fromordinal(start - WINDOW_DAYS * back) for back in range(count, -1, -1)]
