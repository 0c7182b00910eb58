"""The care plan that a bank starts from."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.repository import list_versions
from guibin.care.models import TouchKind, TouchPurpose
from guibin.care.plans.models import CarePlan, PlanState
from guibin.care.plans.terms import CareContact, CareOccasion, DayUnit, PlanTerms, Trigger, Whose
from guibin.core import clock
from guibin.core.ids import new_id

IN_PERSON: Final = [TouchKind.VISIT, TouchKind.MEETING, TouchKind.REVIEW]
_MINUTES: Final = {
    TouchKind.CALL: 15,
    TouchKind.MESSAGE: 5,
    TouchKind.MEETING: 60,
    TouchKind.REVIEW: 90,
    TouchKind.VISIT: 120,
}
_YUAN: Final = 100
_LARGE: Final = {
    "T0": 50_000,
    "T1": 100_000,
    "T2": 300_000,
    "T3": 500_000,
    "T4": 1_000_000,
    "T5": 2_000_000,
}


def _call(every_months: int) -> CareContact:
    titles = {
        1: ("每月关怀电话", "Monthly call"),
        2: ("双月关怀电话", "Call every two months"),
        3: ("季度关怀电话", "Quarterly call"),
    }
    zh, en = titles[every_months]
    return CareContact(
        code="call", kind=TouchKind.CALL, also=IN_PERSON, every_months=every_months, title_zh=zh, title_en=en
    )


def _review(every_months: int) -> CareContact:
    zh, en = {3: ("季度资产检视", "Quarterly review"), 6: ("半年资产检视", "Half-yearly review")}[every_months]
    return CareContact(
        code="review",
        kind=TouchKind.REVIEW,
        every_months=every_months,
        purpose=TouchPurpose.SERVICE,
        title_zh=zh,
        title_en=en,
    )


_VISIT: Final = CareContact(
    code="visit", kind=TouchKind.VISIT, every_months=12, title_zh="年度上门拜访", title_en="Yearly visit"
)


def _trigger(code: str, on: CareOccasion, offset: int, zh: str, en: str, **more: object) -> Trigger:
    said = {"code": code, "on": on, "offset": offset, "title_zh": zh, "title_en": en}
    return Trigger.model_validate({**said, **more})


_SERVICE: Final = {"purpose": TouchPurpose.SERVICE}
_BUSINESS: Final = {"unit": DayUnit.BUSINESS}
_OFF: Final = {"enabled": False}
_FLOWS: Final = {
    **_BUSINESS,
    **_SERVICE,
    **_OFF,
    "thresholds": {tier: amount * _YUAN for tier, amount in _LARGE.items()},
}

_SOLD: Final = {
    **_SERVICE,
    "product_classes": ["wealth_management", "structured", "fund", "insurance", "bullion", "bond"],
}

TRIGGERS: Final = [
    _trigger("birthday", CareOccasion.BIRTHDAY, 0, "生日祝福", "Birthday wishes"),
    _trigger("maturity_30", CareOccasion.MATURITY, -30, "产品 30 天后到期", "Matures in 30 days", **_SERVICE),
    _trigger("maturity_7", CareOccasion.MATURITY, -7, "产品 7 天后到期", "Matures in 7 days", **_SERVICE),
    _trigger("maturity_1", CareOccasion.MATURITY, -1, "产品明日到期", "Matures tomorrow", **_SERVICE),
    _trigger("new_coverage", CareOccasion.NEW_COVERAGE, 3, "新客户首次问候", "A new manager calls", **_BUSINESS),
    _trigger("tier_watch", CareOccasion.TIER_WATCH, 3, "层级预警关怀", "Tier under watch", **_BUSINESS, **_SERVICE),
    _trigger("sale_7", CareOccasion.SALE, 7, "售后回访：是否如约", "After the sale: as promised?", **_SOLD),
    _trigger("sale_30", CareOccasion.SALE, 30, "售后回访：有无疑问", "After the sale: any questions?", **_SOLD),
    _trigger("sale_90", CareOccasion.SALE, 90, "售后检视", "After the sale: review", **_SOLD),
    _trigger("account_anniversary", CareOccasion.ACCOUNT_ANNIVERSARY, 0, "开户周年问候", "Account anniversary", **_OFF),
    _trigger("large_inflow", CareOccasion.LARGE_INFLOW, 2, "大额资金流入", "Large inflow", **_FLOWS),
    _trigger("large_outflow", CareOccasion.LARGE_OUTFLOW, 1, "大额资金流出", "Large outflow", **_FLOWS),
    _trigger("tier_up", CareOccasion.TIER_UP, 5, "升级祝贺", "A higher tier", **_BUSINESS, **_OFF),
    _trigger(
        "complaint_closed",
        CareOccasion.COMPLAINT_CLOSED,
        5,
        "投诉结案回访",
        "After a complaint",
        **_BUSINESS,
        **_SERVICE,
        **_OFF,
        whose=Whose.BRANCH_HEAD,
    ),
    _trigger("payroll_missed", CareOccasion.PAYROLL_MISSED, 3, "代发工资未到账", "Payroll missed", **_BUSINESS, **_OFF),
    _trigger("life_event", CareOccasion.LIFE_EVENT, 3, "人生大事关怀", "A life event", **_BUSINESS, **_OFF),
]
"""On: birthdays, maturities, new managers, tiers under watch and what follows a sale; a bank turns on the others."""

DEFAULT_TERMS: Final = PlanTerms(
    minutes=_MINUTES,
    contacts={
        "T1": [_call(3)],
        "T2": [_call(2)],
        "T3": [_call(1), _review(6)],
        "T4": [_call(1), _review(3), _VISIT],
        "T5": [_call(1), _review(3), _VISIT],
    },
    triggers=TRIGGERS,
)
"""A call a quarter for T1, every two months for T2, monthly above; reviews from T3 on, a visit a year from T4 on."""


async def seed(session: AsyncSession) -> int:
    """Add the default plan, in force, where there is none at all. Returns the rows added."""
    if await list_versions(session, CarePlan, limit=1):
        return 0
    now = clock.now()
    session.add(
        CarePlan(
            id=new_id(),
            name="默认维护计划",
            state=PlanState.ACTIVE,
            terms=DEFAULT_TERMS.model_dump(mode="json"),
            created_at=now,
            activated_at=now,
            in_force_from=clock.today(),
        )
    )
    await session.flush()
    return 1
