"""The points ledger: accounts, append-only entries, lots. Only the SQL functions `points_...` write these tables."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class EntryKind(StrEnum):
    """The closed list of movements."""

    OPENING = "opening"
    EARN = "earn"
    REDEEM = "redeem"
    ORDER = "order"
    REFUND = "refund"
    CLAW_BACK = "claw_back"
    ADJUST_CREDIT = "adjust_credit"
    ADJUST_DEBIT = "adjust_debit"
    EXPIRE = "expire"
    EXPIRE_EARLY = "expire_early"
    PENDING_ADD = "pending_add"
    PENDING_ACTIVATE = "pending_activate"
    PENDING_CANCEL = "pending_cancel"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    MERGE_OUT = "merge_out"
    MERGE_IN = "merge_in"
    ROLL_OUT = "roll_out"
    ROLL_IN = "roll_in"


class SourceKind(StrEnum):
    """What caused an entry; with the id of that kind of object it makes the entry unique in its account."""

    EVENT = "event"
    REDEMPTION = "redemption"
    APPROVAL = "approval"
    RUN = "run"
    RULE = "rule"
    FILE = "file"
    HOLD = "hold"
    ENTRY = "entry"
    TRANSFER = "transfer"
    MERGE = "merge"


class Expiry(StrEnum):
    """When the points of a wallet end: never, months after they came, at a year's end, or for want of activity."""

    NEVER = "never"
    ROLLING = "rolling"
    CALENDAR = "calendar"
    INACTIVITY = "inactivity"


class Rounding(StrEnum):
    """To which end a rolling expiry is moved on."""

    NONE = "none"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class HoldState(StrEnum):
    """The life of points that were set aside."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    LAPSED = "lapsed"


class AccountState(StrEnum):
    """Whether an account may move."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class Wallet(SQLModel, table=True):
    """A kind of points (积分类别).

    `spendable` lists the categories of rights that its points buy, NULL all of them; `caps` is a list of
    `{"kind": "earn" | "spend", "period": period, "points": n}`; `transfer_limits` is read by `TransferLimits`,
    `valuation` by `Valuation`.
    """

    __tablename__ = "wallet"
    __table_args__ = (
        one_of("expiry", Expiry),
        one_of("expiry_rounding", Rounding),
        CheckConstraint(
            "(expiry = 'calendar') = (expiry_years IS NOT NULL)"
            " AND (expiry IN ('rolling', 'inactivity')) = (expiry_months IS NOT NULL)",
            name="expiry_complete",
        ),
        CheckConstraint(
            "NOT growth OR (NOT transferable AND NOT buys_goods AND coalesce(spendable = '[]'::jsonb, false))",
            name="growth_is_never_spent",
        ),
        CheckConstraint("NOT growth OR valuation IS NULL", name="growth_has_no_worth"),
        CheckConstraint("NOT (growth AND pooled)", name="growth_is_ones_own"),
        CheckConstraint(
            "expiry_share = 100 OR (expiry_share BETWEEN 1 AND 99 AND expiry = 'inactivity' AND rolls_over_to IS NULL)",
            name="expiry_share_fits",
        ),
        CheckConstraint(
            "rolls_over_to IS NULL OR (expiry <> 'never' AND rolls_over_to <> code)", name="rolls_over_elsewhere"
        ),
        REFERENCE,
    )

    code: str = Field(sa_type=Text, primary_key=True)
    name_zh: str = text_column()
    name_en: str = text_column()
    unit_zh: str = text_column()
    unit_en: str = text_column()
    cost_fen: int = Field(description="What a point costs the bank")
    funding_line: str | None = text_column(default=None, description="The line that pays for these points")
    spendable: list[str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    growth: bool = Field(default=False, description="Counts for the tier, and is never spent")
    buys_goods: bool = Field(default=False, description="Buys goods, coupons or top-ups")
    transferable: bool = Field(default=False, description="Customers may pass points on to others")
    pooled: bool = Field(default=False, description="Members of a household may put them together")
    transfer_limits: dict[str, int] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False),
        description="What one customer may pass on: each, day, month; step_up_from asks for a proof",
    )
    valuation: dict[str, object] | None = Field(
        default=None,
        sa_column=Column(JSONB(none_as_null=True)),
        description="What its points are worth in money; NULL: they have no worth",
    )
    expiry: str = text_column(default=Expiry.NEVER)
    expiry_years: int | None = Field(default=None, description="Calendar: expires on 31 December this many years later")
    expiry_months: int | None = Field(default=None, description="Rolling: after earning; inactivity: after activity")
    activity_events: list[str] = Field(
        default_factory=list,
        sa_column=Column(JSONB, nullable=False),
        description="Inactivity: kinds of events that start the clock again, beside earning and spending",
    )
    expiry_rounding: str = text_column(default=Rounding.NONE)
    expiry_share: int = Field(default=100, description="Inactivity: percent of what is left that goes, oldest first")
    rolls_over_to: str | None = Field(
        default=None,
        sa_type=Text,
        foreign_key="wallet.code",
        description="The wallet into which points go at their end instead of expiring",
    )
    pending_days: int = Field(default=0, description="Days before what was earned can be spent")
    balance_cap: int | None = Field(default=None, sa_type=BigInteger)
    caps: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    may_owe: bool = Field(default=True, description="A claw-back beyond the balance becomes debt")
    refund_grace_days: int = Field(default=30, description="Of points that expired before they were given back")
    active: bool = True
    revision: int = Field(default=1, description="Counts every change; the ETag")


