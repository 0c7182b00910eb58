"""Rules of earning as data: a rule with a draft, its approved versions, what each of them gave, and its budgets."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, distributed, instant, one_of, text_column


class RuleState(StrEnum):
    """The life of a rule. `pending`: a draft waits for a second person, whatever is in force meanwhile."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class EarningPeriod(StrEnum):
    """A stretch of the calendar of Asia/Shanghai; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    LIFETIME = "lifetime"


class EffectState(StrEnum):
    """What became of an effect. `had`: the customer had it; `missed`: it was no more; `ended`: taken back."""

    DONE = "done"
    HAD = "had"
    MISSED = "missed"
    ENDED = "ended"


class EarningRule(SQLModel, table=True):
    """Which business events earn what. `branch` owns it and it serves that branch's customers; NULL: the bank's."""

    __tablename__ = "earning_rule"
    __table_args__ = (
        one_of("state", RuleState),
        CheckConstraint("state <> 'pending' OR draft IS NOT NULL", name="pending_has_draft"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        REFERENCE,
    )

    code: str = Field(sa_type=Text, primary_key=True)
    branch: str | None = text_column(default=None, description="Code of the owner")
    state: str = text_column()
    draft: dict[str, object] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    active_version: int | None = None
    revision: int = Field(default=1, description="Counts edits; the ETag")
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


class EarningRuleVersion(SQLModel, table=True):
    """Approved terms; they never change. Of the versions whose time has come for an event the highest counts."""

    __tablename__ = "earning_rule_version"
    __table_args__ = (REFERENCE,)

    rule_code: str = Field(sa_type=Text, primary_key=True, foreign_key="earning_rule.code")
    version: int = Field(primary_key=True)
    terms: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    in_force_from: datetime = instant(description="For events that occurred from then on")
    published_at: datetime = instant()
    maker_id: UUID | None = None
    approver_id: UUID | None = None


class EarningAward(SQLModel, table=True):
    """Which version of which rule made an entry; what caps, cool-downs and budgets of one customer count."""

    __tablename__ = "earning_award"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("(awaits IS NULL) = (awaits_until IS NULL)", name="awaits_complete"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        ForeignKeyConstraint(
            ["rule_code", "version"], ["earning_rule_version.rule_code", "earning_rule_version.version"]
        ),
        Index(None, "customer_id", "rule_code", "occurred_on"),
        Index(None, "customer_id", "entry_id", postgresql_where=text("awaits IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    rule_code: str = text_column()
    version: int
    wallet: str = text_column()
    source_id: str = text_column(description="Line and reference of the event")
    occurred_at: datetime = instant()
    occurred_on: date
    posted_on: date
    points: int = Field(sa_type=BigInteger)
    cost_fen: int = Field(sa_type=BigInteger)
    awaits: str | None = text_column(default=None, description="The kind of event with which they can be spent")
    awaits_until: date | None = Field(default=None, description="Last day of such an event; then they are cancelled")
    passed_to: UUID | None = Field(
        default=None, description="The customer to whom its event went back when a merge was undone: it bounds that one"
    )


class EarningEffect(SQLModel, table=True):
    """What a rule did beside giving points, with the entry on which it hangs; its points gone, it ends."""

    __tablename__ = "earning_effect"
    __table_args__ = (
        one_of("state", EffectState),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["earning_award.customer_id", "earning_award.entry_id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    place: int = Field(primary_key=True, description="In the list of its case, from 0")
    kind: str = text_column()
    subject: str = text_column(description="What it is about: the code of a tag")
    state: str = text_column()
    reference: str | None = text_column(default=None, description="How its kind finds again what it made")
    made_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


class EarningBudget(SQLModel, table=True):
    """What a rule has given in a period, where a budget bounds it: the row whose lock makes the stop exact."""

    __tablename__ = "earning_budget"
    __table_args__ = (
        one_of("period", EarningPeriod),
        CheckConstraint("points >= 0 AND cost_fen >= 0 AND awards >= 0", name="not_negative"),
        distributed("rule_code"),
    )

    rule_code: str = Field(sa_type=Text, primary_key=True, foreign_key="earning_rule.code")
    period: str = Field(sa_type=Text, primary_key=True)
    starts_on: date = Field(primary_key=True)
    points: int = Field(default=0, sa_type=BigInteger)
    cost_fen: int = Field(default=0, sa_type=BigInteger)
    awards: int = Field(default=0, sa_type=BigInteger)


class EventReturned(SQLModel, table=True):
    """What a line told of a return, under its own number: one number is one return. Insert only."""

    __tablename__ = "event_return"
    __table_args__ = (distributed("reference"),)

    reference: str = Field(sa_type=Text, primary_key=True)
    line: str = Field(sa_type=Text, primary_key=True)
    returns: str = text_column(description="The line's number of the event that is undone")
    amount_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of its amount; NULL: all of it")
    told_at: datetime = instant()
