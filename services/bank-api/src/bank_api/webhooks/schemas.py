"""What the bank port takes and says of webhooks."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from guibin.core.ids import DeliveryId, EventId, WebhookId
from guibin.core.invalid import invalid_input
from guibin.core.text import OneLine
from guibin.outbox.events import EventName
from guibin.outbox.models import DeliveryFailure, DeliveryState, Webhook, WebhookState
from guibin.outbox.webhooks import Secret, WebhookContent
from guibin.web import OutModel, StrictModel

SUBSCRIBED = sorted(set(EventName) - {EventName.WEBHOOK_TEST})


def _once(types: list[EventName]) -> list[EventName]:
    if len(set(types)) != len(types) or EventName.WEBHOOK_TEST in types:
        raise invalid_input(
            "invalid",
            "每种事件只能出现一次，且不能含测试事件：测试按需发送",
            "each type once, and no test: that is sent on demand",
        )
    return types


class WebhookIn(StrictModel):
    """A receiver of events."""

    name: Annotated[str, OneLine(80)] = Field(examples=["消息中心"])
    url: Annotated[str, OneLine(500)] = Field(
        description="https, without user and fragment; in development http and addresses of this machine too",
        examples=["https://hooks.bank.example/guibin"],
    )
    event_types: Annotated[list[EventName], AfterValidator(_once)] = Field(
        min_length=1, max_length=len(SUBSCRIBED), examples=[["redemption.confirmed", "points.expiring"]]
    )
    state: WebhookState = Field(default=WebhookState.ACTIVE, description="off: what waits for it waits on")

    def content(self) -> WebhookContent:
        """Return what it says in the domain's form."""
        return WebhookContent(self.name, self.url, self.event_types, self.state)


class WebhookOut(OutModel):
    """A receiver of events."""

    id: WebhookId
    name: str
    url: str
    event_types: list[EventName]
    state: WebhookState
    key_id: str = Field(description="Of the secret that signs; its value stands under .../secret", examples=["k1"])
    old_secret_until: datetime | None = Field(description="Until then the secret before signs too")
    revision: int
    created_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookOut":
        """Shape a row."""
        return cls.model_validate({**webhook.model_dump(), "key_id": f"k{webhook.secret_no}"})


class SecretOut(OutModel):
    """A secret of a webhook: the key of its HMAC-SHA-256, as text."""

    key_id: str = Field(examples=["k1"])
    secret: str = Field(examples=["whsec_6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a"])

    @classmethod
    def of(cls, secret: Secret) -> "SecretOut":
        """Shape a secret."""
        return cls(key_id=secret.key_id, secret=secret.secret)


class SecretsOut(OutModel):
    """The secrets that sign now, the newest first: two for a day after a change."""

    items: list[SecretOut]


class DeliveryOut(OutModel):
    """One event on its way to one webhook."""

    id: DeliveryId
    event_id: EventId
    event_type: EventName
    state: DeliveryState = Field(description="waiting for the next try, delivered, or dead after the last one")
    attempts: int
    next_try_at: datetime = Field(description="While it waits")
    created_at: datetime
    tried_at: datetime | None
    delivered_at: datetime | None
    status: int | None = Field(description="HTTP status of the last answer")
    answer: str | None = Field(description="Its first 200 characters, without what reads like a personal value")
    failure: DeliveryFailure | None = Field(description="Why the last try had no answer")
