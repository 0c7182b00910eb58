"""Rules to begin with: what loyalty programmes of banks give points for, as terms that a draft can be made of."""

from dataclasses import dataclass
from typing import Any, Final

from guibin.points.earning.terms import EarningTerms

_REWARD: Final = "reward"


@dataclass(frozen=True, slots=True)
class Template:
    """Terms that are complete in themselves, and what to look at before they are submitted."""

    code: str
    purpose_zh: str
    purpose_en: str
    terms: EarningTerms


def _gives(points: int, **how: Any) -> list[dict[str, Any]]:
    return [{"gives": [{"wallet": _REWARD, "kind": "fixed", "points": points, **how}]}]


_PER_20_CNY: Final = {"wallet": _REWARD, "kind": "proportional", "points": 1, "per": "20.00", "max_points": 500}

_FOUND: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    (
        "birthday",
        "生日当天赠分，每年一次；确认分值与有效天数",
        "Points on the birthday, once a year: settle how many, and how long they last",
        {
            "name_zh": "生日礼",
            "name_en": "Birthday gift",
            "events": ["birthday"],
            "cases": _gives(200, expires_in_days=90),
        },
    ),
    (
        "anniversary",
        "开户周年赠分，按层级加成；确认各层级比例",
        "Points on each anniversary, more for higher tiers: settle the per cent by tier",
        {
            "name_zh": "开户周年礼",
            "name_en": "Anniversary gift",
            "events": ["anniversary"],
            "cases": _gives(100, multipliers={"T3": 150, "T4": 200, "T5": 300}),
        },
    ),
    (
        "campaign_code",
        "客户输入活动码得分，全行限量；更换活动码、起止日期与预算",
        "A code that customers type, limited in all: change the code, the days and the budget",
        {
            "name_zh": "活动码赠分",
            "name_en": "Campaign code",
            "events": ["code"],
            "codes": ["CHANGE2027"],
            "cases": _gives(100),
            "budgets": [{"period": "lifetime", "awards": 1_000}],
        },
    ),
    (
        "weekend_spending",
        "周末刷卡按每20元1分，单笔与每月封顶；确认上限",
        "A point for each 20 CNY spent by card at weekends, bounded by event and month: settle the bounds",
        {
            "name_zh": "周末刷卡",
            "name_en": "Weekend card spending",
            "events": ["card_spend"],
            "window": {"weekdays": [6, 7]},
            "cases": [{"gives": [_PER_20_CNY]}],
            "caps": [{"period": "month", "points": 2_000}],
        },
    ),
    (
        "welcome",
        "推荐客户得分，推荐后有代发工资到账方可使用；确认期限",
        "Points for a referral that can be spent once a salary has come in: settle the days",
        {
            "name_zh": "推荐有礼",
            "name_en": "Referral reward",
            "events": ["referral"],
            "cases": _gives(300, pending_event="salary", pending_event_days=90),
            "frequency": [{"period": "month", "times": 3}],
        },
    ),
    (
        "daily_login",
        "每日首次登录得分；确认每日次数",
        "Points for the first log-in of a day",
        {
            "name_zh": "每日登录",
            "name_en": "Daily log-in",
            "events": ["login"],
            "cases": _gives(2),
            "frequency": [{"period": "day", "times": 1}],
        },
    ),
)

TEMPLATES: Final[tuple[Template, ...]] = tuple(
    Template(code, zh, en, EarningTerms.of(terms)) for code, zh, en, terms in sorted(_FOUND, key=lambda one: one[0])
)
"""By code."""
