"""What the bank port says and takes of points."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, SkipValidation, StringConstraints, model_validator

from guibin.core.errors import Refusal
from guibin.core.ids import CustomerId, EntryId, LotId
from guibin.core.invalid import invalid_input
from guibin.core.lines import Line
from guibin.core.money import Cny, between
from guibin.core.text import Code, Note, OneLine
from guibin.customers.identifiers import normalise_number
from guibin.customers.references import customer_no_ref
from guibin.holdings.models import InflowClass
from guibin.holdings.rows import EventContent
from guibin.points.earning.rules import EarningOutcome
from guibin.points.earning.terms import LineTrigger
from guibin.points.models import AccountState, EntryKind, SourceKind, Wallet
from guibin.points.reasons import AdjustmentReason
from guibin.points.rules import MAX_POINTS
from guibin.points.service import Balances, EntryView, EventStatus, IncomingEvent, TakenEvent, WalletBalance
from guibin.security.ciphers import KeyRing
from guibin.web import Instant, OutModel, StrictModel
from guibin.web.validation import localise

MOST_EVENTS = 1_000


class WalletOut(OutModel):
    """A kind of points."""

    code: str = Field(examples=["reward"])
    name_zh: str
    name_en: str
    unit_zh: str
    unit_en: str
    cost: Cny = Field(description="What a point costs the bank, in CNY")
    expiry_years: int | None = Field(description="Expires on 31 December this many years later; null never expires")
    active: bool

    @classmethod
    def of(cls, row: Wallet) -> Self:
        """Describe a row."""
        return cls.model_validate({**row.model_dump(), "cost": row.cost_fen})


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


class BalanceOut(OutModel):
    """A customer's points of one kind; available = balance - held - what has expired."""

    wallet: str
    unit: str
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    expiring: list[DueOut]
    next_expiry: DueOut | None
    rolls_over_to: str | None = Field(description="The wallet into which they go at their end; null: they expire")
    next_activation: DueOut | None = Field(description="The first day on which pending points can be spent")
    lifetime: LifetimeOut
    lifetime_earned: int
    state: AccountState

    @classmethod
    def of(cls, own: WalletBalance, language: str) -> Self:
        """Describe a wallet in `zh` or `en`."""
        return cls(
            wallet=own.wallet.code,
            unit=own.wallet.unit_en if language == "en" else own.wallet.unit_zh,
            balance=own.balance,
            available=own.available,
            pending=own.pending,
            held=own.held,
            debt=own.debt,
            expiring=[DueOut.model_validate(due) for due in own.expiring],
            next_expiry=DueOut.model_validate(own.expiring[0]) if own.expiring else None,
            rolls_over_to=own.wallet.rolls_over_to,
            next_activation=DueOut.model_validate(own.releases[0]) if own.releases else None,
            lifetime=LifetimeOut.model_validate({str(line): points for line, points in own.lifetime.items()}),
            lifetime_earned=own.lifetime_earned,
            state=own.state,
        )


class CustomerPointsOut(OutModel):
    """A customer's points in every wallet, as they stood at one instant."""

    as_of: datetime
    wallets: list[BalanceOut]

    @classmethod
    def of(cls, found: Balances, language: str) -> Self:
        """Describe all wallets in `zh` or `en`."""
        return cls(as_of=found.as_of, wallets=[BalanceOut.of(own, language) for own in found.wallets])


class LotUseOut(OutModel):
    """Points that a debit took from a lot, or that a credit put into one or gave back to it."""

    lot_id: LotId
    points: int
    expires_on: date | None


class EarnedByOut(OutModel):
    """A version of an earning rule."""

    code: str
    version: int


class EntryOut(OutModel):
    """A movement of a customer's points, with what caused it."""

    id: EntryId
    wallet: str
    seq: int
    kind: EntryKind
    points: int
    debt_change: int = Field(description="Negative: the part of a credit that paid debt")
    contra: str = Field(description="Class of the account on the other side")
    balance_after: int
    reason_zh: str
    reason_en: str
    source_kind: SourceKind
    source_id: str
    posted_at: datetime
    posted_on: date
    lots: list[LotUseOut]
    pending_change: int = Field(description="Signed change of the points that cannot be spent yet")
    refers_to: EntryId | None = Field(description="The entry that this one takes back, gives back or activates")
    rule: EarnedByOut | None = Field(description="The version of the earning rule that gave it")

    @classmethod
    def of(cls, view: EntryView, rule: tuple[str, int] | None) -> Self:
        """Describe an entry; `rule` is the code and the version of what earned it."""
        earned_by = None if rule is None else EarnedByOut(code=rule[0], version=rule[1])
        return cls.model_validate({**view.entry.model_dump(), "lots": view.lots, "rule": earned_by})


