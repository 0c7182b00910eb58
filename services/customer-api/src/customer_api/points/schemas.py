"""What the customer port says of points."""

from datetime import date, datetime
from typing import Final, Self

from pydantic import Field

from guibin.core.ids import EntryId, LotId
from guibin.points.models import AccountState, EntryKind, SourceKind
from guibin.points.service import Balances, EntryView, WalletBalance
from guibin.web import OutModel

DEBT_NOTES: Final = {
    "zh": "因退货或更正，您尚欠{points}{unit}，今后获得的将先抵扣欠额。",
    "en": "After a return or a correction you owe {points} {unit}; what you earn next pays it first.",
}


class DueOut(OutModel):
    """Points that can be spent until a day, that day included (calendar of Asia/Shanghai)."""

    date: date
    points: int


class LifetimeOut(OutModel):
    """All that ever moved, signed, what paid or made debt included; together balance - debt."""

    earned: int
    redeemed: int
    refunded: int
    clawed_back: int
    expired: int
    adjusted: int
    transferred: int


class HeldOut(OutModel):
    """Points set aside until an instant, and why."""

    points: int
    expires_at: datetime
    reason: str


class WalletOut(OutModel):
    """One kind of points."""

    wallet: str = Field(examples=["reward"])
    name: str = Field(examples=["综合积分"])
    unit: str = Field(examples=["积分"])
    balance: int = Field(description="Everything in the account")
    available: int = Field(description="What can be spent: balance less held and less what has expired")
    pending: int = Field(description="Granted, but not spendable yet")
    held: int = Field(description="Set aside for a booking")
    debt: int = Field(description="Owed; the next earnings pay it first")
    expiring: list[DueOut] = Field(description="Every day on which points are due, earliest first")
    next_expiry: DueOut | None = Field(description="The first of these days")
    rolls_over_to: str | None = Field(description="The wallet into which they go at their end; null: they expire")
    next_activation: DueOut | None = Field(description="The first day on which pending points can be spent")
    lifetime: LifetimeOut
    lifetime_earned: int = Field(description="What events earned, what paid debt included")
    state: AccountState = Field(description="frozen: earns and does not spend; closed: does not move any more")
    releases: list[DueOut] = Field(description="Every day on which pending points come free, earliest first")
    holds: list[HeldOut] = Field(description="What is set aside, the first to end in front")
    debt_note: str | None = Field(description="What a debt means, for people; null without debt")

    @classmethod
    def of(cls, own: WalletBalance, language: str) -> Self:
        """Describe a wallet in `zh` or `en`."""
        english = language == "en"
        unit = own.wallet.unit_en if english else own.wallet.unit_zh
        note = DEBT_NOTES["en" if english else "zh"].format(points=own.debt, unit=unit)
        return cls.model_validate(
            {
                "wallet": own.wallet.code,
                "name": own.wallet.name_en if english else own.wallet.name_zh,
                "unit": unit,
                "balance": own.balance,
                "available": own.available,
                "pending": own.pending,
                "held": own.held,
                "debt": own.debt,
                "expiring": own.expiring,
                "next_expiry": own.expiring[0] if own.expiring else None,
                "rolls_over_to": own.wallet.rolls_over_to,
                "next_activation": own.releases[0] if own.releases else None,
                "lifetime": own.lifetime,
                "lifetime_earned": own.lifetime_earned,
                "state": own.state,
                "releases": own.releases,
                "holds": [
                    HeldOut(
                        points=one.points, expires_at=one.expires_at, reason=one.reason_en if english else one.reason_zh
                    )
                    for one in own.holds
                ],
                "debt_note": note if own.debt else None,
            }
        )


class PointsOut(OutModel):
    """My points in every wallet, as they stood at one instant."""

    as_of: datetime
    wallets: list[WalletOut]

    @classmethod
    def of(cls, found: Balances, language: str) -> Self:
        """Describe all wallets in `zh` or `en`."""
        return cls(as_of=found.as_of, wallets=[WalletOut.of(own, language) for own in found.wallets])


class LotUseOut(OutModel):
    """Points that a debit took from a lot, or that a credit put into one or gave back to it."""

    lot_id: LotId
    points: int
    expires_on: date | None = Field(description="Last day on which they can be spent; null never expires")


class EntryOut(OutModel):
    """A movement of my points."""

    id: EntryId
    wallet: str
    seq: int = Field(description="Number of the entry in its wallet, without gaps")
    kind: EntryKind
    points: int = Field(description="Change of the balance: credits positive, debits negative")
    debt_paid: int = Field(description="The part of a credit that paid debt")
    balance_after: int
    reason: str
    source_kind: SourceKind
    posted_at: datetime
    posted_on: date = Field(description="Day of business")
    lots: list[LotUseOut]
    refers_to: EntryId | None = Field(description="The entry that this one takes back, gives back or activates")

    @classmethod
    def of(cls, view: EntryView, language: str) -> Self:
        """Describe an entry in `zh` or `en`."""
        entry = view.entry
        return cls(
            id=entry.id,
            wallet=entry.wallet,
            seq=entry.seq,
            kind=EntryKind(entry.kind),
            points=entry.points,
            debt_paid=max(-entry.debt_change, 0),
            balance_after=entry.balance_after,
            reason=entry.reason_en if language == "en" else entry.reason_zh,
            source_kind=SourceKind(entry.source_kind),
            posted_at=entry.posted_at,
            posted_on=entry.posted_on,
            lots=[LotUseOut.model_validate(lot) for lot in view.lots],
            refers_to=entry.refers_to,
        )
