"""Starter tags of asset structure: how much, of what, and where it goes."""

from collections.abc import Iterator
from typing import Final

from guibin.tags.models import TagAxis, TagKind
from guibin.tags.starter.forms import Shelf, StarterTag, all_, any_, case, is_, not_, of_kind, owns, ranges
from guibin.tags.vocabulary import CustomerKind

_RISKY: Final = ("fund", "bond", "bullion", "trust", "structured")
_NOT_DEPOSITS: Final = ("wealth_management", "insurance", *_RISKY)
_tag = Shelf(TagAxis.ASSET_STRUCTURE, CustomerKind.PERSONAL)


def asset_structure() -> Iterator[StarterTag]:
    """Yield the tags of the axis."""
    yield from _amounts()
    yield from _movement()
    yield from _mix()
    yield from _by_kind()


def _amounts() -> Iterator[StarterTag]:
    for code, zh, en, amount in (
        ("mda_200k", "月日均二十万", "Average of 200,000", "200000.00"),
        ("mda_1m", "月日均百万", "Average of a million", "1000000.00"),
        ("mda_6m", "月日均六百万", "Average of six million", "6000000.00"),
    ):
        about = f"上月月日均资产不低于 {amount} 元 / last month's average assets of {amount} CNY or more"
        yield _tag(code, zh, en, about, is_("aum_mda", ">=", amount))
    levels = [
        case("wealth", is_("aum_mda", ">=", "6000000.00"), "财富", "Wealth"),
        case("affluent", is_("aum_mda", ">=", "1000000.00"), "富裕", "Affluent"),
        case("growing", is_("aum_mda", ">=", "200000.00"), "成长", "Growing"),
        case("potential", is_("aum_mda", ">=", "50000.00"), "潜力", "Potential"),
    ]
    about = "按上月月日均划分的资产层级 / level by last month's average"
    yield _tag("asset_level", "资产层级", "Level of assets", about, {"values": levels}, TagKind.VALUES)
    near = all_(is_("aum_mda", "between", ["160000.00", "199999.99"]))
    about = "月日均距二十万不足四万 / less than 40,000 short of an average of 200,000"
    yield _tag("near_200k", "临界二十万", "Close to 200,000", about, near)
    near = all_(is_("aum_mda", "between", ["800000.00", "999999.99"]))
    about = "月日均距百万不足二十万 / less than 200,000 short of an average of a million"
    yield _tag("near_1m", "临界百万", "Close to a million", about, near)


def _movement() -> Iterator[StarterTag]:
    about = "当前资产高于上月月日均 / assets now above last month's average"
    rising = all_(is_("aum", ">", {"fact": "aum_mda"}), is_("aum", ">=", "50000.00"))
    yield _tag("assets_rising", "资产上升", "Assets rising", about, rising)
    ratio = {"divide": [{"fact": "aum"}, {"fact": "aum_mda"}]}
    bounds = ranges(
        ("outflow", "0.80", "大幅流出", "Large outflow"),
        ("shrinking", "0.95", "下降", "Shrinking"),
        ("stable", "1.05", "平稳", "Stable"),
        ("growing", None, "增长", "Growing"),
    )
    about = "当前资产与上月月日均之比 / assets now against last month's average"
    yield _tag(
        "asset_trend", "资产走势", "Trend of assets", about, {"formula": ratio, "ranges": bounds}, TagKind.ARITHMETIC
    )


def _mix() -> Iterator[StarterTag]:
    none_else = [not_(owns(other)) for other in _NOT_DEPOSITS]
    about = "资产二十万以上且全部为存款 / 200,000 or more, all of it deposits"
    yield _tag("deposits_only", "资产集中存款", "Deposits only", about, all_(is_("aum", ">=", "200000.00"), *none_else))
    risky = {"add": [{"fact": f"asset.{name}"} for name in _RISKY]}
    share = {"divide": [risky, {"fact": "aum"}]}
    bounds = ranges(
        (None, "0.01"),
        ("cautious", "0.20", "稳健", "Cautious"),
        ("balanced", "0.50", "平衡", "Balanced"),
        ("bold", None, "进取", "Bold"),
    )
    about = "投资类资产占比 / share of invested assets"
    yield _tag(
        "investing_style",
        "投资风格",
        "Style of investing",
        about,
        {"formula": share, "ranges": bounds},
        TagKind.ARITHMETIC,
    )
    figure = {"figure": "asset.deposits", "ranges": ranges(
        (None, "10000.00"),
        ("small", "100000.00", "一万至十万", "10,000 to 100,000"),
        ("medium", "500000.00", "十万至五十万", "100,000 to 500,000"),
        ("large", None, "五十万以上", "500,000 and more"),
    )}  # fmt: skip
    about = "存款余额分段 / bands of deposits"
    yield _tag("deposit_band", "存款分段", "Band of deposits", about, figure, TagKind.AGGREGATE)
    about = "存款十万以上、无理财 / deposits of 100,000 or more and no wealth product"
    idle = all_(is_("asset.deposits", ">=", "100000.00"), not_(owns("wealth_management")), not_(owns("structured")))
    yield _tag("idle_deposits", "闲置存款", "Idle deposits", about, idle)


def _by_kind() -> Iterator[StarterTag]:
    kind = CustomerKind
    about = "有贷款且资产高于负债 / borrows, and owns more than is owed"
    rule = all_(of_kind(kind.CREDIT), is_("aum", ">", {"fact": "liabilities"}))
    yield _tag("covered_borrower", "资产覆盖负债", "Covered borrower", about, rule, customer_kind=kind.CREDIT)
    about = "企业客户，资产十万以上 / company customer with 100,000 or more"
    rule = all_(of_kind(kind.CORPORATE), is_("aum", ">=", "100000.00"))
    yield _tag("owner_with_assets", "企业主资产", "Owner with assets", about, rule, customer_kind=kind.CORPORATE)
    about = "社保客户，存款五万以上 / social security customer with deposits of 50,000 or more"
    rule = all_(of_kind(kind.SOCIAL_SECURITY), is_("asset.deposits", ">=", "50000.00"))
    yield _tag("pension_saver", "养老储蓄", "Saves for old age", about, rule, customer_kind=kind.SOCIAL_SECURITY)
    about = "代发客户，留存资产五万以上 / paid through us, and keeps 50,000 or more here"
    rule = all_(of_kind(kind.COLLECTION_PAYMENT), any_(is_("aum", ">=", "50000.00"), owns("wealth_management")))
    yield _tag("payroll_keeps", "代发留存", "Keeps the pay here", about, rule, customer_kind=kind.COLLECTION_PAYMENT)
