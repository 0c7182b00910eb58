"""Starter tags of transactions: what customers do, how often, and the signs that they are leaving."""

from collections.abc import Iterator
from typing import Final

from guibin.tags.models import TagAxis, TagKind
from guibin.tags.starter.forms import (
    FRESH,
    RuleTree,
    Shelf,
    StarterTag,
    all_,
    any_,
    case,
    event,
    events,
    inflow,
    is_,
    number_of,
    of_kind,
    ranges,
    sum_of,
    tag,
)
from guibin.tags.starter.sources import PAYROLL, PENSION, QUARTER
from guibin.tags.vocabulary import CustomerKind

_SPENT: Final = event("card_spend", "payment")
_LEFT: Final = event("transfer_out", "withdrawal")
_BY_APP: Final = is_("event.channel", "in", ["mobile_app", "mini_program"])
_tag = Shelf(TagAxis.TRANSACTIONS, CustomerKind.PERSONAL)


def transactions() -> Iterator[StarterTag]:
    """Yield the tags of the axis."""
    yield from _spending()
    yield from _habits()
    yield from _activity()
    yield from _leaving()
    yield from _by_kind()


def _spending() -> Iterator[StarterTag]:
    about = "近一季刷卡三千以上 / 3,000 or more spent by card in a quarter"
    spent = is_(sum_of(QUARTER, event("card_spend")), ">=", "3000.00")
    yield _tag("card_spender", "刷卡活跃", "Spends by card", about, spent)
    about = "近半年差旅消费 / paid for travel within half a year"
    travel = is_(number_of(180, all_(_SPENT, is_("event.merchant_category", "=", "travel"))), ">=", 1)
    yield _tag("traveller", "差旅消费", "Traveller", about, travel)
    about = "近一季教育支出 / paid for education within a quarter"
    school = is_(number_of(QUARTER, all_(_SPENT, is_("event.merchant_category", "=", "education"))), ">=", 1)
    yield _tag("education", "教育支出", "Pays for education", about, school)
    bounds = ranges(
        (None, "1.00"),
        ("light", "2000.00", "两千以下", "Below 2,000"),
        ("medium", "8000.00", "两千至八千", "2,000 to 8,000"),
        ("heavy", None, "八千以上", "8,000 and more"),
    )
    about = "近一季消费金额分段 / bands of what was spent in a quarter"
    rule: RuleTree = {"figure": sum_of(QUARTER, _SPENT), "ranges": bounds}
    yield _tag("spending_band", "消费分段", "Band of spending", about, rule, TagKind.AGGREGATE)
    about = "近一季消费的近度、频度、金额 / recency, frequency and amount of spending in a quarter"
    cells = [
        _cell("champion", "重要价值", "Champion", recency=[4, 5], frequency=[4, 5], monetary=[4, 5]),
        _cell("loyal", "重要保持", "Loyal", frequency=[4, 5]),
        _cell("big_spender", "高额", "Big spender", monetary=[4, 5]),
        _cell("recent", "近期活跃", "Recent", recency=[4, 5]),
        _cell("fading", "重要挽留", "Fading", recency=[1, 2]),
        _cell("regular", "一般", "Regular"),
    ]
    rule = {
        "where": _SPENT,
        "window": {"last_days": QUARTER},
        "recency": [7, 14, 30, 60],
        "frequency": [2, 4, 7, 10],
        "monetary": ["500.00", "1500.00", "3000.00", "8000.00"],
        "cells": cells,
    }
    yield _tag("spending_rfm", "消费RFM", "Spending RFM", about, rule, TagKind.RFM)


def _cell(value: str, name_zh: str, name_en: str, **spans: list[int]) -> RuleTree:
    return {"value": value, "name_zh": name_zh, "name_en": name_en} | spans


def _habits() -> Iterator[StarterTag]:
    quarter = {"window": {"last_days": QUARTER}}
    about = "近一季最常消费的三类商户 / three most frequent kinds of shops in a quarter"
    rule = {"most": "event.merchant_category", "where": _SPENT, "at_most": 3, "least_percent": 20} | quarter
    yield _tag("favourite_shops", "偏好商户", "Favourite shops", about, rule, TagKind.PREFERENCE)
    about = "近一季最常使用的渠道 / most frequent channel in a quarter"
    yield _tag(
        "favourite_channel",
        "偏好渠道",
        "Favourite channel",
        about,
        {"most": "event.channel"} | quarter,
        TagKind.PREFERENCE,
    )
    about = "近一季使用柜面 / came to a counter in a quarter"
    counter = number_of(QUARTER, is_("event.channel", "=", "counter"))
    yield _tag("counter_user", "柜面客户", "Comes to the counter", about, is_(counter, ">=", 1))
    about = "近一季申购基金 / bought a fund in a quarter"
    yield _tag("buys_funds", "申购基金", "Buys funds", about, is_(number_of(QUARTER, event("fund_purchase")), ">=", 1))
    about = "近一季缴纳保费 / paid a premium in a quarter"
    premium = is_(number_of(QUARTER, event("insurance_premium")), ">=", 1)
    yield _tag("pays_premiums", "缴纳保费", "Pays premiums", about, premium)


