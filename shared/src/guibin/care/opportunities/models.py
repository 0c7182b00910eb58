"""Opportunities: one open of each product or need with a customer at most, which the database holds."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from guibin.care.models import NeedCategory
from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, instant, one_of, text_column


class OpportunitySource(StrEnum):
    """From where an opportunity is known.

    `touch`: it came up in a touch; `trigger`: in one that completed what a trigger had made due; `tag`: the customer
    came to have a tag or into a segment; `wish`: the customer asked for it; `staff`: somebody thought of it.
    """

    TOUCH = "touch"
    TRIGGER = "trigger"
    TAG = "tag"
    WISH = "wish"
    STAFF = "staff"


class OpportunityState(StrEnum):
    """The life of an opportunity: `refused` is the customer's word, `lost` is not, `lapsed` is nobody's."""

    OPEN = "open"
    WON = "won"
    REFUSED = "refused"
    LOST = "lost"
    LAPSED = "lapsed"


class OpportunityResult(StrEnum):
    """What became of it in particular; `opportunities.rules.RESULTS` says which belong to which state."""

    BOUGHT = "bought"
    NEED_MET = "need_met"
    NO_NEED = "no_need"
    TERMS = "terms"
    RISK = "risk"
    NOT_NOW = "not_now"
    NO_OFFERS = "no_offers"
    COMPETITOR = "competitor"
    NOT_ELIGIBLE = "not_eligible"
    NOT_AVAILABLE = "not_available"
    UNREACHABLE = "unreachable"
    OVERDUE = "overdue"
    CUSTOMER_MERGED = "customer_merged"
    ERASED = "erased"


class Proof(StrEnum):
    """Whether the bank's own data show what was won."""

    SEEN = "seen"
    NOT_SEEN = "not_seen"


IS_OPEN = text("state = 'open'")
NOT_SEEN = text("state = 'won' AND product_code IS NOT NULL AND proved_on IS NULL")


class Opportunity(SQLModel, table=True):
    """What a customer may take next (商机): a product, or what answers a kind of need."""

    __tablename__ = "opportunity"
    __table_args__ = (
        one_of("source", OpportunitySource),
        one_of("need", NeedCategory),
        one_of("state", OpportunityState),
        one_of("result", OpportunityResult),
        CheckConstraint("num_nonnulls(product_code, need) = 1", name="about_one_thing"),
        CheckConstraint("amount_fen >= 0 AND won_fen >= 0", name="amounts_not_negative"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL) AND (state = 'open') = (result IS NULL)", name="ended"),
        CheckConstraint(
            "(state = 'refused') = (sleeps_until IS NOT NULL) AND (state <> 'refused' OR reason IS NOT NULL)",
            name="refused_for_a_reason",
        ),
        CheckConstraint("state = 'won' OR num_nonnulls(won_fen, proved_on, holding_id) = 0", name="won"),
        CheckConstraint("(proved_on IS NULL) = (holding_id IS NULL)", name="proved_by_a_holding"),
        Index(None, "customer_id", "product_code", unique=True, postgresql_where=IS_OPEN),
        Index(None, "customer_id", "need", unique=True, postgresql_where=IS_OPEN),
        Index(None, "manager_id", "due_on", "id", postgresql_where=IS_OPEN),
        Index(None, "state", "due_on", "id"),
        Index(None, "opened_on"),
        Index("ix_opportunity_not_seen", "customer_id", postgresql_where=NOT_SEEN),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID | None = Field(default=None, foreign_key="manager.id", description="Whose it is; NULL: nobody's")
    source: str = text_column()
    reference: str = text_column(description="The rule, the trigger, or the public id of what it is known from")
    product_code: str | None = Field(default=None, sa_type=Text, foreign_key="product.code")
    need: str | None = text_column(default=None)
    amount_fen: int | None = Field(default=None, sa_type=BigInteger, description="What is expected")
    due_on: date
    note_enc: bytes | None = cipher(default=None)
    state: str = text_column(default=OpportunityState.OPEN)
    result: str | None = text_column(default=None)
    reason: str | None = text_column(default=None)
    won_fen: int | None = Field(default=None, sa_type=BigInteger)
    sleeps_until: date | None = Field(default=None, description="First day on which the same may be opened again")
    proved_on: date | None = Field(default=None, description="When the bank's own data first showed what was won")
    holding_id: UUID | None = Field(default=None, description="The holding that shows it")
    touch_id: UUID | None = Field(default=None, description="The touch in which it came up")
    ended_in: UUID | None = Field(default=None, description="The touch in which it ended")
    handed_over: int = Field(default=0, description="How often it went to another manager")
    opened_on: date
    created_by: UUID | None = Field(default=None, description="The member of staff; NULL for the night")
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    ended_by: UUID | None = None
    revision: int = 1

    @property
    def proof(self) -> Proof | None:
        """Whether what was won is seen in the bank's own data; None where nothing is to be seen."""
        if self.state != OpportunityState.WON or self.product_code is None:
            return None
        return Proof.NOT_SEEN if self.proved_on is None else Proof.SEEN
