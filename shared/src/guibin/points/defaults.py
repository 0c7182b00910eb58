"""The wallets and earning rules of an empty database; a bank edits them afterwards."""

from datetime import UTC, datetime
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.lines import Line
from guibin.core.seeding import add_missing
from guibin.holdings.models import EventType
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import Case, EarningKind, EarningTerms, Gift
from guibin.points.models import Expiry, Wallet

SERVICE: Final = "service"
REWARD: Final = "reward"
GROWTH: Final = "growth"

_EXPIRY_YEARS: Final = 2
_GROWTH_MONTHS: Final = 12
_PER_FEN: Final = 20_00
_MOST_PER_EVENT: Final = 5_000

# Cost in fen per point: a service point buys about 1 CNY of a service, a reward point about 0.10 CNY of goods. Growth
# points buy nothing and count over a year; the wallet is off until a tier scheme uses it. Service points come from
# assets, deposits among them, so that they buy services alone, and nothing says what
# they would be in money.
WALLETS: Final[tuple[dict[str, object], ...]] = (
    {
        "code": SERVICE,
        "name_zh": "增值服务积点",
        "name_en": "Service points",
        "unit_zh": "积点",
        "unit_en": "service points",
        "cost_fen": 100,
        "funding_line": Line.PERSONAL_FINANCE,
        "spendable": ["health", "medical", "education", "social", "travel", "finance"],
        "expiry": Expiry.CALENDAR,
        "expiry_years": _EXPIRY_YEARS,
        "active": True,
    },
    {
        "code": REWARD,
        "name_zh": "综合积分",
        "name_en": "Reward points",
        "unit_zh": "积分",
        "unit_en": "points",
        "cost_fen": 10,
        "funding_line": Line.CREDIT_CARD,
        "buys_goods": True,
        "pooled": True,
        "valuation": {"points": 100, "fen": 10_00, "step_fen": 1, "rounding": "down"},
        "expiry": Expiry.CALENDAR,
        "expiry_years": _EXPIRY_YEARS,
        "active": True,
    },
    {
        "code": GROWTH,
        "name_zh": "成长值",
        "name_en": "Growth points",
        "unit_zh": "成长值",
        "unit_en": "growth points",
        "cost_fen": 0,
        "funding_line": Line.PERSONAL_FINANCE,
        "spendable": [],
        "growth": True,
        "expiry": Expiry.ROLLING,
        "expiry_months": _GROWTH_MONTHS,
        "active": False,
    },
)

# Event, Chinese and English reason, points, for each full so many fen (None: for each event). Movements of deposits
# earn nothing here: reward points buy goods, and goods are not given for deposits.
RULES: Final[tuple[tuple[EventType, str, str, int, int | None], ...]] = (
    (EventType.CARD_SPEND, "刷卡消费", "Card spending", 1, _PER_FEN),
    (EventType.PAYMENT, "快捷支付", "Payment", 1, _PER_FEN),
    (EventType.SALARY, "代发工资", "Salary received", 200, None),
    (EventType.PENSION, "养老金入账", "Pension received", 200, None),
    (EventType.REFERRAL, "推荐新客户", "A customer referred", 300, None),
    (EventType.LOGIN, "登录手机银行", "Mobile banking used", 5, None),
)


ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""From when on the seeded rules count: before any event that is taken."""


async def seed(session: AsyncSession) -> int:
    """Put wallets and rules where they are missing; returns how many wallets and rules were added."""
    added = await add_missing(session, Wallet, [Wallet.model_validate(row).model_dump() for row in WALLETS])
    rules = await add_missing(session, EarningRule, [_rule(event) for event, *_ in RULES])
    await add_missing(session, EarningRuleVersion, [_version(*rule) for rule in RULES])
    return added + rules


def _rule(event: EventType) -> dict[str, object]:
    return EarningRule(
        code=f"{REWARD}_{event}", state=RuleState.ACTIVE, active_version=1, created_at=clock.now()
    ).model_dump()


def _version(event: EventType, zh: str, en: str, points: int, per_fen: int | None) -> dict[str, object]:
    gift = Gift(
        wallet=REWARD,
        kind=EarningKind.FIXED if per_fen is None else EarningKind.PROPORTIONAL,
        points=points,
        per=per_fen,
        max_points=None if per_fen is None else _MOST_PER_EVENT,
    )
    terms = EarningTerms(name_zh=zh, name_en=en, events=[event], cases=[Case(gives=[gift])])
    return EarningRuleVersion(
        rule_code=f"{REWARD}_{event}",
        version=1,
        terms=terms.document(),
        in_force_from=ALWAYS,
        published_at=clock.now(),
    ).model_dump()
