from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from guibin.core.models import cipher, distributed, instant, text_column


class RateCounter(SQLModel, table=True):
    """How often a subject used a limit in the window at hand. A row whose window is over counts as none."""

    __tablename__ = "rate_counter"
    __table_args__ = (
        CheckConstraint("calls > 0", name="calls_are_counted"),
        CheckConstraint("octet_length(subject) = 32", name="subject_is_a_keyed_hash"),
        distributed("subject"),
    )

    subject: bytes = cipher(
        primary_key=True, sa_column_kwargs={"comment": "Keyed hash of a token's subject or a client's address"}
    )
    name: str = text_column(primary_key=True)
    calls: int
    ends_at: datetime = instant()
