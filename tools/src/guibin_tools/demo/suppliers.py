"""The demo bank's connected supplier (供应商), and what it delivers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SupplierData:
    """A supplier over HTTP; `delivers` are the right's code, what the supplier calls it, and the price in fen."""

    code: str
    name: str
    tax_rate_bp: int
    delivers: tuple[tuple[str, str, int], ...]


SUPPLIER = SupplierData(
    "YX",
    "翼行数字权益",
    600,
    (
        ("mobile_top_up_30", "YX-TOPUP-30", 29_70),
        ("video_month", "YX-VIDEO-1M", 18_00),
        ("tea_gift_box", "YX-TEA-BOX", 86_00),
    ),
)
