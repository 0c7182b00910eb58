"""The queue of customers to whom something happened, and who watches it."""

from uuid import UUID

from sqlalchemy import BigInteger, Identity, Text
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel


class CustomerWatch(SQLModel, table=True):
    """Somebody wants to know at once of what happens to customers; without a row here no change is noted."""

    __tablename__ = "customer_watch"
    __table_args__ = (REFERENCE,)

    watcher: str = Field(sa_type=Text, primary_key=True)


class CustomerChange(SQLModel, table=True):
    """Something happened to a customer, in the transaction that wrote this; who has looked takes it away.

    It names no foreign key: a look at the customer would cost the posting of each event more than the row itself.
    """

    __tablename__ = "customer_change"
    __table_args__ = (BY_CUSTOMER,)

    customer_id: UUID = Field(primary_key=True)
    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True, nullable=False))
