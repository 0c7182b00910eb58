"""What of a right there is to give: counted units, and codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import SQLModel, cipher, distributed, instant


class RightsStock(SQLModel, table=True):
    """The counted stock of a right: initial = free + reserved + sold."""

    __tablename__ = "rights_stock"
    __table_args__ = (
        CheckConstraint("free >= 0", name="free_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("initial = free + reserved + sold", name="adds_up"),
        distributed("right_id"),
    )

    right_id: UUID = Field(primary_key=True)
    initial: int = Field(sa_type=BigInteger, description="All units ever added")
    free: int = Field(sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger, description="Held by reservations")
    sold: int = Field(default=0, sa_type=BigInteger)
    low_at: int = Field(default=0, sa_type=BigInteger, description="Whoever takes the stock down to so few tells of it")


class VoucherCode(SQLModel, table=True):
    """A code of a pool, kept encrypted and by keyed hash (券码)."""

    __tablename__ = "voucher_code"
    __table_args__ = (
        Index(None, "right_id", "code_hash", unique=True),
        Index(None, "code_hash"),
        Index(None, "right_id", "id", postgresql_where=text("taken_at IS NULL")),
        Index(None, "right_id", "redemption_id"),
        CheckConstraint("(taken_at IS NULL) = (redemption_id IS NULL)", name="taken_by_a_redemption"),
        CheckConstraint("used_at IS NULL OR taken_at IS NOT NULL", name="used_after_taken"),
        CheckConstraint("(held_for IS NULL) = (held_until IS NULL)", name="held_until_an_instant"),
        CheckConstraint("held_for IS NULL OR taken_at IS NULL", name="held_or_taken"),
        CheckConstraint("spent_fen BETWEEN 0 AND coalesce(value_fen, 0)", name="spent_within_value"),
        CheckConstraint("value_fen IS NULL OR (used_at IS NOT NULL) = (spent_fen = value_fen)", name="used_when_spent"),
        CheckConstraint(
            "returned_at IS NULL OR (taken_at IS NOT NULL AND used_at IS NULL AND spent_fen = 0)",
            name="returned_unused",
        ),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    code_hash: bytes = cipher(description="Of the normal form, by which a code is found at its use")
    code_enc: bytes = cipher(description="As it came in, under the right's data key")
    redemption_id: UUID | None = None
    customer_id: UUID | None = None
    taken_at: datetime | None = instant(default=None)
    held_for: UUID | None = Field(default=None, description="The reservation that holds it")
    held_until: datetime | None = instant(default=None, description="From then on it is free again")
    used_at: datetime | None = instant(default=None)
    used_by: UUID | None = Field(default=None, description="The member of staff or service that used it")
    used_at_branch: UUID | None = None
    value_fen: int | None = Field(default=None, sa_type=BigInteger, description="What a value voucher is good for")
    spent_fen: int = Field(default=0, sa_type=BigInteger, description="What was used of it")
    returned_at: datetime | None = instant(
        default=None, description="When its unit went back and the others stood: it is void"
    )

    @property
    def left_fen(self) -> int | None:
        """What is left of the value; None for a code without one."""
        return None if self.value_fen is None else self.value_fen - self.spent_fen

    @property
    def is_left(self) -> bool:
        """Whether its holder still has something of it: it was neither used up nor given back."""
        return self.used_at is None and self.returned_at is None


class RightsTotal(SQLModel, table=True):
    """How many units of a right all customers together have; kept while its terms bound them."""

    __tablename__ = "rights_total"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken_not_negative"), distributed("right_id", "rights_stock"))

    right_id: UUID = Field(primary_key=True)
    taken: int = Field(sa_type=BigInteger)
