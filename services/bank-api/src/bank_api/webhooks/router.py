"""Webhooks on the bank port: where events go, how they are signed, and what came of each delivery."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.models import Approval
from guibin.core.ids import DeliveryId, WebhookId
from guibin.core.settings import Profile
from guibin.organisation import receivers
from guibin.outbox import repository, webhooks
from guibin.outbox.errors import UrlNotAllowed, WebhookOff
from guibin.outbox.models import DeliveryState
from guibin.outbox.rules import read_networks
from guibin.outbox.webhooks import Reach
from guibin.security.actors import Domain, Verb
from guibin.web import (
    Call,
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)

from .schemas import DeliveryOut, SecretOut, SecretsOut, WebhookIn, WebhookOut

router = PortRouter(prefix="/v1/webhooks", tags=["webhooks"])

READ = staff(Verb.READ, Domain.RUNS)
WRITE = staff(Verb.WRITE, Domain.ORGANISATION)
"""Who runs the house: nobody else may say where events go or see what signs them."""


@router.get("", operation_id="listWebhooks")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_webhooks(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[WebhookOut]:
    """List the receivers of events, newest first."""
    rows = await repository.list_webhooks(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=WebhookOut.of)


@router.post("", status_code=202, operation_id="createWebhook")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(UrlNotAllowed,),
    fresh_login=True,
)
async def create_webhook(call: StaffCall, body: Annotated[WebhookIn, json_body(WebhookIn)]) -> SubmittedOut:
    """Ask another administrator for a receiver, whose id is the request's `subject`.

    It gets what happens from the agreement on. The secret is made for it then, and fetched under .../secret.
    """
    return SubmittedOut.of(
        await receivers.submit_webhook(call.session, actor=call.actor, reach=_reach(call), content=body.content())
    )


@router.get("/{webhook_id}", operation_id="getWebhook")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_webhook(call: StaffCall, webhook_id: WebhookId, response: Response) -> WebhookOut:
    """Show one receiver."""
    webhook = await repository.get_webhook(call.session, webhook_id)
    set_etag(response, webhook.revision)
    return WebhookOut.of(webhook)


@router.put(
    "/{webhook_id}",
    operation_id="changeWebhook",
    response_model=WebhookOut | SubmittedOut,
    responses={200: {"model": WebhookOut}, 202: {"model": SubmittedOut}},
)
@declare(caller=WRITE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(UrlNotAllowed,), fresh_login=True)
async def change_webhook(
    call: StaffCall, webhook_id: WebhookId, body: Annotated[WebhookIn, json_body(WebhookIn)], response: Response
) -> WebhookOut | SubmittedOut:
    """Change a receiver; needs If-Match. Another name, or `off`, holds at once.

    Another address, other types or switching it on waits as a whole for another administrator (202). What waits for
    the receiver goes to the new address then.
    """
    webhook = await repository.get_webhook(call.session, webhook_id)
    call.require_if_match(webhook.revision)
    done = await receivers.change(
        call.session, actor=call.actor, reach=_reach(call), webhook=webhook, content=body.content()
    )
    if isinstance(done, Approval):
        response.status_code = 202
        return SubmittedOut.of(done)
    set_etag(response, done.revision)
    return WebhookOut.of(done)


@router.get("/{webhook_id}/secret", operation_id="getWebhookSecret")
@declare(caller=WRITE, rate=RateClass.REVEAL, data=DataClass.C3, fresh_login=True)
async def get_secret(call: StaffCall, webhook_id: WebhookId) -> SecretsOut:
    """Show what signs, to put it into the receiver; each look is in the trail."""
    webhook = await repository.get_webhook(call.session, webhook_id)
    shown = await webhooks.show_secrets(call.session, actor=call.actor, keys=call.keys, webhook=webhook)
    return SecretsOut(items=[SecretOut.of(one) for one in shown])


@router.post("/{webhook_id}/rotate-secret", operation_id="rotateWebhookSecret")
@declare(caller=WRITE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C1, fresh_login=True)
async def rotate_secret(call: StaffCall, webhook_id: WebhookId, response: Response) -> WebhookOut:
    """Make a new secret. For 24 hours each message carries a signature by either, so that the receiver can follow."""
    webhook = await repository.get_webhook(call.session, webhook_id)
    changed = await webhooks.rotate_secret(call.session, actor=call.actor, keys=call.keys, webhook=webhook)
    set_etag(response, changed.revision)
    return WebhookOut.of(changed)


@router.post("/{webhook_id}/test", status_code=204, operation_id="testWebhook")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(WebhookOff,),
)
async def send_test(call: StaffCall, webhook_id: WebhookId) -> None:
    """Send `webhook.test` to this receiver alone; its delivery shows what came of it."""
    webhook = await repository.get_webhook(call.session, webhook_id)
    await webhooks.send_test(call.session, actor=call.actor, webhook=webhook)


@router.get("/{webhook_id}/deliveries", operation_id="listWebhookDeliveries")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_deliveries(
    call: StaffCall,
    webhook_id: WebhookId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[DeliveryState | None, Query(description="Only those in this state")] = None,
) -> Page[DeliveryOut]:
    """List what was sent to a receiver or waits for it, newest first."""
    webhook = await repository.get_webhook(call.session, webhook_id)
    rows = await repository.list_deliveries(
        call.session, webhook_id=webhook.id, state=state, limit=page.fetch, before=page.after_moment
    )
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=DeliveryOut.model_validate)


@router.post("/{webhook_id}/deliveries/{delivery_id}/resend", operation_id="resendWebhookDelivery")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(WebhookOff,),
)
async def resend(call: StaffCall, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryOut:
    """Send a delivery again at once, with all its tries, whatever became of it; the event keeps its id."""
    webhook = await repository.get_webhook(call.session, webhook_id)
    sent = await webhooks.resend(call.session, actor=call.actor, webhook=webhook, delivery_id=delivery_id)
    return DeliveryOut.model_validate(sent)


def _reach(call: Call) -> Reach:
    settings = call.port.settings
    return Reach(settings.profile is Profile.DEVELOPMENT, read_networks(settings.webhook_networks))
