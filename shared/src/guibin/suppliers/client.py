"""The API of a supplier as we call it: `POST {base}/orders` and `GET {base}/orders/{number}`; see docs/integrators.md.

Both are signed as webhooks are. An order goes out under a number of ours, by which it is asked for; what an answer does
not say in so many words is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from guibin.core.ids import to_public
from guibin.core.strict_json import StrictJsonError, read_object
from guibin.outbox.models import DeliveryFailure
from guibin.outbox.rules import body_of, signature_of
from guibin.outbox.sending import Answer, WebhookSender
from guibin.suppliers.models import OrderFault
from guibin.suppliers.rules import Report, Told, read_report

_MOST_DEPTH: Final = 5
_NOT_FOUND: Final = 404
_GOOD: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a supplier's API is, and the secrets that sign, by number."""

    base_url: str
    secrets: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a call: a report, or why there is none."""

    report: Report | None = None
    fault: OrderFault | None = None


class SupplierClient:
    """Calls suppliers over the guarded sender of webhooks."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    async def place(self, to: Connection, order_id: UUID, order: Mapping[str, Any], *, at: datetime) -> Heard:
        """Send an order."""
        body = body_of({"order_no": to_public("ord", order_id), **order})
        headers = _headers(to, body, at)
        answer = await self._sender.call("POST", f"{to.base_url}/orders", body, headers)
        return heard_of(answer, order_id)

    async def ask(self, to: Connection, order_id: UUID, *, at: datetime) -> Heard:
        """Ask what became of an order. What is signed in place of a body is its number."""
        number = to_public("ord", order_id)
        answer = await self._sender.call(
            "GET", f"{to.base_url}/orders/{number}", None, _headers(to, number.encode(), at)
        )
        return heard_of(answer, order_id)


def _headers(to: Connection, signed: bytes, at: datetime) -> dict[str, str]:
    secrets = {number: secret.encode() for number, secret in to.secrets.items()}
    return {"User-Agent": "guibin-orders", "Guibin-Signature": signature_of(signed, secrets, at=at)}


def heard_of(answer: Answer, order_id: UUID) -> Heard:
    """Read an answer: it has to name the order; a 404 counts only where it says that the order is not known."""
    if answer.status is None:
        return Heard(fault=_FAULTS.get(answer.failure, OrderFault.UNREACHABLE) if answer.failure else None)
    try:
        document = read_object(answer.body, max_depth=_MOST_DEPTH)
    except StrictJsonError:
        return Heard(fault=OrderFault.BAD_ANSWER)
    report = read_report(document)
    named = document.get("order_no") == to_public("ord", order_id)
    if report is None or not named or (answer.status == _NOT_FOUND) != (report.told is Told.NOT_KNOWN):
        return Heard(fault=OrderFault.BAD_ANSWER)
    if answer.status not in _GOOD and report.told not in {Told.REFUSED, Told.NOT_KNOWN}:
        return Heard(fault=OrderFault.BAD_ANSWER)
    return Heard(report)


_FAULTS: Final = {
    DeliveryFailure.TIMEOUT: OrderFault.TIMEOUT,
    DeliveryFailure.UNREACHABLE: OrderFault.UNREACHABLE,
    DeliveryFailure.ADDRESS_NOT_ALLOWED: OrderFault.ADDRESS_NOT_ALLOWED,
}
