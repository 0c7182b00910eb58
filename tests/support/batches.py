"""Batches of feed files as a line announces and delivers them."""

import hashlib
from dataclasses import dataclass
from typing import Any

from support.lines import balance, csv_of, holding, party


@dataclass(frozen=True)
class Delivery:
    """A file of a batch: its name, its kind, its bytes and what its manifest says."""

    name: str
    kind: str
    raw: bytes
    rows: int
    control_sum: str | None = None

    def announced(self, **other: Any) -> dict[str, Any]:
        """Write its entry in the manifest, with some figures other than they are."""
        entry = {
            "name": self.name,
            "kind": self.kind,
            "sha256": hashlib.sha256(self.raw).hexdigest(),
            "bytes": len(self.raw),
            "rows": self.rows,
        }
        control = {} if self.control_sum is None else {"control_sum": self.control_sum}
        return entry | control | other


PARTIES = Delivery(
    "who.csv", "parties", csv_of(party("A", customer_no="60000001"), party("B"), party("C", gender="X")), 3
)
HOLDINGS = Delivery("has.csv", "holdings", csv_of(holding("A", "H1"), holding("B", "H2")), 2)
BALANCES = Delivery(
    "much.csv",
    "balances",
    csv_of(balance("H1", "2026-11-24", "10.50"), balance("H2", "2026-11-23", "1.00")),
    2,
    "11.50",
)
FILES = (BALANCES, PARTIES, HOLDINGS)
"""As a line may list them: not in the order in which they can be taken."""


def manifest(*files: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Write a manifest: of `FILES` where no files are given."""
    told = list(files) or [file.announced() for file in FILES]
    return {"line": "personal_finance", "date": "2026-11-24", "mode": "delta", "files": told} | values
