"""What every route of both ports declares about itself (T-API-6), and what must follow from it."""

import pytest

from guibin.security.actors import ActorKind, Verb
from guibin.web import BodyLimit, DataClass, Idempotency, RateClass
from support.routes import Route, all_routes

ROUTES = all_routes()
STRONG = {Verb.APPROVE, Verb.REVEAL, Verb.EXPORT}
"""What asks for a login of a short while ago with a second factor."""

NAMES = [f"{route.port} {route.name}" for route in ROUTES]


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_route_declares_everything_about_itself(route: Route) -> None:
    declared = route.declaration
    assert isinstance(declared.idempotency, Idempotency)
    assert isinstance(declared.rate, RateClass)
    assert isinstance(declared.data, DataClass)
    assert isinstance(declared.body_limit, BodyLimit)
    for caller in declared.callers:
        assert (caller.verb is not None and caller.domain is not None) == (caller.kind is ActorKind.STAFF)
        assert (caller.oauth_scope is not None) == (caller.kind is not ActorKind.STAFF)


def test_decisions_reveals_and_exports_ask_for_a_fresh_login() -> None:
    def is_strong(route: Route) -> bool:
        return any(caller.verb in STRONG for caller in route.declaration.callers)

    strong = [route for route in ROUTES if is_strong(route) and route.method != "GET"]
    assert len(strong) >= 4
    assert [route.name for route in strong if not route.declaration.fresh_login] == []


def test_no_verb_reads_and_writes() -> None:
    """A route that changes something asks for more than reading, but for searches and questions."""
    reading = [
        route.name
        for route in ROUTES
        if route.method != "GET"
        and route.declaration.callers
        and all(caller.verb is Verb.READ for caller in route.declaration.callers if caller.kind is ActorKind.STAFF)
        and any(caller.kind is ActorKind.STAFF for caller in route.declaration.callers)
    ]
    questions = [
        "POST /v1/contact-checks",
        "POST /v1/customers/search",
        "POST /v1/message-checks",
        "POST /v1/tags/overlap",
    ]
    assert sorted(reading) == questions
