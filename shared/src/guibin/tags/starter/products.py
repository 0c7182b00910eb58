"""Starter tags of products held: what customers have, and what is missing."""

from collections.abc import Iterator

from guibin.tags.models import TagAxis, TagKind
from guibin.tags.starter.forms import Shelf, StarterTag, all_, any_, is_, not_, of_kind, owns, ranges
from guibin.tags.vocabulary import CustomerKind

_tag = Shelf(TagAxis.PRODUCTS_HELD, CustomerKind.PERSONAL)


def products_held() -> Iterator[StarterTag]:
    """Yield the tags of the axis."""
    yield from _held()
    yield from _missing()
    yield from _by_kind()


def _held() -> Iterator[StarterTag]:
    for code, product_class, zh, en in (
        ("wealth_holder", "wealth_management", "持有理财", "Holds wealth products"),
        ("fund_holder", "fund", "持有基金", "Holds funds"),
        ("insured", "insurance", "持有保险", "Insured"),
        ("depositor", "deposits", "持有存款", "Holds deposits"),
    ):
        yield _tag(code, zh, en, f"{zh}余额大于零 / a balance above zero of {product_class}", owns(product_class))
    invested = any_(owns("fund"), owns("bond"), owns("bullion"), owns("trust"), owns("structured"))
    about = "持有基金、债券、贵金属、信托或结构性产品 / holds funds, bonds, bullion, trusts or structured products"
    yield _tag("investor", "持有投资类产品", "Investor", about, invested)
    about = "储蓄与信用卡双持 / known to personal finance and to cards"
    both = is_("lines", "has_all", ["personal_finance", "credit_card"])
    yield _tag("saves_and_spends", "储蓄与信用卡双持", "Saves and spends", about, both)
    parts = [owns(name) for name in ("deposits", "wealth_management", "fund", "insurance", "structured", "bullion")]
    parts += [is_("lines", "has_any", [line]) for line in ("credit_card", "e_finance")]
    score = [{"points": 1, "when": part} for part in parts]
    bounds = ranges(
        (None, 1),
        ("one", 2, "一类", "One"),
        ("few", 4, "两至三类", "Two or three"),
        ("many", None, "四类以上", "Four and more"),
    )
    about = "产品与服务类别数 / how many kinds of products and services are used"
    yield _tag("breadth", "产品覆盖度", "Breadth of products", about, {"score": score, "ranges": bounds}, TagKind.SCORE)


def _missing() -> Iterator[StarterTag]:
    about = "资产五万以上且无保险 / 50,000 or more and no insurance"
    gap = all_(is_("aum", ">=", "50000.00"), not_(owns("insurance")))
    yield _tag("protection_gap", "保障缺口", "Gap of protection", about, gap)
    about = "有储蓄、无信用卡 / saves and has no card"
    gap = all_(is_("lines", "has_any", ["personal_finance"]), is_("lines", "has_none", ["credit_card"]))
    yield _tag("without_card", "未办信用卡", "Without a card", about, gap)
    about = "未开通电子渠道 / not known to e-finance"
    yield _tag("offline_only", "未用电子渠道", "Offline only", about, is_("lines", "has_none", ["e_finance"]))


def _by_kind() -> Iterator[StarterTag]:
    kind = CustomerKind
    about = "有贷款且有保险 / borrows and is insured"
    rule = all_(of_kind(kind.CREDIT), owns("insurance"))
    yield _tag("insured_borrower", "贷款客户有保险", "Insured borrower", about, rule, customer_kind=kind.CREDIT)
    about = "企业客户持有个人理财 / company customer with wealth products"
    rule = all_(of_kind(kind.CORPORATE), owns("wealth_management"))
    yield _tag("owner_invests", "企业主理财", "Owner invests", about, rule, customer_kind=kind.CORPORATE)
    about = "社保客户持有理财 / social security customer with wealth products"
    rule = all_(of_kind(kind.SOCIAL_SECURITY), owns("wealth_management"))
    yield _tag("pensioner_invests", "社保客户理财", "Invests at age", about, rule, customer_kind=kind.SOCIAL_SECURITY)
    about = "代发客户尚无理财 / paid through us and without a wealth product"
    rule = all_(of_kind(kind.COLLECTION_PAYMENT), not_(owns("wealth_management")))
    yield _tag("payroll_to_win", "代发待提升", "Paid, not yet investing", about, rule,
               customer_kind=kind.COLLECTION_PAYMENT)  # fmt: skip
