"""Sessions of customers, the tickets with which an unknown WeChat account is bound, and one-time passwords.

Secrets stand here as keyed hashes only: whoever reads these tables can use none of them.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, distributed, instant, one_of, text_column


class LoginWay(StrEnum):
    """How a session began."""

    MINI_PROGRAM = "mp"
    OFFICIAL_ACCOUNT = "oa"
    BANK_APP = "bank_app"


class SessionEnd(StrEnum):
    """Why a session was ended before its time."""

    LOGOUT = "logout"
    REPLACED = "replaced"
    REUSED = "reused"
    OTHER_DEVICE = "other_device"
    UNBOUND = "unbound"
    REVOKED = "revoked"


class CodePurpose(StrEnum):
    """What a one-time password proves; a code serves its own purpose only."""

    BIND = "bind"
    STEP_UP = "step_up"


class CustomerSession(SQLModel, table=True):
    """A login on one device (会话) and the family of its refresh tokens, of which one at a time is good."""

    __tablename__ = "customer_session"
    __table_args__ = (
        one_of("way", LoginWay),
        one_of("end_reason", SessionEnd),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    way: str = text_column()
    binding_id: UUID | None = Field(default=None, description="The WeChat identity that it hangs on")
    device_ref: bytes | None = cipher(default=None, description="Keyed hash of the device's own id, where it gave one")
    created_at: datetime = instant()
    expires_at: datetime = instant(description="Whatever is refreshed, it ends here")
    idle_expires_at: datetime = instant(description="Where it ends when nobody refreshes")
    refresh_hash: bytes = cipher(description="Keyed hash of the one refresh token that is good")
    generation: int = Field(description="How often it was refreshed")
    rotated_at: datetime = instant(description="When the good token was issued")
    rotated_by: bytes = cipher(description="Keyed hash of who asked for it: device, else address and program")
    revoked_at: datetime | None = instant(default=None)
    end_reason: str | None = text_column(default=None)


class BindingTicket(SQLModel, table=True):
    """Lets whoever logged in to WeChat with an unknown account bind it, once and within minutes."""

    __tablename__ = "binding_ticket"
    __table_args__ = (distributed("ref"),)

    ref: bytes = Field(primary_key=True, sa_type=LargeBinary, description="Keyed hash of the ticket")
    appid: str = text_column()
    openid_idx: bytes = cipher()
    way: str = text_column()
    device_ref: bytes | None = cipher(default=None)
    phone_idx: bytes | None = cipher(default=None, description="The phone to which a code was last asked for")
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(default=None)


class OneTimeCode(SQLModel, table=True):
    """The newest one-time password for a phone, a purpose and whatever it is bound to (a ticket, a redemption)."""

    __tablename__ = "one_time_code"
    __table_args__ = (one_of("purpose", CodePurpose), distributed("phone_idx"))

    phone_idx: bytes = Field(primary_key=True, sa_type=LargeBinary)
    purpose: str = Field(primary_key=True, sa_type=Text)
    bound_to: bytes = Field(primary_key=True, sa_type=LargeBinary)
    code_hash: bytes = cipher()
    tries: int = 0
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(default=None)


class CodeQuota(SQLModel, table=True):
    """When codes were asked for lately for one phone: the limits are counted from this."""

    __tablename__ = "code_quota"
    __table_args__ = (distributed("subject"),)

    subject: bytes = Field(primary_key=True, sa_type=LargeBinary, description="Keyed hash of the phone")
    asked_at: list[datetime] = Field(sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False))
