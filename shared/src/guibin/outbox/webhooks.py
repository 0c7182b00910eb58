"""What the bank's administrators do with webhooks: add, change, see and change the secret, test, send again.

Who may add one, or let another address or other events be sent, is settled above: `guibin.organisation.receivers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.ids import to_public
from guibin.outbox import repository
from guibin.outbox.errors import UrlNotAllowed, WebhookOff
from guibin.outbox.events import EventName, WebhookTest
from guibin.outbox.models import DeliveryState, EventDelivery, Webhook, WebhookState
from guibin.outbox.rules import OLD_SECRET_LIFE, Networks, is_url_allowed
from guibin.outbox.service import publish
from guibin.outbox.webhook_secrets import new_secret, secrets_of
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing

_KIND: Final = "webhook"


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses this deployment may call: see `rules.is_url_allowed`."""

    in_development: bool
    networks: Networks = ()


@dataclass(frozen=True, slots=True)
class WebhookContent:
    """What an administrator writes."""

    name: str
    url: str
    event_types: Sequence[EventName]
    state: WebhookState = WebhookState.ACTIVE

    def columns(self) -> dict[str, Any]:
        """Return the columns."""
        return {
            "name": self.name,
            "url": self.url,
            "event_types": sorted(self.event_types),
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that signs, with its key id."""

    key_id: str
    secret: str


async def create_webhook(
    session: AsyncSession,
    *,
    actor: Actor,
    keys: KeyRing,
    webhook_id: UUID,
    created_by: UUID,
    content: WebhookContent,
    **told: Any,
) -> Webhook:
    """Add a webhook with a secret of its own: it gets what happens from now on."""
    made = new_secret(keys, webhook_id)
    webhook = Webhook(
        id=webhook_id,
        data_key=made.data_key,
        secret_enc=made.secret_enc,
        created_by=created_by,
        created_at=clock.now(),
        **content.columns(),
    )
    session.add(webhook)
    await session.flush()
    await _record(session, actor, "webhook.create", webhook_id, after=content.columns(), **told)
    return webhook


async def change_webhook(
    session: AsyncSession, *, actor: Actor, webhook: Webhook, content: WebhookContent, **told: Any
) -> Webhook:
    """Change a webhook as it was read.

    Raises:
        VersionConflict: somebody else changed it meanwhile.
    """
    before = {name: getattr(webhook, name) for name in content.columns()}
    await _update(session, webhook, **content.columns())
    await _record(session, actor, "webhook.change", webhook.id, before=before, after=content.columns(), **told)
    return await repository.get_webhook(session, webhook.id)


async def rotate_secret(session: AsyncSession, *, actor: Actor, keys: KeyRing, webhook: Webhook) -> Webhook:
    """Let a new secret sign; the one before signs too for a day, so that the receiver can change over.

    Raises:
        VersionConflict: somebody else changed the webhook meanwhile.
    """
    made = new_secret(keys, webhook.id, data_key=webhook.data_key)
    await _update(
        session,
        webhook,
        secret_no=webhook.secret_no + 1,
        secret_enc=made.secret_enc,
        old_secret_enc=webhook.secret_enc,
        old_secret_until=clock.now() + OLD_SECRET_LIFE,
    )
    await _record(session, actor, "webhook.rotate_secret", webhook.id)
    return await repository.get_webhook(session, webhook.id)


async def show_secrets(session: AsyncSession, *, actor: Actor, keys: KeyRing, webhook: Webhook) -> list[Secret]:
    """Return the secrets that sign now, the newest first; the look is in the trail."""
    await _record(session, actor, "webhook.show_secret", webhook.id)
    found = secrets_of(keys, webhook, now=clock.now())
    return [Secret(f"k{number}", found[number]) for number in sorted(found, reverse=True)]


async def send_test(session: AsyncSession, *, actor: Actor, webhook: Webhook) -> None:
    """Send an event to this webhook alone.

    Raises:
        WebhookOff: nothing is sent to it.
    """
    if webhook.state != WebhookState.ACTIVE:
        raise WebhookOff
    await publish(session, WebhookTest(), subject_id=webhook.id)
    await _record(session, actor, "webhook.test", webhook.id)


async def resend(session: AsyncSession, *, actor: Actor, webhook: Webhook, delivery_id: UUID) -> EventDelivery:
    """Send a delivery again, whatever became of it: the same event with the same id.

    Raises:
        NotFound: the webhook has no such delivery.
        WebhookOff: nothing is sent to it.
    """
    delivery = await repository.get_delivery(session, webhook_id=webhook.id, delivery_id=delivery_id)
    if webhook.state != WebhookState.ACTIVE:
        raise WebhookOff
    await repository.send_again(session, delivery.id, at=clock.now())
    facts = {"delivery": to_public("dlv", delivery.id), "was": DeliveryState(delivery.state)}
    await _record(session, actor, "webhook.resend", webhook.id, facts=facts)
    return await repository.get_delivery(session, webhook_id=webhook.id, delivery_id=delivery_id)


def check_url(url: str, reach: Reach) -> None:
    """Hold an address to what this deployment may call.

    Raises:
        UrlNotAllowed: events are not sent to it.
    """
    if not is_url_allowed(url, in_development=reach.in_development, networks=reach.networks):
        raise UrlNotAllowed


async def _update(session: AsyncSession, webhook: Webhook, **values: Any) -> None:
    if not await repository.update_webhook(session, webhook.id, revision=webhook.revision, **values):
        raise VersionConflict


async def _record(session: AsyncSession, actor: Actor, action: str, webhook_id: UUID, **told: Any) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type=_KIND,
        object_id=to_public("whk", webhook_id),
        **told,
    )
