"""What the customer port takes and says of how I may be reached."""

from collections.abc import Collection
from datetime import time
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from guibin.contact.rules import Quiet, Terms
from guibin.contact.service import Wish
from guibin.privacy.models import ConsentChannel
from guibin.privacy.rules import MARKETING_CHANNELS
from guibin.web import OutModel, StrictModel

Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class MyQuietHours(StrictModel):
    """From when to when I am not to be disturbed, in Asia/Shanghai; over midnight where the start is the later."""

    start: Clock = Field(examples=["12:00"])
    end: Clock = Field(examples=["14:00"])

    def quiet(self) -> Quiet:
        """Return them as the domain takes them."""
        return Quiet(start=time.fromisoformat(self.start), end=time.fromisoformat(self.end))

    @classmethod
    def of(cls, quiet: Quiet) -> Self:
        """Describe them."""
        return cls(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}")


class MyContactWishIn(StrictModel):
    """My wish, in place of the one before."""

    no_calls: bool = Field(description="Do not call me, but about what I ordered or asked", examples=[True])
    quiet: MyQuietHours | None = Field(
        default=None,
        description="Beside the bank's own quiet hours; without it: those alone",
        examples=[{"start": "12:00", "end": "14:00"}],
    )

    def wish(self) -> Wish:
        """Return it as the domain takes it."""
        return Wish(self.no_calls, None if self.quiet is None else self.quiet.quiet())


class MyChannelOut(OutModel):
    """Whether offers reach me by a channel, and how many a month at most."""

    channel: ConsentChannel
    offers: bool = Field(description="I said yes (`PUT /v1/me/consents`), and silence is no")
    most_a_month: int = Field(description="So many offers a month at most")


class MyContactOut(OutModel):
    """What may reach me, when and why."""

    no_calls: bool
    quiet: MyQuietHours | None = Field(description="My own")
    bank_quiet: MyQuietHours = Field(description="In these hours the bank disturbs nobody")
    holiday_quiet: MyQuietHours = Field(description="On holidays")
    channels: list[MyChannelOut]
    most_a_month: int = Field(description="Offers a month at most, over all channels")
    always: str = Field(description="What reaches me whatever I wish", examples=["登录与安全通知始终发送"])

    @classmethod
    def of(cls, wish: Wish, terms: Terms, granted: Collection[ConsentChannel]) -> Self:
        """Describe a customer's wish beside the policy and the consents."""
        caps = {channel.value: most for channel, most in terms.caps.items()}
        channels = [
            MyChannelOut(
                channel=channel,
                offers=channel in granted,
                most_a_month=min(caps.get(channel.value, terms.cap_in_all), terms.cap_in_all),
            )
            for channel in MARKETING_CHANNELS
        ]
        return cls(
            no_calls=wish.no_calls,
            quiet=None if wish.quiet is None else MyQuietHours.of(wish.quiet),
            bank_quiet=MyQuietHours.of(terms.quiet),
            holiday_quiet=MyQuietHours.of(terms.holiday_quiet),
            channels=channels,
            most_a_month=terms.cap_in_all,
            always="登录与安全通知、您已订购服务的通知始终发送",
        )
