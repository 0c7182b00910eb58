"""What WeChat answers, as far as it is used here. Numbers may come as text and text as numbers: both are taken."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    """Fields that are not named here are ignored: WeChat adds some without notice."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True)


OpenId = Annotated[str, Field(min_length=1, max_length=128)]


class TokenAnswer(_Answer):
    """Of `/cgi-bin/stable_token`; `expires_in` is in seconds."""

    access_token: str = Field(min_length=1, max_length=2048, repr=False)
    expires_in: int | None = Field(default=None, ge=1)


class SessionAnswer(_Answer):
    """Of `/sns/jscode2session`."""

    openid: OpenId = Field(repr=False)
    unionid: OpenId | None = Field(default=None, repr=False)


class OAuthAnswer(_Answer):
    """Of `/sns/oauth2/access_token`; a snapshot user is nobody in particular, and its ids are made up."""

    openid: OpenId = Field(repr=False)
    unionid: OpenId | None = Field(default=None, repr=False)
    is_snapshotuser: int = 0


class Watermark(_Answer):
    """For whom the phone number was read."""

    appid: str


class PhoneInfo(_Answer):
    """A phone number with its country code, which the documentation writes now as text and now as number."""

    pure_phone_number: str = Field(alias="purePhoneNumber", min_length=1, max_length=32, repr=False)
    country_code: str = Field(alias="countryCode", min_length=1, max_length=8)
    watermark: Watermark


class PhoneAnswer(_Answer):
    """Of `/wxa/business/getuserphonenumber`."""

    phone_info: PhoneInfo = Field(repr=False)
