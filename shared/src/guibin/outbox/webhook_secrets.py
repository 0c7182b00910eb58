"""The secrets with which webhooks are signed: 32 random bytes each, kept encrypted under the webhook's own key."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from guibin.outbox.models import Webhook
from guibin.security.ciphers import KeyRing, WrappedKey

_BYTES: Final = 32
_TABLE: Final = "webhook"
_COLUMN: Final = "secret_enc"
MARK: Final = "whsec_"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret as it is kept; whoever may see it opens it again."""

    data_key: bytes
    secret_enc: bytes


def new_secret(keys: KeyRing, webhook_id: UUID, *, data_key: bytes | None = None) -> NewSecret:
    """Make a secret for a webhook, under its data key or a new one."""
    wrapped = WrappedKey(data_key) if data_key is not None else keys.new_data_key(webhook_id)
    opened = keys.open_data_key(wrapped, webhook_id)
    return NewSecret(wrapped, opened.encrypt(MARK + secrets.token_hex(_BYTES), _TABLE, _COLUMN, webhook_id))


def secrets_of(keys: KeyRing, webhook: Webhook, *, now: datetime) -> dict[int, str]:
    """Return the secrets that sign now, by number: the current one, and for a while the one before."""
    key = keys.open_data_key(WrappedKey(webhook.data_key), webhook.id)
    found = {webhook.secret_no: key.decrypt(webhook.secret_enc, _TABLE, _COLUMN, webhook.id)}
    if webhook.old_secret_enc is not None and webhook.old_secret_until is not None and now < webhook.old_secret_until:
        found[webhook.secret_no - 1] = key.decrypt(webhook.old_secret_enc, _TABLE, _COLUMN, webhook.id)
    return found
