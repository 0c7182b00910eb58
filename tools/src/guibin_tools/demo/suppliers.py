"""The demo bank's suppliers (供应商): a connected one, and one whose people serve customers, with a month of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SupplierData:
    """A supplier; `delivers` are the right's code, its name there, the price in fen, and the agreed hours."""

    code: str
    name: str
    tax_rate_bp: int
    delivers: tuple[tuple[str, str, int, int], ...]


SUPPLIER = SupplierData(
    "YX",
    "翼行数字权益",
    600,
    (
        ("mobile_top_up_30", "YX-TOPUP-30", 29_70, 1),
        ("video_month", "YX-VIDEO-1M", 18_00, 1),
        ("tea_gift_box", "YX-TEA-BOX", 86_00, 72),
    ),
)

SERVING_SUPPLIER = SupplierData(
    "LT",
    "领途出行服务",
    600,
    (("airport_transfer", "LT-CAR-01", 168_00, 24), ("hotel_upgrade", "LT-ROOM-01", 220_00, 48)),
)
"""Not connected: its people serve customers, and a month of that is settled in part."""


MONTHS_REDEMPTIONS = 24
_LATE, _FAILED = 7, 11


@dataclass(frozen=True, slots=True)
class Served:
    """What became of one redemption: of the month's day and hour, delivered or given up so many hours later."""

    right: str
    day: int
    hour: int
    hours: float
    failed: bool = False


def month_of_service() -> Iterator[Served]:
    """Yield what customers had of the serving supplier in a month, each by another customer: one late, one failed."""
    for number in range(MONTHS_REDEMPTIONS):
        right = "airport_transfer" if number % 3 else "hotel_upgrade"
        hours = 55.0 if number == _LATE else 0.5 + number / 2
        yield Served(right, 1 + number, 9 + number % 8, hours, failed=number == _FAILED)


def planted(lines: Sequence[tuple[str, str, int, str]]) -> list[tuple[str, str, int, str]]:
    """Return our lines as the supplier's file has them, with four differences.

    The first line is missing, the second is at another price, the third is billed twice, and one is a stranger's.
    """
    _, second, third, *rest = lines
    reference, right, quantity, _ = second
    stranger = ("LT-2026-000777", third[1], 1, third[3])
    return [(reference, right, quantity, "188.00"), third, third, *rest, stranger]
