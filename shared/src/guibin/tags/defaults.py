"""The starter set: twenty rule tags over the five axes, published as version 1, which a bank then edits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.seeding import add_missing
from guibin.tags.models import Tag, TagAxis, TagKind, TagState, TagVersion

RuleTree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StarterTag:
    """A tag of the starter set."""

    code: str
    axis: TagAxis
    name_zh: str
    name_en: str
    rule: RuleTree


def _is(fact: str | RuleTree, operator: str, value: object) -> RuleTree:
    return {"fact": fact, "op": operator, "value": value}


def _all(*nodes: RuleTree) -> RuleTree:
    return {"all": list(nodes)}


def _any(*nodes: RuleTree) -> RuleTree:
    return {"any": list(nodes)}


def _events(function: str, field: str, days: int, where: RuleTree | None = None) -> RuleTree:
    filtered = {} if where is None else {"where": where}
    return {function: field, "window": {"last_days": days}} | filtered


def _holds(product_class: str) -> RuleTree:
    return _is(f"asset.{product_class}", ">", "0.00")


_CARD_SPEND = _is("event.type", "=", "card_spend")
_PAYROLL = _any(_is("event.type", "=", "salary"), _is("event.inflow_class", "=", "payroll"))
_PENSION = _any(_is("event.type", "=", "pension"), _is("event.inflow_class", "=", "pension"))


def _inflow(name: str) -> RuleTree:
    return _is("event.inflow_class", "=", name)


def _asset_structure() -> Iterator[StarterTag]:
    axis = TagAxis.ASSET_STRUCTURE
    yield StarterTag("mda_200k", axis, "月日均二十万", "Average of 200,000", _is("aum_mda", ">=", "200000.00"))
    yield StarterTag("mda_1m", axis, "月日均百万", "Average of a million", _is("aum_mda", ">=", "1000000.00"))
    yield StarterTag("mda_6m", axis, "月日均六百万", "Average of six million", _is("aum_mda", ">=", "6000000.00"))
    deposits_only = [{"not": _holds(other)} for other in ("wealth_management", "fund", "insurance", "structured")]
    yield StarterTag(
        "deposits_only", axis, "资产集中存款", "Deposits only", _all(_is("aum", ">=", "200000.00"), *deposits_only)
    )
    growth = _all(_is("aum", ">", {"fact": "aum_mda"}), _is("aum", ">=", "50000.00"))
    yield StarterTag("assets_rising", axis, "资产上升", "Assets rising", growth)


def _source() -> Iterator[StarterTag]:
    axis = TagAxis.SOURCE
    yield StarterTag("payroll", axis, "代发工资", "Payroll", _is(_events("count", "event", 92, _PAYROLL), ">=", 2))
    yield StarterTag("pension", axis, "养老金入账", "Pension", _is(_events("count", "event", 92, _PENSION), ">=", 1))
    acquiring = _events("count", "event", 92, _inflow("merchant_acquiring"))
    yield StarterTag("merchant", axis, "收单商户", "Merchant", _is(acquiring, ">=", 1))
    brought = _events("sum", "event.amount", 92, _inflow("own_transfer"))
    elsewhere = _is(brought, ">=", "50000.00")
    yield StarterTag("money_from_elsewhere", axis, "他行资金转入", "Money from elsewhere", elsewhere)


def _liabilities() -> Iterator[StarterTag]:
    axis = TagAxis.LIABILITIES
    yield StarterTag("borrower", axis, "有负债", "Borrower", _is("liabilities", ">", "0.00"))
    yield StarterTag(
        "owes_more_than_owns", axis, "负债高于资产", "Owes more than owns", _is("liabilities", ">", {"fact": "aum"})
    )
    yield StarterTag("card_debt", axis, "信用卡高透支", "Card debt", _is("liability.cards", ">=", "20000.00"))
    loans = _any(_is("liability.micro_loans", ">", "0.00"), _is("liability.merchant_loans", ">", "0.00"))
    yield StarterTag("business_loan", axis, "经营贷款", "Business loan", loans)


def _products_held() -> Iterator[StarterTag]:
    axis = TagAxis.PRODUCTS_HELD
    yield StarterTag("wealth_holder", axis, "持有理财", "Holds wealth products", _holds("wealth_management"))
    invested = _any(_holds("fund"), _holds("bond"), _holds("bullion"), _holds("trust"))
    yield StarterTag("investor", axis, "持有投资类产品", "Investor", invested)
    yield StarterTag("insured", axis, "持有保险", "Insured", _holds("insurance"))
    both = _is("lines", "has_all", ["personal_finance", "credit_card"])
    yield StarterTag("saves_and_spends", axis, "储蓄与信用卡双持", "Saves and spends", both)


def _transactions() -> Iterator[StarterTag]:
    axis = TagAxis.TRANSACTIONS
    spent = _events("sum", "event.amount", 90, _CARD_SPEND)
    yield StarterTag("card_spender", axis, "刷卡活跃", "Spends by card", _is(spent, ">=", "5000.00"))
    travel = _events("count", "event", 180, _all(_CARD_SPEND, _is("event.merchant_category", "=", "travel")))
    yield StarterTag("traveller", axis, "差旅消费", "Traveller", _is(travel, ">=", 2))
    quiet = _all(_is(_events("count", "event", 90), "=", 0), _is("tenure_days", ">=", 180))
    yield StarterTag("quiet", axis, "近九十日无交易", "No transaction in 90 days", quiet)


STARTER_TAGS: Final = (
    *_asset_structure(),
    *_source(),
    *_liabilities(),
    *_products_held(),
    *_transactions(),
)


async def seed(session: AsyncSession) -> int:
    """Add the starter tags that are missing; what a bank has changed stays. Returns the rows added."""
    now = clock.now()
    tags = [
        {
            "code": tag.code,
            "kind": TagKind.RULE,
            "axis": tag.axis,
            "state": TagState.PUBLISHED,
            "name_zh": tag.name_zh,
            "name_en": tag.name_en,
            "published_version": 1,
            "revision": 1,
            "created_at": now,
        }
        for tag in STARTER_TAGS
    ]
    versions = [{"tag_code": tag.code, "version": 1, "rule": tag.rule, "published_at": now} for tag in STARTER_TAGS]
    return await add_missing(session, Tag, tags) + await add_missing(session, TagVersion, versions)
