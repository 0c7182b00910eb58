"""What people call the kinds of business events, in the reasons of entries."""

from typing import Final

from guibin.holdings.models import EventType

EVENT_NAMES: Final[dict[EventType, tuple[str, str]]] = {
    EventType.CARD_SPEND: ("刷卡消费", "card spending"),
    EventType.PAYMENT: ("快捷支付", "a payment"),
    EventType.TRANSFER_IN: ("转入", "a transfer in"),
    EventType.TRANSFER_OUT: ("转出", "a transfer out"),
    EventType.DEPOSIT: ("存款", "a deposit"),
    EventType.WITHDRAWAL: ("取款", "a withdrawal"),
    EventType.SALARY: ("代发工资", "a salary"),
    EventType.PENSION: ("养老金入账", "a pension"),
    EventType.LOAN_DRAWDOWN: ("贷款发放", "a loan paid out"),
    EventType.LOAN_REPAYMENT: ("贷款还款", "a repayment"),
    EventType.FUND_PURCHASE: ("基金申购", "a fund purchase"),
    EventType.FUND_REDEMPTION: ("基金赎回", "a fund redemption"),
    EventType.INSURANCE_PREMIUM: ("保险缴费", "an insurance premium"),
    EventType.LOGIN: ("登录手机银行", "a log-in"),
    EventType.REFERRAL: ("推荐新客户", "a referral"),
    EventType.OTHER: ("其他业务", "another event"),
    EventType.BIRTHDAY: ("生日", "a birthday"),
    EventType.ANNIVERSARY: ("开户周年", "an anniversary"),
    EventType.CODE: ("输入活动码", "a code entered"),
    EventType.TAG_ENTERED: ("进入指定客群", "a group of customers entered"),
}
"""Chinese and English."""
