"""What the first screen points at: a few lines, the most urgent first, made of what the screen shows anyway."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from guibin.core import clock
from guibin.points.balances import WalletBalance
from guibin.points.models import AccountState
from guibin.rights.models import Appointment

EXPIRING_DAYS: Final = 30
CODE_DAYS: Final = 7


class NoticeKind(StrEnum):
    """What a notice is about."""

    ACCOUNT_FROZEN = "account_frozen"
    APPOINTMENT_SOON = "appointment_soon"
    CODE_ENDING = "code_ending"
    POINTS_EXPIRING = "points_expiring"
    DEBT = "debt"
    PROPOSALS_WAITING = "proposals_waiting"
    SUBSTITUTE_OFFERED = "substitute_offered"


TEXTS: Final[dict[NoticeKind, tuple[str, str]]] = {
    NoticeKind.ACCOUNT_FROZEN: ("积分账户暂不可使用，请联系客户经理", "An account of points cannot be used now"),
    NoticeKind.APPOINTMENT_SOON: ("您有预约即将到期，请准时前往", "You have an appointment today or tomorrow"),
    NoticeKind.CODE_ENDING: ("您有券码即将失效，请尽快使用", "A code of yours ends soon"),
    NoticeKind.POINTS_EXPIRING: ("您有积分即将到期", "Points of yours expire soon"),
    NoticeKind.DEBT: ("您尚有积分欠额，今后获得的将先抵扣", "You owe points; what you earn next pays them first"),
    NoticeKind.SUBSTITUTE_OFFERED: (
        "您有权益未能交付，积分已退回，可另选替代权益",
        "Something could not be delivered: you have all back, and can choose something else",
    ),
    NoticeKind.PROPOSALS_WAITING: ("客户经理为您准备了权益，请确认", "Your manager has prepared something for you"),
}
"""In Chinese and in English."""


def notices_of(
    wallets: Sequence[WalletBalance],
    appointments: Sequence[Appointment],
    last_days: Sequence[date | None],
    *,
    proposals: int,
    replaceable: bool,
    today: date,
) -> Iterator[NoticeKind]:
    """Yield what to point at: `last_days` are those of usable codes, `proposals` how many wait for an answer.

    `replaceable` tells whether there is something to have in place of a redemption that failed.
    """
    if any(own.state is AccountState.FROZEN for own in wallets):
        yield NoticeKind.ACCOUNT_FROZEN
    tomorrow = today + timedelta(days=1)
    if any(clock.business_day(one.starts_at) <= tomorrow for one in appointments):
        yield NoticeKind.APPOINTMENT_SOON
    if any(day is not None and day <= today + timedelta(days=CODE_DAYS) for day in last_days):
        yield NoticeKind.CODE_ENDING
    if replaceable:
        yield NoticeKind.SUBSTITUTE_OFFERED
    if any(due.date <= today + timedelta(days=EXPIRING_DAYS) for own in wallets for due in own.expiring):
        yield NoticeKind.POINTS_EXPIRING
    if any(own.debt for own in wallets):
        yield NoticeKind.DEBT
    if proposals:
        yield NoticeKind.PROPOSALS_WAITING
