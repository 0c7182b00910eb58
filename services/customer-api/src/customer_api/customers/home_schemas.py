"""What the first screen shows."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import Field

from customer_api.rights.package_schemas import MyPackageOut
from customer_api.rights.replacing_schemas import AlternativeOut
from customer_api.rights.slot_schemas import NextAppointmentOut
from guibin.core.ids import RedemptionId, RightId
from guibin.points.balances import WalletBalance
from guibin.points.models import AccountState
from guibin.rights.repository.usable_codes import UsableCodes
from guibin.rights.service import Replaceable
from guibin.web import OutModel

from .notices import TEXTS, NoticeKind
from .schemas import MyManagerOut, MyTierDetailOut

MOST_EXPIRING = 5


class HomeWalletOut(OutModel):
    """One kind of points in short; `GET /v1/me/points` has it in full."""

    wallet: str = Field(examples=["reward"])
    name: str = Field(examples=["综合积分"])
    unit: str = Field(examples=["积分"])
    balance: int
    available: int = Field(description="What can be spent")
    debt: int = Field(description="Owed; the next earnings pay it first")
    state: AccountState

    @classmethod
    def of(cls, own: WalletBalance, language: str) -> "HomeWalletOut":
        """Describe a wallet."""
        english, names = language == "en", own.wallet
        return cls(
            wallet=names.code,
            name=names.name_en if english else names.name_zh,
            unit=names.unit_en if english else names.unit_zh,
            balance=own.balance,
            available=own.available,
            debt=own.debt,
            state=own.state,
        )


class HomeExpiringOut(OutModel):
    """Points of a wallet that can be spent until a day, that day included."""

    wallet: str
    date: date
    points: int


class HomeCodeOut(OutModel):
    """A redemption with codes to use; `GET /v1/redemptions/{id}/code` shows them."""

    redemption_id: RedemptionId
    right_id: RightId
    right_name: str
    codes_left: int
    valid_until: date | None = Field(description="The last day on which I can use them; null: no such day")

    @classmethod
    def of(cls, usable: UsableCodes, language: str) -> "HomeCodeOut":
        """Describe codes that can be used."""
        item = usable.right
        return cls(
            redemption_id=usable.redemption.id,
            right_id=item.id,
            right_name=item.name_en if language == "en" else item.name_zh,
            codes_left=usable.left,
            valid_until=usable.redemption.valid_until,
        )


class HomeReplaceableOut(OutModel):
    """A redemption of mine that could not be delivered, and what I can have instead."""

    redemption_id: RedemptionId
    right_id: RightId
    right_name: str
    units: int = Field(description="How many came back and can be replaced")
    until: datetime = Field(description="Before this instant I can take one of `alternatives`")
    alternatives: list[AlternativeOut] = Field(description="By `POST /v1/redemptions/{id}/substitute`")

    @classmethod
    def of(cls, found: Replaceable, language: str) -> "HomeReplaceableOut":
        """Describe what can be replaced."""
        row, item = found.failed, found.right.item
        return cls(
            redemption_id=row.redemption_id,
            right_id=row.right_id,
            right_name=item.name_en if language == "en" else item.name_zh,
            units=row.units,
            until=row.open_until,
            alternatives=[AlternativeOut.of(one, language) for one in found.alternatives],
        )


class NoticeOut(OutModel):
    """Something to point at."""

    kind: NoticeKind
    text: str

    @classmethod
    def of(cls, kind: NoticeKind, language: str) -> "NoticeOut":
        """Say it in a language."""
        return cls(kind=kind, text=TEXTS[kind][language == "en"])


class HomeOut(OutModel):
    """Everything that the first screen shows, as it stood at one instant. What the token is not for is null."""

    as_of: datetime
    name: str | None = Field(examples=["王小明"])
    tier: MyTierDetailOut = Field(description="My tier, and what is missing to the next one")
    manager: MyManagerOut | None = Field(description="Null when nobody serves me in particular")
    wallets: list[HomeWalletOut] | None = Field(description="Needs the scope `points:read`")
    expiring: list[HomeExpiringOut] | None = Field(description="The first five days on which points expire")
    packages: list[MyPackageOut] | None = Field(description="Of which I choose rights; needs `points:read`")
    usable_codes: list[HomeCodeOut] | None = Field(
        description="Up to five redemptions with codes to use, those that end first; needs `redemptions:read`"
    )
    appointments: list[NextAppointmentOut] | None = Field(description="My next five; needs `redemptions:read`")
    replaceable: HomeReplaceableOut | None = Field(
        description="The latest redemption of mine that could not be delivered and for which I can have something else"
        " now; needs `redemptions:read`"
    )
    notices: list[NoticeOut] = Field(description="What to point at, the most urgent first")


def expiring_of(wallets: Sequence[WalletBalance]) -> list[HomeExpiringOut]:
    """Return the first days on which points of any wallet expire."""
    every = [
        HomeExpiringOut(wallet=own.wallet.code, date=due.date, points=due.points)
        for own in wallets
        for due in own.expiring
    ]
    return sorted(every, key=lambda due: (due.date, due.wallet))[:MOST_EXPIRING]
