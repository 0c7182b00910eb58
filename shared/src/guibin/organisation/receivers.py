"""Where events go: one administrator submits a webhook, or what would be sent elsewhere, and another agrees."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core.errors import VersionConflict
from guibin.core.ids import new_id, to_public
from guibin.outbox.events import EventName
from guibin.outbox.models import Webhook, WebhookState
from guibin.outbox.repository import get_webhook
from guibin.outbox.webhooks import Reach, WebhookContent, change_webhook, check_url, create_webhook
from guibin.security.actors import Actor, Domain, Verb

_LABELS: Final = MappingProxyType(
    {
        "before": Label("变更前", "Before"),
        "after": Label("变更后", "After"),
        "name": Label("名称", "Name"),
        "url": Label("接收地址", "Address"),
        "event_types": Label("事件类型", "Types of events"),
        "state": Label("状态", "State"),
    }
)


class Receiver(BaseModel):
    """A webhook as it shall be; `revision` is the one that was read, None for a new webhook."""

    model_config = ConfigDict(frozen=True)

    webhook_id: UUID
    revision: int | None
    name: str
    url: str
    event_types: tuple[EventName, ...]
    state: WebhookState

    def content(self) -> WebhookContent:
        """Return what is written of it."""
        return WebhookContent(self.name, self.url, self.event_types, self.state)


async def submit_webhook(session: AsyncSession, *, actor: Actor, reach: Reach, content: WebhookContent) -> Approval:
    """Ask another administrator for a new webhook; its id is the subject of the request.

    Raises:
        UrlNotAllowed: events are not sent to such an address.
    """
    check_url(content.url, reach)
    wanted = Receiver(webhook_id=new_id(), revision=None, **content.columns())
    return await _submit(session, actor, WEBHOOK_CREATION, wanted, before={}, after=content.columns())


async def change(
    session: AsyncSession, *, actor: Actor, reach: Reach, webhook: Webhook, content: WebhookContent
) -> Webhook | Approval:
    """Change a webhook as it was read: at once if nothing is sent that was not sent before, else by another's word.

    Raises:
        UrlNotAllowed: events are not sent to such an address.
        VersionConflict: somebody else changed it meanwhile.
    """
    check_url(content.url, reach)
    after = content.columns()
    changed = {name: value for name, value in after.items() if value != getattr(webhook, name)}
    if not changed.keys() & {"url", "event_types"} and changed.get("state") != WebhookState.ACTIVE:
        return await change_webhook(session, actor=actor, webhook=webhook, content=content)
    wanted = Receiver(webhook_id=webhook.id, revision=webhook.revision, **after)
    before = {name: getattr(webhook, name) for name in changed}
    return await _submit(session, actor, WEBHOOK_CHANGE, wanted, before=before, after=changed)


class WebhookCreation(ApprovalHandler):
    """Adds a webhook, and makes its secret. A request is not amended: it is submitted again."""

    kind = "webhook.create"
    domain = Domain.ORGANISATION
    maker_verb = Verb.WRITE
    title = Label("新增事件接收方", "A new receiver of events")
    labels = _LABELS

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Add the webhook."""
        wanted = Receiver.model_validate(payload)
        await create_webhook(
            session,
            actor=context.approver,
            keys=context.open_keys(),
            webhook_id=wanted.webhook_id,
            created_by=context.maker_id,
            content=wanted.content(),
            **context.asked_by,
        )


class WebhookChange(ApprovalHandler):
    """Lets events go to another address, or others than before. A request is not amended: it is submitted again."""

    kind = "webhook.change"
    domain = Domain.ORGANISATION
    maker_verb = Verb.WRITE
    title = Label("变更事件接收方", "Another address or other events of a receiver")
    labels = _LABELS

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Change the webhook.

        Raises:
            VersionConflict: it was changed since it was submitted, as by who has switched it off.
        """
        wanted = Receiver.model_validate(payload)
        webhook = await get_webhook(session, wanted.webhook_id)
        if webhook.revision != wanted.revision:
            raise VersionConflict
        await change_webhook(
            session, actor=context.approver, webhook=webhook, content=wanted.content(), **context.asked_by
        )


WEBHOOK_CREATION: Final = WebhookCreation()
WEBHOOK_CHANGE: Final = WebhookChange()


async def _submit(
    session: AsyncSession,
    actor: Actor,
    handler: ApprovalHandler,
    wanted: Receiver,
    *,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> Approval:
    return await approvals.submit(
        session,
        actor=actor,
        kind=handler.kind,
        domain=handler.domain,
        subject=to_public("whk", wanted.webhook_id),
        payload=wanted.model_dump(mode="json"),
        preview={"before": before, "after": after},
    )
