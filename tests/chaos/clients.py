"""A client as a good app is: what has no answer is sent again with the same key, at most eight times, with jitter."""

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
from chaos.history import History, Operation, Outcome

MOST_TRIES = 8
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 6.0
PATIENCE_SECONDS = 10.0
REPLAYS = 0.05
"""The share of acknowledged writes that are sent once more, as an app does that has lost the answer."""

COME_AGAIN = frozenset({429, 503})
GONE = frozenset({"use", "code"})
"""What may be answered with 404: the codes of a redemption that was cancelled or refunded in the meantime are void."""

IN_PROGRESS = "idempotency_in_progress"


@dataclass
class Client:
    """One of the tasks that talk to the ports, with dice of its own."""

    http: httpx.AsyncClient
    history: History
    dice: Random

    async def send(
        self, operation: Operation, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None
    ) -> Operation:
        """Carry an operation to its end and note it."""
        writes = method != "GET"
        sent = headers | {"Idempotency-Key": operation.key} if writes else headers
        answer = await self._until_answered(operation, method, url, sent, body)
        if answer is not None:
            self._read(operation, answer)
            if writes and operation.outcome is Outcome.OK and self.dice.random() < REPLAYS:
                await self._replay(operation, answer, method, url, sent, body)
        self.history.end(operation, writes=writes)
        return operation

    async def _until_answered(
        self, operation: Operation, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response | None:
        for number in range(MOST_TRIES):
            operation.tries += 1
            answer = await self._try(method, url, headers, body)
            if answer is not None and not _is_to_come_again(answer):
                return answer
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**number)
            await asyncio.sleep(pause * self.dice.uniform(0.5, 1.5))
        return None

    async def _try(
        self, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response | None:
        try:
            return await self.http.request(method, url, headers=headers, json=body, timeout=PATIENCE_SECONDS)
        except httpx.TransportError:
            return None

    def _read(self, operation: Operation, answer: httpx.Response) -> None:
        operation.status, operation.answer = answer.status_code, answer.json()
        if answer.is_success:
            operation.outcome = Outcome.OK
        elif answer.status_code == httpx.codes.CONFLICT or (
            answer.status_code == httpx.codes.NOT_FOUND and operation.kind in GONE
        ):
            operation.outcome, operation.code = Outcome.FAIL, operation.answer["code"]
        else:
            self.history.fault(f"operation {operation.number} ({operation.kind}) answered {answer.status_code}")

    async def _replay(
        self,
        operation: Operation,
        first: httpx.Response,
        method: str,
        url: str,
        headers: dict[str, str],
        body: dict[str, Any] | None,
    ) -> None:
        tries = operation.tries
        again = await self._until_answered(operation, method, url, headers, body)
        operation.tries = tries
        if again is not None and (again.status_code, again.content) != (first.status_code, first.content):
            self.history.fault(f"operation {operation.number} ({operation.kind}) was replayed with another answer")


def _is_to_come_again(answer: httpx.Response) -> bool:
    if answer.status_code in COME_AGAIN:
        return True
    return answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] == IN_PROGRESS