def _activity() -> Iterator[StarterTag]:
    about = "近三十日无交易 / no transaction in 30 days"
    quiet = all_(is_(number_of(30), "=", 0), is_("tenure_days", ">=", 30), FRESH)
    yield _tag("quiet", "近三十日无交易", "No transaction in 30 days", about, quiet)
    stages = [
        case("new", is_("tenure_days", "<", 180), "新客", "New"),
        case("active", is_(number_of(90), ">=", 1), "活跃", "Active"),
        case("growing", all_(is_(number_of(90), ">=", 3), is_("aum", ">", {"fact": "aum_mda"})), "成长", "Growing"),
        case("mature", all_(is_(number_of(90), ">=", 5), is_("aum_mda", ">=", "200000.00")), "成熟", "Mature"),
        case("declining", all_(is_(number_of(30), "=", 0), is_(number_of(90), ">=", 1), FRESH), "衰退", "Declining"),
        case("dormant", all_(is_(number_of(90), "=", 0), is_("tenure_days", ">=", 180), FRESH), "休眠", "Dormant"),
    ]
    about = "客户生命周期，后一阶段优先 / stage of the relation; the later one wins"
    yield _tag("life_cycle", "生命周期", "Life-cycle", about, {"stages": stages}, TagKind.LIFE_CYCLE)
    about = "近一季最近一次交易日 / day of the last transaction in a quarter"
    rule = {"figure": events("max", "event.date", QUARTER)}
    yield _tag("last_active", "最近交易日", "Last active on", about, rule, TagKind.AGGREGATE)
    score = [
        {"points": 30, "when": is_(number_of(30), ">=", 1)},
        {"points": 30, "when": is_(number_of(QUARTER, _SPENT), ">=", 4)},
        {"points": 20, "when": is_(number_of(QUARTER, _BY_APP), ">=", 2)},
        {"points": 20, "when": is_(number_of(QUARTER, any_(PAYROLL, PENSION)), ">=", 1)},
    ]
    bounds = ranges(
        (None, 1),
        ("low", 50, "低", "Low"),
        ("medium", 80, "中", "Medium"),
        ("high", None, "高", "High"),
    )
    about = "交易、消费、线上、代发四项评分 / scored on transactions, spending, app and pay"
    yield _tag("activity", "活跃度", "Activity", about, {"score": score, "ranges": bounds}, TagKind.SCORE)


def _leaving() -> Iterator[StarterTag]:
    """Yield the signs of leaving: outflows up by 200 %, log-ins halved, money gone; and what they come to."""
    earlier = {"subtract": [{"fact": number_of(90, _LEFT)}, {"fact": number_of(30, _LEFT)}]}
    formula = {"divide": [{"multiply": [{"fact": number_of(30, _LEFT)}, "2"]}, earlier]}
    bounds = ranges((None, "1.50"), ("rising", "3.00", "上升", "Rising"), ("tripled", None, "增两倍以上", "Tripled"))
    about = "近三十日转出次数与前六十日月均之比 / outflows of 30 days against the 60 days before"
    rule = {"formula": formula, "ranges": bounds}
    yield _tag("leaving_outflows", "转出频次上升", "Outflows rising", about, rule, TagKind.ARITHMETIC)
    logins = number_of(90, event("login"))
    fewer = all_(is_(logins, ">=", 1), is_(number_of(30, event("login")), "=", 0), FRESH)
    about = "前两月登录、近一月未登录 / logged in before, and not in the last 30 days"
    yield _tag("leaving_logins", "登录下降", "Log-ins fallen", about, fewer)
    about = "近三十日转出五千以上 / 5,000 or more left in 30 days"
    yield _tag("leaving_money", "大额转出", "Money leaving", about, is_(sum_of(30, _LEFT), ">=", "5000.00"))
    score = [
        {"points": 2, "when": all_(tag("leaving_outflows"), FRESH)},
        {"points": 1, "when": tag("leaving_logins")},
        {"points": 2, "when": all_(tag("leaving_money"), FRESH)},
        {"points": 1, "when": tag("quiet")},
    ]
    bounds = ranges((None, 1), ("watch", 3, "关注", "Watch"), ("visit", None, "三日内回访", "Visit within 3 days"))
    about = "流失征兆评分，引用前述标签，数据未到不报 / score over the signs of leaving; none while a line is late"
    yield _tag("leaving_risk", "流失预警", "Risk of leaving", about, {"score": score, "ranges": bounds}, TagKind.SCORE)


def _by_kind() -> Iterator[StarterTag]:
    kind = CustomerKind
    about = "借款客户线上活跃 / borrower who uses the app"
    rule = all_(of_kind(kind.CREDIT), is_(number_of(QUARTER, _BY_APP), ">=", 2))
    yield _tag("borrower_by_app", "信贷客户线上活跃", "Borrower by app", about, rule, customer_kind=kind.CREDIT)
    bounds = ranges(
        (None, "1.00"),
        ("small", "10000.00", "一万以下", "Below 10,000"),
        ("medium", "50000.00", "一万至五万", "10,000 to 50,000"),
        ("large", None, "五万以上", "50,000 and more"),
    )
    about = "近一季收单流水分段 / bands of takings in a quarter"
    rule = {"figure": sum_of(QUARTER, inflow("merchant_acquiring")), "ranges": bounds}
    yield _tag("takings_band", "收单流水", "Band of takings", about, rule, TagKind.AGGREGATE, kind.CORPORATE)
    about = "社保客户有消费 / social security customer who spends here"
    rule = all_(of_kind(kind.SOCIAL_SECURITY), is_(number_of(QUARTER, _SPENT), ">=", 1))
    yield _tag("pensioner_spends", "社保客户消费", "Spends at age", about, rule, customer_kind=kind.SOCIAL_SECURITY)
    about = "代发客户月内使用移动端 / paid through us and used the app within a month"
    rule = all_(of_kind(kind.COLLECTION_PAYMENT), is_(number_of(30, _BY_APP), ">=", 1))
    yield _tag("payroll_by_app", "代发客户线上活跃", "Paid and by app", about, rule,
               customer_kind=kind.COLLECTION_PAYMENT)  # fmt: skip
