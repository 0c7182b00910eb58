"""What was asked and what came of it: one line of JSON for each invocation and for each end, as they happened."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any


class Outcome(StrEnum):
    """How an operation ended: acknowledged, refused, or nobody knows."""

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


@dataclass
class Operation:
    """One thing that a client wanted, its facts, and its end; `answer` is the body of the last answer."""

    number: int
    kind: str
    port: str
    customer: str
    key: str
    facts: dict[str, Any]
    outcome: Outcome = Outcome.INFO
    status: int = 0
    code: str | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    tries: int = 0


class History:
    """Everything that happened in a run, in memory for the checker and in a file for people."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.operations: list[Operation] = []
        self.faults: list[str] = []
        self.wrote_at: dict[str, float] = {}
        self._began = time.monotonic()
        self._file: IO[str] | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the file open."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", encoding="utf-8") as self._file:
            yield

    def invoke(self, kind: str, port: str, customer: str, key: str, **facts: Any) -> Operation:
        """Note that a client begins an operation."""
        operation = Operation(len(self.operations), kind, port, customer, key, facts)
        self.operations.append(operation)
        self.write("invoke", n=operation.number, kind=kind, customer=customer, key=key, **facts)
        return operation

    def end(self, operation: Operation, *, writes: bool) -> None:
        """Note the end of an operation; a write that went through also says that its port is alive."""
        if operation.outcome is Outcome.OK and writes:
            self.wrote_at[operation.port] = time.monotonic()
        self.write(
            operation.outcome,
            n=operation.number,
            status=operation.status,
            code=operation.code,
            tries=operation.tries,
            answer=operation.answer,
        )

    def fault(self, sentence: str) -> None:
        """Note what must not happen."""
        self.faults.append(sentence)
        self.write("fault", says=sentence)

    def write(self, event: str, **facts: Any) -> None:
        """Write one line."""
        if self._file is not None:
            at = round(time.monotonic() - self._began, 3)
            self._file.write(json.dumps({"at": at, "event": event, **facts}, ensure_ascii=False, default=str) + "\n")

    def of(self, kind: str, outcome: Outcome | None = None) -> list[Operation]:
        """Return the operations of a kind, those that ended so where an end is given."""
        return [one for one in self.operations if one.kind == kind and outcome in {None, one.outcome}]
