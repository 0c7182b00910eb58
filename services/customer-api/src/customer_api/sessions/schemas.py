"""What logins take and give. Secrets of others are taken in any form: what is wrong with one is never told."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints, model_validator
from pydantic_core import core_schema

from guibin.core.ids import CustomerId, SessionId
from guibin.core.invalid import invalid_input
from guibin.customers.identifiers import normalise_phone
from guibin.sessions.models import LoginWay
from guibin.sessions.rules import CODE_LIFE, PHONE_LIMITS, TICKET_LIFE
from guibin.sessions.service import Tokens
from guibin.web import OutModel, StrictModel

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LONGEST_PHONE = 40


@dataclass(frozen=True)
class _MobilePhone:
    """A mobile number of the mainland; full-width digits, blanks, dashes and +86 are taken away."""

    def read(self, text: str) -> str:
        phone = normalise_phone(text) if len(text) <= _LONGEST_PHONE else None
        if phone is None or _MOBILE.fullmatch(phone) is None:
            raise invalid_input("phone", "须为 11 位手机号码", "must be a mobile number of 11 digits")
        return phone

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.read, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "maxLength": _LONGEST_PHONE, "examples": ["13800138000"]}


MobilePhone = Annotated[str, _MobilePhone()]
Secret = Annotated[str, StringConstraints(strict=True, pattern=r"^[\x20-\x7e]*$")]
DeviceId = Annotated[str, StringConstraints(strict=True, pattern=r"^[!-~]{8,128}$")]
OneTimePassword = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{6}$")]
CertificateTail = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Za-z]{6}$")]

_DEVICE = Field(
    default=None,
    description="An id that the app made for this device: tokens that leave the device end the session",
    examples=["0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
)
_PHONE_CODE = Field(
    default=None,
    description="Code of the phone button of the mini program, instead of `phone`",
    examples=["phone-code"],
)


class WechatApp(StrEnum):
    """The mini program, or the official account's pages."""

    MINI_PROGRAM = "mp"
    OFFICIAL_ACCOUNT = "oa"


class WechatLoginIn(StrictModel):
    """What WeChat gave the app."""

    app: WechatApp
    code: Secret = Field(
        description="Of `wx.login`, or of the page that WeChat called back", examples=["wx-login-code"]
    )
    device_id: DeviceId | None = _DEVICE


class CodeRequestIn(StrictModel):
    """Where to send a one-time password: a phone, or the one that WeChat names for a code of its phone button."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket": "ticket-of-the-login", "phone": "13800138000"}]}
    )

    ticket: Secret = Field(description="Of the WeChat login", examples=["ticket-of-the-login"])
    phone: MobilePhone | None = Field(default=None, description="The phone that the bank knows")
    phone_code: Secret | None = _PHONE_CODE

    @model_validator(mode="after")
    def _one_phone(self) -> Self:
        if (self.phone is None) == (self.phone_code is None):
            raise invalid_input("one_phone", "须提供 phone 或 phone_code 之一", "needs either phone or phone_code")
        return self


class CodeRequestOut(OutModel):
    """The same for every phone, whether the bank knows it or not."""

    expires_in: int = Field(default=int(CODE_LIFE.total_seconds()), description="Seconds for which a code is good")
    resend_after: int = Field(
        default=int(PHONE_LIMITS[0].period.total_seconds()), description="Seconds before the next one"
    )


class BindIn(StrictModel):
    """Who is at the door: a one-time password that reached the bank's phone, or a token of the bank's own issuer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket": "ticket-of-the-login", "phone": "13800138000", "otp": "012345"}]}
    )

    ticket: Secret = Field(description="Of the WeChat login", examples=["ticket-of-the-login"])
    phone: MobilePhone | None = Field(
        default=None, description="The phone that the code was sent to; without it the last one asked for"
    )
    phone_code: Secret | None = _PHONE_CODE
    otp: OneTimePassword | None = Field(default=None, description="The one-time password", examples=["012345"])
    certificate_tail: CertificateTail | None = Field(
        default=None,
        description="Last six characters of the certificate, where `identity_fact_required` asks for them",
        examples=["19001X"],
    )
    bank_token: Secret | None = Field(
        default=None, description="Token of the bank's own issuer, instead of the one-time password"
    )
    rebind: bool = Field(default=False, description="With `bank_token`: the customer's earlier account gives way")
    device_id: DeviceId | None = _DEVICE

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        by_bank, by_phone = self.bank_token is not None, self.otp is not None
        of_phone = (self.phone, self.phone_code, self.certificate_tail) != (None, None, None)
        if by_bank == by_phone or (by_bank and of_phone) or (self.rebind and not by_bank):
            raise invalid_input(
                "one_proof",
                "须提供 otp 或 bank_token 之一及其对应字段",
                "needs either otp or bank_token, each with its own fields",
            )
        if self.phone is not None and self.phone_code is not None:
            raise invalid_input("one_phone", "须提供 phone 或 phone_code 之一", "needs either phone or phone_code")
        return self


class BankLoginIn(StrictModel):
    """A token that the bank's own issuer gave its app for this purpose."""

    token: Secret = Field(description="With the audience `guibin-sessions`", examples=["header.claims.signature"])
    device_id: DeviceId | None = _DEVICE


class RefreshIn(StrictModel):
    """The refresh token that came with the last access token."""

    refresh_token: Secret = Field(examples=["refresh-token"])
    device_id: DeviceId | None = _DEVICE


class SignedInOut(OutModel):
    """Tokens of a session."""

    state: Literal["signed_in"] = "signed_in"
    customer_id: CustomerId
    session_id: SessionId
    access_token: str = Field(description="For the header `Authorization: Bearer ...`")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token
    expires_in: int = Field(description="Seconds for which the access token is good", examples=[600])
    refresh_token: str = Field(description="Good once, for the next access token; it is shown only here")
    refresh_expires_at: datetime = Field(description="Without a refresh the session ends here")
    session_expires_at: datetime = Field(description="Here it ends in any case")

    @classmethod
    def of(cls, tokens: Tokens) -> "SignedInOut":
        """Describe the tokens of a session."""
        return cls.model_validate(tokens)


class BindingRequiredOut(OutModel):
    """The WeChat account is bound to nobody: ask for a one-time password with the ticket, then bind."""

    state: Literal["binding_required"] = "binding_required"
    ticket: str = Field(description="Good once; it is shown only here")
    expires_in: int = Field(default=int(TICKET_LIFE.total_seconds()), description="Seconds for which it is good")


WechatLoginOut = Annotated[SignedInOut | BindingRequiredOut, Field(discriminator="state")]


class BindingOut(OutModel):
    """A WeChat account with which I can log in."""

    app: WechatApp
    bound_at: datetime


class BindingsOut(OutModel):
    """My WeChat accounts."""

    items: list[BindingOut]


class SessionOut(OutModel):
    """A device on which I am logged in."""

    id: SessionId
    way: LoginWay = Field(description="How I logged in")
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    current: bool = Field(description="Whether it is this one")


class SessionsOut(OutModel):
    """Where I am logged in, the newest first."""

    items: list[SessionOut]
