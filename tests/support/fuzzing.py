"""Schemathesis against a port that really runs: a server in a thread, and the schema with this product's settings."""

import copy
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from support.routes import Route

COMMIT_EXAMPLES: Final = 2
MERGE_EXAMPLES: Final = 50
NIGHTLY_EXAMPLES: Final = 300
"""For each operation, half of them right in form (T-API-1)."""

BATCHES: Final = {"takePointsEvents"}
"""They answer 200 with a refusal for each wrong row, so that a wrong row is no wrong request."""

NEVER_REFUSED: Final = {"#/components/parameters/AcceptLanguage", "#/components/parameters/RequestId"}
SETTINGS: Final[dict[str, Any]] = {
    "cache": {"enabled": False},
    "generation": {"with-security-parameters": False},
    "checks": {
        "negative_data_rejection": {
            "expected-statuses": ["401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428"]
        }
    },
}
CHECKED: Final = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]


@cache
def schema_of(app: FastAPI) -> Any:
    """Read the document of a port, without the headers of which every value is taken and without the caller's token."""
    document = copy.deepcopy(app.openapi())
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [
                part for part in operation["parameters"] if part.get("$ref") not in NEVER_REFUSED
            ]
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(SETTINGS))


def examine(
    schema: Any,
    route: Route,
    known: Mapping[str, str],
    ask: Callable[[Any, list[Any]], None],
    *,
    examples: int = COMMIT_EXAMPLES,
) -> None:
    """Make cases of an operation, some right in form and some wrong, and ask for each with the checks for its answer.

    Half of the former name objects that exist, so that they get past `not_found`. The cases are the same in every run.
    """
    operation = schema[route.path][route.method.lower()]
    names = CHECKED if route.operation_id in BATCHES else [*CHECKED, "negative_data_rejection"]
    checks = CHECKS.get_by_names(names)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[Phase.generate],
    )
    @given(
        case=strategies.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]),
        aimed=strategies.booleans(),
    )
    def each(case: Any, aimed: bool) -> None:
        if aimed and case.meta.generation.mode.is_positive:
            _aim(case, known)
        ask(case, checks)

    each()


def _aim(case: Any, known: Mapping[str, str]) -> None:
    for part in (case.path_parameters, case.body):
        if isinstance(part, dict):
            part.update({name: value for name, value in known.items() if name in part})


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application in a thread of its own and yield its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the port did not start")
                thread.join(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
