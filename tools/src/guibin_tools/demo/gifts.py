"""The demo bank's gifts (礼品), and what two of its branches have of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GiftData:
    """A gift with its value in fen; `stock` are units by the code of a branch."""

    code: str
    name_zh: str
    name_en: str
    value_fen: int
    stock: tuple[tuple[str, int], ...]


GIFTS = (
    GiftData("longjing_tin", "明前龙井茶罐", "Tin of Longjing tea", 88_00, (("B101", 40), ("B102", 25))),
    GiftData("silk_scarf", "真丝丝巾", "Silk scarf", 260_00, (("B101", 12), ("B102", 8))),
    GiftData("mooncake_box", "中秋月饼礼盒", "Box of mooncakes", 168_00, (("B101", 60),)),
)