def _refuse_zero(points: int) -> int:
    if points == 0:
        raise invalid_input("zero", "不能为零", "must not be zero")
    return points


class AdjustmentIn(StrictModel):
    """Points to add or to take away by hand."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
                    "wallet": "reward",
                    "points": 300,
                    "reason": "系统故障少计积分补录",
                    "reason_code": "system_fault",
                }
            ]
        }
    )

    customer_id: CustomerId
    wallet: Code = Field(examples=["reward"])
    points: Annotated[
        int,
        Field(ge=-MAX_POINTS, le=MAX_POINTS, json_schema_extra={"not": {"const": 0}}),
        AfterValidator(_refuse_zero),
    ] = Field(description="Positive adds, negative takes away", examples=[-300])
    reason: Annotated[str, Note(200)] | None = Field(
        default=None,
        description="Required, 10 to 200 characters, Chinese or English; the customer reads it as typed, and in the"
        " other language what `reason_code` says with the text quoted",
        examples=["系统故障少计积分补录"],
    )
    reason_code: AdjustmentReason = Field(
        default=AdjustmentReason.OTHER, description="Why, of the closed list; customers read it in both languages"
    )


class EventIn(StrictModel):
    """What happened at a line; the customer is named by our id or by the bank's customer number, not by both."""

    line: Line
    reference: Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{1,64}$")] = Field(
        description="The line's own number of the event: one reference counts once", examples=["T20261125-000017"]
    )
    customer_id: CustomerId | None = None
    customer_no: Annotated[str, OneLine(64)] | None = None
    event_type: LineTrigger
    occurred_at: Instant
    amount: Annotated[Cny, between(0)] | None = Field(default=None, description="CNY")
    merchant_category: Code | None = None
    channel: Code | None = None
    inflow_class: InflowClass | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.customer_id is None) == (self.customer_no is None):
            raise invalid_input(
                "customer",
                "customer_id 与 customer_no 须且只能提供一项",
                "must name the customer by either customer_id or customer_no",
            )
        return self

    @classmethod
    def read(cls, row: object) -> Self:
        """Validate one row of a batch as strictly as a body of its own."""
        return cls.model_validate_json(json.dumps(row))

    def incoming(self, keys: KeyRing) -> IncomingEvent:
        """Turn the row into what the ledger takes; a number that can be nobody's is found to be nobody's."""
        number = None if self.customer_no is None else normalise_number(self.customer_no)
        return IncomingEvent(
            line=self.line,
            reference=self.reference,
            customer_id=self.customer_id,
            customer_ref=None if number is None else customer_no_ref(keys, number),
            content=EventContent(
                event_type=self.event_type,
                occurred_at=self.occurred_at,
                amount_fen=self.amount,
                merchant_category=self.merchant_category,
                channel=self.channel,
                inflow_class=self.inflow_class,
            ),
        )


class EventsIn(StrictModel):
    """A batch; a bad row leaves the others alone."""

    events: Annotated[list[Annotated[EventIn, SkipValidation]], Field(min_length=1, max_length=MOST_EVENTS)]


class EventResultOut(OutModel):
    """What became of a row: `earned`, `nothing`, `replayed` (known already), or `refused` with its code."""

    index: int
    status: EventStatus
    points: int = 0
    entry_ids: list[EntryId] = Field(default_factory=list)
    missed: dict[str, EarningOutcome] = Field(
        default_factory=dict, description="Rules that the event triggers and that gave nothing, and why"
    )
    code: str | None = Field(default=None, examples=["reference_conflict"])
    title: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, index: int, taken: TakenEvent, language: str) -> Self:
        """Describe a result, a refusal in `zh` or `en`."""
        if taken.refusal is not None:
            return cls.refused(index, taken.refusal, language)
        return cls(
            index=index,
            status=taken.status,
            points=taken.points,
            entry_ids=taken.entry_ids,
            missed=dict(taken.missed),
        )

    @classmethod
    def refused(cls, index: int, refusal: Refusal, language: str) -> Self:
        """Describe a refusal; errors of fields are told in the caller's language."""
        facts = dict(refusal.facts)
        errors = facts.get("errors")
        if isinstance(errors, list):
            facts["errors"] = [localise(error, language) for error in errors]
        return cls(
            index=index,
            status=EventStatus.REFUSED,
            code=refusal.code,
            title=refusal.title(language),
            facts=facts,
        )


class EventResultsOut(OutModel):
    """A result for each row, in order."""

    results: list[EventResultOut]
