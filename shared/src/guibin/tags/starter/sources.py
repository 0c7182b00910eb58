"""Starter tags of the source: how customers came, and where their money comes from."""

from collections.abc import Iterator
from typing import Final

from guibin.tags.models import TagAxis, TagKind
from guibin.tags.starter.forms import (
    Shelf,
    StarterTag,
    all_,
    any_,
    case,
    event,
    inflow,
    is_,
    number_of,
    of_kind,
    ranges,
    sum_of,
)
from guibin.tags.vocabulary import CustomerKind

QUARTER: Final = 92
PAYROLL: Final = any_(event("salary"), inflow("payroll"))
PENSION: Final = any_(event("pension"), inflow("pension"))
_tag = Shelf(TagAxis.SOURCE, CustomerKind.PERSONAL)


def source() -> Iterator[StarterTag]:
    """Yield the tags of the axis."""
    yield from _arrival()
    yield from _money()
    yield from _by_kind()


def _arrival() -> Iterator[StarterTag]:
    steps = [
        case("first_year", is_("tenure_days", "<", 365), "一年内", "First year"),
        case("settled", is_("tenure_days", "<", 1_825), "一至五年", "One to five years"),
        case("long_standing", is_("tenure_days", ">=", 1_825), "五年以上", "Five years and more"),
    ]
    about = "与本行关系年限 / how long the relation has lasted"
    yield _tag("tenure_band", "客龄", "Length of relation", about, {"values": steps}, TagKind.VALUES)
    about = "与三条以上业务条线有关系 / known to three business lines or more"
    three = [
        all_(*(is_("lines", "has_all", [line, other, "personal_finance"]),))
        for line, other in (
            ("credit_card", "e_finance"),
            ("credit_card", "consumer_credit"),
            ("e_finance", "consumer_credit"),
            ("e_finance", "agri_credit"),
        )
    ]
    yield _tag("many_lines", "多条线客户", "Known to many lines", about, any_(*three))
    about = "六十岁及以上 / 60 and older"
    yield _tag("aged_60", "银发客户", "60 and older", about, is_("age", ">=", 60))
    about = "三十五岁以下 / younger than 35"
    yield _tag("young", "青年客户", "Younger than 35", about, is_("age", "<", 35))


def _money() -> Iterator[StarterTag]:
    brought = sum_of(QUARTER, inflow("own_transfer"))
    about = "近一季由他行本人账户转入五万以上 / 50,000 or more from own accounts elsewhere in a quarter"
    yield _tag("money_from_elsewhere", "他行资金转入", "Money from elsewhere", about, is_(brought, ">=", "50000.00"))
    rule = {"most": "event.inflow_class", "by": "amount", "window": {"last_days": QUARTER}, "at_most": 2}
    rule |= {"least_percent": 25}
    about = "近一季按金额的主要资金来源 / main sources of money in a quarter, by amount"
    yield _tag("main_inflow", "主要资金来源", "Main source of money", about, rule, TagKind.PREFERENCE)
    about = "近一季到期资金转存 / money of matured products put in again in a quarter"
    yield _tag(
        "rolls_over", "到期续存", "Rolls over", about, is_(number_of(QUARTER, inflow("maturity_rollover")), ">=", 1)
    )
    about = "近一季成功推荐他人 / brought somebody along in a quarter"
    yield _tag("recommends", "推荐人", "Recommends us", about, is_(number_of(QUARTER, event("referral")), ">=", 1))


def _by_kind() -> Iterator[StarterTag]:
    kind = CustomerKind
    about = "近一季代发工资两笔以上 / two salaries or more in a quarter"
    paid = is_(number_of(QUARTER, PAYROLL), ">=", 2)
    yield _tag("payroll", "代发工资", "Payroll", about, paid, customer_kind=kind.COLLECTION_PAYMENT)
    bounds = ranges(
        (None, "1.00"),
        ("modest", "15000.00", "一万五以下", "Below 15,000"),
        ("middle", "30000.00", "一万五至三万", "15,000 to 30,000"),
        ("high", None, "三万以上", "30,000 and more"),
    )
    rule = {"figure": sum_of(QUARTER, PAYROLL), "ranges": bounds}
    about = "近一季代发金额分段 / bands of pay in a quarter"
    yield _tag("payroll_band", "代发金额", "Band of pay", about, rule, TagKind.AGGREGATE, kind.COLLECTION_PAYMENT)
    about = "近一季养老金入账 / a pension came in within a quarter"
    got = is_(number_of(QUARTER, PENSION), ">=", 1)
    yield _tag("pension", "养老金入账", "Pension", about, got, customer_kind=kind.SOCIAL_SECURITY)
    about = "近一季收单资金入账 / takings of a shop came in within a quarter"
    takings = is_(number_of(QUARTER, inflow("merchant_acquiring")), ">=", 1)
    yield _tag("merchant", "收单商户", "Merchant", about, takings, customer_kind=kind.CORPORATE)
    about = "由信贷关系而来，尚无理财条线 / came by a loan, and personal finance does not know the customer"
    lent = all_(of_kind(kind.CREDIT), is_("lines", "has_none", ["personal_finance"]))
    yield _tag("came_by_loan", "信贷引流", "Came by a loan", about, lent, customer_kind=kind.CREDIT)