class LedgerGrant(SQLModel, table=True):
    """Which database role may post which kind of entry."""

    __tablename__ = "ledger_grant"
    __table_args__ = (one_of("kind", EntryKind), REFERENCE)

    role: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text, primary_key=True)


class PointsAccount(SQLModel, table=True):
    """A customer's wallet: the balance is provably the sum of the entries."""

    __tablename__ = "points_account"
    __table_args__ = (
        one_of("state", AccountState),
        CheckConstraint("balance >= 0", name="balance_not_negative"),
        CheckConstraint("held BETWEEN 0 AND balance", name="held_within_balance"),
        CheckConstraint("debt >= 0", name="debt_not_negative"),
        CheckConstraint("pending >= 0", name="pending_not_negative"),
        Index(None, "lapses_on", postgresql_where=text("lapses_on IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    wallet: str = Field(sa_type=Text, primary_key=True, foreign_key="wallet.code")
    balance: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    debt: int = Field(default=0, sa_type=BigInteger)
    pending: int = Field(default=0, sa_type=BigInteger, description="Not spendable yet, and no part of the balance")
    version: int = Field(default=0, sa_type=BigInteger, description="Number of entries, the highest seq")
    state: str = text_column(default=AccountState.OPEN)
    opened_at: datetime = instant()
    lapses_on: date | None = Field(default=None, description="Last day of its points, where they end by inactivity")
    moved: dict[str, int] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False),
        description="What its entries of each kind moved in all, paid or made debt included",
    )


KIND_FITS = (
    "(kind || ' ' || contra) = ANY ('{opening issuance,earn issuance,claw_back issuance,pending_add issuance,"
    "pending_cancel issuance,pending_activate pending,redeem redemption,order redemption,refund redemption,"
    "expire expiry,expire_early expiry,adjust_credit adjustment,adjust_debit adjustment,transfer_out transfer,"
    "transfer_in transfer,merge_out merge,merge_in merge,roll_out roll,roll_in roll}'::text[])"
    " AND CASE WHEN kind = ANY ('{redeem,order,expire,expire_early,adjust_debit,transfer_out,roll_out}'::text[])"
    " THEN points < 0 AND debt_change = 0 AND pending_change = 0"
    " WHEN kind = 'claw_back' THEN points <= 0 AND points < debt_change AND debt_change >= 0 AND pending_change = 0"
    " WHEN kind = 'pending_activate' THEN points >= 0 AND debt_change <= 0 AND pending_change < 0"
    " AND points - debt_change = -pending_change"
    " WHEN kind = ANY ('{pending_add,pending_cancel}'::text[]) THEN points = 0 AND debt_change = 0"
    " AND pending_change <> 0 AND (kind = 'pending_add') = (pending_change > 0)"
    " WHEN kind = 'merge_out' THEN points <= 0 AND debt_change <= 0 AND points + debt_change < 0 AND pending_change = 0"
    " WHEN kind = 'merge_in' THEN (points >= 0 OR debt_change >= 0) AND pending_change = 0"
    " ELSE points >= 0 AND points > debt_change AND debt_change <= 0 AND pending_change = 0 END"
    " AND (refers_to IS NOT NULL OR kind <> ALL ('{refund,claw_back,pending_activate,pending_cancel,roll_in}'::text[]))"
)
"""Which contra account, which signs and which reference an entry of a kind has.

Postgres reads the text of a CHECK anew for every statement that writes, so this one is short: lists are one constant.
"""


class PointsEntry(SQLModel, table=True):
    """A movement (积分流水). Insert only."""

    __tablename__ = "points_entry"
    __table_args__ = (
        one_of("source_kind", SourceKind),
        CheckConstraint(KIND_FITS, name="kind_fits"),
        CheckConstraint("abs(points - debt_change) <= 1000000000000", name="points_in_range"),
        ForeignKeyConstraint(["customer_id", "wallet"], ["points_account.customer_id", "points_account.wallet"]),
        Index(None, "customer_id", "wallet", "seq", unique=True),
        Index(None, "customer_id", "wallet", "kind", "source_kind", "source_id", unique=True),
        Index(None, "customer_id", "refers_to", postgresql_where=text("refers_to IS NOT NULL")),
        Index(None, "posted_on", postgresql_using="brin"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    wallet: str = text_column()
    seq: int = Field(sa_type=BigInteger)
    kind: str = text_column()
    points: int = Field(sa_type=BigInteger, description="Signed change of the balance")
    debt_change: int = Field(default=0, sa_type=BigInteger, description="Negative: the part of a credit that paid debt")
    pending_change: int = Field(default=0, sa_type=BigInteger, description="Signed change of the pending points")
    contra: str = text_column()
    balance_after: int = Field(sa_type=BigInteger)
    refers_to: UUID | None = Field(
        default=None, description="The entry that this one takes back, gives back or activates"
    )
    reason_zh: str = text_column()
    reason_en: str = text_column()
    source_kind: str = text_column()
    source_id: str = text_column()
    actor_id: UUID
    posted_at: datetime = instant()
    posted_on: date = Field(description="Day of business of the posting")


class PointsLot(SQLModel, table=True):
    """A credit with its own expiry that debits draw on (批次)."""

    __tablename__ = "points_lot"
    __table_args__ = (
        CheckConstraint("original > 0", name="original_positive"),
        CheckConstraint("remaining BETWEEN 0 AND original", name="remaining_within_original"),
        CheckConstraint("held BETWEEN 0 AND remaining AND NOT (pending AND held > 0)", name="held_within_remaining"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        Index(None, "customer_id", "wallet", "expires_on", postgresql_where=text("remaining > 0")),
        Index(None, "expires_on", postgresql_where=text("remaining > 0")),
        Index(None, "pending_until", postgresql_where=text("pending AND remaining > 0")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    wallet: str = text_column()
    entry_id: UUID
    original: int = Field(sa_type=BigInteger)
    remaining: int = Field(sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger, description="Set aside by holds")
    pending: bool = False
    pending_until: date | None = Field(default=None, description="First day on which it is activated; NULL by hand")
    earned_at: datetime = instant()
    expires_on: date | None = Field(default=None, description="Last day on which it can be spent; NULL never expires")
    cost_fen: int = Field(default=0, description="What a point of it cost the bank when it was issued")
    funding_line: str | None = text_column(default=None)
    rolled_from: UUID | None = Field(default=None, description="The lot of another wallet that it rolled over from")
    lapsed: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": text("false")},
        description="Its last day was set by a want of activity",
    )
    given_until: date | None = Field(default=None, description="The last day that it had before it lapsed")


class PointsLotUse(SQLModel, table=True):
    """From which lots a debit drew, or (negative) into which of them a refund gave back."""

    __tablename__ = "points_lot_use"
    __table_args__ = (
        CheckConstraint("points <> 0", name="points_not_zero"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        ForeignKeyConstraint(["customer_id", "lot_id"], ["points_lot.customer_id", "points_lot.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    lot_id: UUID = Field(primary_key=True)
    points: int = Field(sa_type=BigInteger)
    place: int = Field(default=1, description="The order in which the lots gave")


class PointsHold(SQLModel, table=True):
    """Points that were set aside for a booking or for use elsewhere (预占)."""

    __tablename__ = "points_hold"
    __table_args__ = (
        one_of("state", HoldState),
        one_of("source_kind", SourceKind),
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("captured BETWEEN 0 AND points", name="captured_within_points"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
        ForeignKeyConstraint(["customer_id", "wallet"], ["points_account.customer_id", "points_account.wallet"]),
        Index(None, "customer_id", "source_kind", "source_id", unique=True),
        Index(None, "expires_at", postgresql_where=text("state = 'open'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    wallet: str = text_column()
    points: int = Field(sa_type=BigInteger)
    captured: int = Field(default=0, sa_type=BigInteger)
    state: str = text_column()
    expires_at: datetime = instant()
    reason_zh: str = text_column()
    reason_en: str = text_column()
    source_kind: str = text_column()
    source_id: str = text_column()
    actor_id: UUID
    created_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)


class PointsHoldLot(SQLModel, table=True):
    """The lots that a hold has set aside."""

    __tablename__ = "points_hold_lot"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        ForeignKeyConstraint(["customer_id", "hold_id"], ["points_hold.customer_id", "points_hold.id"]),
        ForeignKeyConstraint(["customer_id", "lot_id"], ["points_lot.customer_id", "points_lot.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    hold_id: UUID = Field(primary_key=True)
    lot_id: UUID = Field(primary_key=True)
    points: int = Field(sa_type=BigInteger)
    place: int
