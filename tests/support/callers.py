"""Who may call what, computed from the seeded grants and the routes' declarations.

Run as a program it writes the table that `tests/contract/test_callers.py` holds the ports to; `make openapi` does so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from guibin.organisation.defaults import seeded_grants
from guibin.security.actors import ActorKind
from support.house import BRANCH_ROLES, CUSTOMER_SCOPES, HEAD_OFFICE_ROLES
from support.routes import Route, all_routes

FILE = Path(__file__).parents[1] / "contract/callers.txt"
SERVICES = {
    "core_banking": ("earn:post", "feeds:post", "identity:post", "points:hold"),
    "supplier_terminal": ("voucher:use",),
    "payment_gateway": ("payments:post",),
    "message_gateway": ("contacts:post",),
}
ROLES = (*HEAD_OFFICE_ROLES, *BRANCH_ROLES)
NOBODY = ("no_token", "expired", "wrong_issuer", "other_port", "wrong_kind")
"""Credentials that identify nobody: `other_port` is a token for the other port, `wrong_kind` one of the other port's
people issued for this port."""
STAFF_NOBODY = ("revoked", "disabled")
"""Staff whose token was revoked, or whose account is disabled."""

OVERREACHING = "supplier_terminal_asking_for_all"
"""A service whose token has every scope that any route asks for; the bank has given it fewer."""

OLD_LOGIN = "hq_approver_of_an_old_login"
WEAK_LOGIN = "hq_approver_without_second_factor"
CALLERS = {
    "bank-api": (
        *(*NOBODY, *STAFF_NOBODY, *ROLES, OLD_LOGIN, WEAK_LOGIN),
        *(*SERVICES, OVERREACHING, "service_without_scopes"),
    ),
    "customer-api": (*NOBODY, "customer", "customer_without_scopes"),
}
OK, UNAUTHENTICATED, FORBIDDEN = "ok", "401", "403"

GRANTS = {(grant.role, grant.verb, grant.domain) for grant in seeded_grants()}


@dataclass(frozen=True)
class Held:
    """What a caller holds: the kind, the OAuth scopes and, for staff, the role."""

    kind: ActorKind
    scopes: tuple[str, ...] = ()
    role: str | None = None


def held_by(caller: str) -> Held:
    if caller in ROLES:
        return Held(ActorKind.STAFF, role=caller)
    if caller in {OLD_LOGIN, WEAK_LOGIN}:
        return Held(ActorKind.STAFF, role="hq_approver")
    if caller.startswith("customer"):
        return Held(ActorKind.CUSTOMER, CUSTOMER_SCOPES if caller == "customer" else ())
    return Held(
        ActorKind.SERVICE, SERVICES["supplier_terminal"] if caller == OVERREACHING else SERVICES.get(caller, ())
    )


def expected(route: Route, caller: str) -> str:
    """Compute from the declaration and the grants what a caller is answered."""
    if route.declaration.is_public:
        return OK
    if caller in {*NOBODY, *STAFF_NOBODY}:
        return UNAUTHENTICATED
    held = held_by(caller)
    if caller in {OLD_LOGIN, WEAK_LOGIN} and route.declaration.fresh_login:
        return UNAUTHENTICATED if _is_permitted(route, held) else FORBIDDEN
    return OK if _is_permitted(route, held) else FORBIDDEN


def _is_permitted(route: Route, held: Held) -> bool:
    for declared in route.declaration.callers:
        if declared.kind is not held.kind:
            continue
        if declared.oauth_scope in held.scopes:
            return True
        if declared.verb and declared.domain and held.role and (held.role, declared.verb, declared.domain) in GRANTS:
            return True
    return False


def table() -> str:
    """Write the expectation of all routes."""
    return "\n".join(line for route in all_routes() for line in _paragraph(route)) + "\n"


def _paragraph(route: Route) -> Iterator[str]:
    yield f"{route.port} {route.name}"
    answers = sorted((expected(route, caller), caller) for caller in CALLERS[route.port])
    for answer, group in groupby(answers, key=lambda pair: pair[0]):
        yield f"    {answer:<3} {' '.join(caller for _, caller in group)}"
    yield ""


if __name__ == "__main__":
    FILE.write_text(table(), "utf-8")
