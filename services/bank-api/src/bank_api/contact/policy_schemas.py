"""What the bank port takes and says of the contact policy and of customers' wishes."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from guibin.contact.models import ContactPolicy
from guibin.contact.rules import MOST_CAP, Channel, Quiet, Terms
from guibin.contact.service import Allowing, Wish
from guibin.core.ids import CustomerId
from guibin.core.invalid import invalid_input
from guibin.core.text import Note
from guibin.web import OutModel, StrictModel

Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Count = Annotated[int, Field(ge=0, le=MOST_CAP)]


class QuietHours(StrictModel):
    """From when to when nobody is disturbed, in Asia/Shanghai; over midnight where the start is the later."""

    start: Clock = Field(examples=["20:00"])
    end: Clock = Field(examples=["09:00"])

    def quiet(self) -> Quiet:
        """Return them as the domain takes them."""
        return Quiet(start=time.fromisoformat(self.start), end=time.fromisoformat(self.end))

    @classmethod
    def of(cls, quiet: Quiet) -> Self:
        """Describe them."""
        return cls(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}")


class ChannelCap(StrictModel):
    """So many offers a month by one channel; WeCom counts as WeChat."""

    channel: Channel = Field(examples=["sms"])
    offers: Count = Field(examples=[2])


class ContactPolicyIn(StrictModel):
    """A policy; a month and a quarter are those of the calendar in Asia/Shanghai."""

    quiet: QuietHours = Field(examples=[{"start": "20:00", "end": "09:00"}])
    holiday_quiet: QuietHours = Field(
        description="On the bank's holidays", examples=[{"start": "20:00", "end": "10:00"}]
    )
    caps: list[ChannelCap] = Field(
        max_length=len(Channel),
        description="A channel that is not named has no cap of its own",
        examples=[[{"channel": "sms", "offers": 2}, {"channel": "wechat", "offers": 4}]],
    )
    cap_in_all: Count = Field(description="Offers a month over all channels", examples=[6])
    product_pushes: Count = Field(description="Offers of one product or right in a quarter", examples=[2])
    held_minutes: int = Field(
        ge=1, le=1_440, description="How long a place that was taken waits for the sending", examples=[30]
    )

    @model_validator(mode="after")
    def _each_channel_once(self) -> Self:
        named = [cap.channel for cap in self.caps]
        if len(set(named)) < len(named) or Channel.WECOM in named:
            raise invalid_input(
                "invalid", "同一渠道不能重复，企业微信归入 wechat", "must name each channel once, and WeCom by wechat"
            )
        return self

    def terms(self) -> Terms:
        """Return it as the domain takes it."""
        return Terms(
            quiet=self.quiet.quiet(),
            holiday_quiet=self.holiday_quiet.quiet(),
            caps={cap.channel: cap.offers for cap in self.caps},
            cap_in_all=self.cap_in_all,
            product_pushes=self.product_pushes,
            held_minutes=self.held_minutes,
        )


class ContactPolicyOut(OutModel):
    """A version of the policy."""

    version: int = Field(description="0: the common terms, where a bank has none of its own")
    quiet: QuietHours
    holiday_quiet: QuietHours
    caps: list[ChannelCap]
    cap_in_all: int
    product_pushes: int
    held_minutes: int
    in_force_from: datetime | None = Field(default=None, description="Told by the list of versions")

    @classmethod
    def of(cls, version: int, terms: Terms, in_force_from: datetime | None = None) -> Self:
        """Describe it."""
        return cls(
            version=version,
            quiet=QuietHours.of(terms.quiet),
            holiday_quiet=QuietHours.of(terms.holiday_quiet),
            caps=[ChannelCap(channel=channel, offers=most) for channel, most in sorted(terms.caps.items())],
            cap_in_all=terms.cap_in_all,
            product_pushes=terms.product_pushes,
            held_minutes=terms.held_minutes,
            in_force_from=in_force_from,
        )


class ContactPoliciesOut(OutModel):
    """The versions, the newest first."""

    items: list[ContactPolicyOut]

    @classmethod
    def of(cls, rows: Sequence[ContactPolicy]) -> Self:
        """Describe them."""
        return cls(
            items=[ContactPolicyOut.of(row.version, Terms.model_validate(row.terms), row.in_force_from) for row in rows]
        )


class ContactAllowanceIn(StrictModel):
    """Offers beyond the caps."""

    channel: Channel = Field(examples=["phone"])
    extra: int = Field(ge=1, le=10, description="Offers more", examples=[1])
    days: int = Field(ge=1, le=31, description="For so many days from the approval on", examples=[7])
    reason: Annotated[str, Note(200)] = Field(examples=["客户要求再次介绍到期产品的续接方案"])

    def allowing(self, customer_id: UUID) -> Allowing:
        """Return it as the domain takes it."""
        return Allowing(customer_id, self.channel, self.extra, self.days, self.reason)


class ContactPreferenceIn(StrictModel):
    """What the customer says."""

    no_calls: bool = Field(description="Not to be called, but about what was ordered or asked", examples=[False])
    quiet: QuietHours | None = Field(
        default=None,
        description="Not to be disturbed in these hours either; without it: the bank's quiet hours alone",
        examples=[{"start": "12:00", "end": "14:00"}],
    )

    def wish(self) -> Wish:
        """Return it as the domain takes it."""
        return Wish(self.no_calls, None if self.quiet is None else self.quiet.quiet())


class ContactPreferenceOut(OutModel):
    """What the customer wishes."""

    customer_id: CustomerId
    no_calls: bool
    quiet: QuietHours | None

    @classmethod
    def of(cls, customer_id: UUID, wish: Wish) -> Self:
        """Describe it."""
        quiet = None if wish.quiet is None else QuietHours.of(wish.quiet)
        return cls(customer_id=customer_id, no_calls=wish.no_calls, quiet=quiet)
