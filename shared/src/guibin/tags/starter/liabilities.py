"""Starter tags of liabilities: who owes what, and whether it is borne."""

from collections.abc import Iterator

from guibin.tags.models import TagAxis, TagKind
from guibin.tags.starter.forms import (
    RuleTree,
    Shelf,
    StarterTag,
    all_,
    any_,
    event,
    inflow,
    is_,
    number_of,
    of_kind,
    ranges,
)
from guibin.tags.starter.sources import QUARTER
from guibin.tags.vocabulary import CustomerKind

_tag = Shelf(TagAxis.LIABILITIES, CustomerKind.CREDIT)


def liabilities() -> Iterator[StarterTag]:
    """Yield the tags of the axis."""
    yield from _debts()
    yield from _behaviour()
    yield from _by_kind()


def _debts() -> Iterator[StarterTag]:
    about = "有未偿负债 / owes something"
    yield _tag("borrower", "有负债", "Borrower", about, is_("liabilities", ">", "0.00"))
    bounds = ranges(
        (None, "0.01"),
        ("light", "20000.00", "两万以下", "Below 20,000"),
        ("medium", "200000.00", "两万至二十万", "20,000 to 200,000"),
        ("heavy", None, "二十万以上", "200,000 and more"),
    )
    rule: RuleTree = {"figure": "liabilities", "ranges": bounds}
    about = "负债余额分段 / bands of what is owed"
    yield _tag("debt_band", "负债分段", "Band of debts", about, rule, TagKind.AGGREGATE)
    formula: RuleTree = {"divide": [{"fact": "liabilities"}, {"add": [{"fact": "aum"}, {"fact": "liabilities"}]}]}
    bounds = ranges(
        (None, "0.01"),
        ("low", "0.30", "低", "Low"),
        ("medium", "0.70", "中", "Medium"),
        ("high", None, "高", "High"),
    )
    about = "负债占资产与负债合计之比 / what is owed against assets and debts together"
    rule = {"formula": formula, "ranges": bounds}
    yield _tag("debt_ratio", "负债率", "Ratio of debts", about, rule, TagKind.ARITHMETIC)
    about = "负债高于资产 / owes more than is owned here"
    yield _tag(
        "owes_more_than_owns",
        "负债高于资产",
        "Owes more than owns",
        about,
        is_("liabilities", ">", {"fact": "aum"}),
        customer_kind=CustomerKind.PERSONAL,
    )


def _behaviour() -> Iterator[StarterTag]:
    about = "近一季按期还款两次以上 / repaid twice or more in a quarter"
    yield _tag(
        "regular_repayer",
        "按期还款",
        "Repays regularly",
        about,
        is_(number_of(QUARTER, event("loan_repayment")), ">=", 2),
    )
    about = "近一季新支用贷款 / drew a loan within a quarter"
    drawn = is_(number_of(QUARTER, any_(event("loan_drawdown"), inflow("loan_drawdown"))), ">=", 1)
    yield _tag("new_borrowing", "新增借款", "Borrowed lately", about, drawn)
    about = "信用卡透支五千以上 / 5,000 or more owed on cards"
    yield _tag(
        "card_debt",
        "信用卡高透支",
        "Card debt",
        about,
        is_("liability.cards", ">=", "5000.00"),
        customer_kind=CustomerKind.PERSONAL,
    )
    score = [
        {"points": 3, "when": is_("liabilities", ">", {"fact": "aum"})},
        {"points": 2, "when": is_("liability.cards", ">=", "20000.00")},
        {"points": 1, "when": is_("liability.micro_loans", ">", "0.00")},
        {"points": -2, "when": is_(number_of(QUARTER, event("loan_repayment")), ">=", 2)},
    ]
    bounds = ranges((None, 1), ("watch", 4, "关注", "Watch"), ("strained", None, "紧张", "Strained"))
    about = "负债压力评分 / how much debts weigh"
    yield _tag("debt_strain", "负债压力", "Strain of debts", about, {"score": score, "ranges": bounds}, TagKind.SCORE)


def _by_kind() -> Iterator[StarterTag]:
    kind = CustomerKind
    about = "经营性贷款 / owes a loan for a business"
    loans = any_(is_("liability.micro_loans", ">", "0.00"), is_("liability.merchant_loans", ">", "0.00"))
    yield _tag("business_loan", "经营贷款", "Business loan", about, loans, customer_kind=kind.CORPORATE)
    about = "社保客户有负债 / social security customer who owes something"
    owing = all_(of_kind(kind.SOCIAL_SECURITY), is_("liabilities", ">", "0.00"))
    yield _tag("pensioner_in_debt", "社保客户负债", "In debt at age", about, owing, customer_kind=kind.SOCIAL_SECURITY)
    about = "代发客户有负债 / paid through us, and owes something"
    owing = all_(of_kind(kind.COLLECTION_PAYMENT), is_("liabilities", ">", "0.00"))
    yield _tag(
        "payroll_borrower", "代发客户负债", "Paid and owing", about, owing, customer_kind=kind.COLLECTION_PAYMENT
    )
