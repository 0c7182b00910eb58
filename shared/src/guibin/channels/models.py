"""WeChat identities and the access tokens of our own accounts.

openid and unionid stand here only as ciphertext (`*_enc`, under the row's own data key) and as keyed hashes (`*_idx`).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Field

from guibin.core.models import LOCAL, SQLModel, cipher, distributed, instant, one_of, text_column


class IdentityKind(StrEnum):
    """Through which kind of account a person is known."""

    MINI_PROGRAM = "mp"
    OFFICIAL_ACCOUNT = "oa"
    APP = "app"
    WECOM = "wecom"


class TokenKind(StrEnum):
    """What a token of an account opens."""

    API = "api"


class WechatIdentity(SQLModel, table=True):
    """One person as one of our accounts knows them; `customer_id` is set once the bank has proof of who it is."""

    __tablename__ = "wechat_identity"
    __table_args__ = (
        one_of("kind", IdentityKind),
        Index(None, "customer_id"),
        Index(None, "unionid_idx"),
        distributed("openid_idx"),
    )

    openid_idx: bytes = Field(primary_key=True, sa_type=LargeBinary)
    appid: str = Field(primary_key=True, sa_type=Text)
    id: UUID = Field(description="Binds the ciphertexts to the row")
    kind: str = text_column()
    customer_id: UUID | None = None
    data_key: bytes | None = cipher(default=None, description="Wrapped; NULL once the person is forgotten")
    openid_enc: bytes | None = cipher(default=None)
    unionid_idx: bytes | None = cipher(default=None)
    unionid_enc: bytes | None = cipher(default=None)
    first_seen_at: datetime = instant()
    seen_at: datetime = instant(description="Last login, to the day")
    bound_at: datetime | None = instant(default=None)
    closed_at: datetime | None = instant(default=None, description="When a person who is bound to nobody was forgotten")


class WechatToken(SQLModel, table=True):
    """The token of an account, shared by all processes, and the lease of the one that fetches the next."""

    __tablename__ = "wechat_token"
    __table_args__ = (one_of("kind", TokenKind), LOCAL)

    appid: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    id: UUID = Field(description="New with each token; binds the ciphertext to it")
    data_key: bytes | None = cipher(default=None, description="Wrapped; NULL before the first token")
    token_enc: bytes | None = cipher(default=None)
    expires_at: datetime | None = instant(default=None)
    fetched_at: datetime | None = instant(default=None)
    generation: int = Field(default=0, description="Rises with each token: who writes must have read the one before")
    leased_until: datetime | None = instant(default=None)
