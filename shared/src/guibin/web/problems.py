"""Refusals as `application/problem+json` (RFC 9457), in the caller's language."""

from typing import Final

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from guibin.core.errors import Category, Refusal, ValidationFailed
from guibin.security.errors import ReauthRequired
from guibin.web.errors import LimitReached, MethodNotAllowed
from guibin.web.limits import Allowance
from guibin.web.validation import localise

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[dict[Category, int]] = {
    Category.UNUSABLE: 400,
    Category.UNAUTHENTICATED: 401,
    Category.FORBIDDEN: 403,
    Category.NOT_FOUND: 404,
    Category.METHOD: 405,
    Category.NOT_ACCEPTABLE: 406,
    Category.TIMEOUT: 408,
    Category.CONFLICT: 409,
    Category.STALE: 412,
    Category.TOO_LARGE: 413,
    Category.UNSUPPORTED: 415,
    Category.INVALID: 422,
    Category.PRECONDITION_REQUIRED: 428,
    Category.TOO_MANY: 429,
    Category.HEADERS_TOO_LARGE: 431,
    Category.FAULT: 500,
    Category.UNAVAILABLE: 503,
}

_CHALLENGES: Final = {
    "token_required": "Bearer",
    "token_invalid": 'Bearer error="invalid_token"',
}
_RETRY_SECONDS: Final = 1
# The rest of the body is not read, so the connection cannot carry another request.
_UNREAD: Final = frozenset({Category.TIMEOUT, Category.TOO_LARGE, Category.HEADERS_TOO_LARGE})


def problem_type(code: str) -> str:
    """Return the `type` of a problem, a URN that names the code."""
    return f"urn:guibin:problem:{code.replace('_', '-')}"


def problem_body(refusal: Refusal, *, request_id: str, language: str) -> bytes:
    """Write the body of a refusal: type, title, status, code, request_id and its facts."""
    facts = dict(refusal.facts)
    errors = facts.get("errors")
    if isinstance(refusal, ValidationFailed) and isinstance(errors, list):
        facts["errors"] = [localise(error, language) for error in errors]
    return to_json(
        {
            "type": problem_type(refusal.code),
            "title": refusal.title(language),
            "status": STATUS[refusal.category],
            "code": refusal.code,
            "request_id": request_id,
            **facts,
        }
    )


def problem_headers(refusal: Refusal) -> dict[str, str]:
    """Return the headers that belong to a refusal: how to authenticate, when to come again."""
    if refusal.category is Category.UNAUTHENTICATED:
        return {"WWW-Authenticate": _challenge(refusal)}
    if isinstance(refusal, LimitReached):
        left = allowance_headers(Allowance(refusal.allowed, 0, refusal.retry_after)) if refusal.allowed else {}
        return {"Retry-After": str(refusal.retry_after), **left}
    if "retry_after" in refusal.facts or refusal.category in {Category.UNAVAILABLE, Category.TOO_MANY}:
        return {"Retry-After": str(refusal.facts.get("retry_after", _RETRY_SECONDS))}
    if isinstance(refusal, MethodNotAllowed):
        return {"Allow": ", ".join(refusal.allowed)}
    if refusal.category in _UNREAD:
        return {"Connection": "close"}
    return {}


def allowance_headers(allowance: Allowance) -> dict[str, str]:
    """Say how many calls a limit allows, how many are left, and in how many seconds there are more."""
    return {
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.reset),
    }


def _challenge(refusal: Refusal) -> str:
    """Say how to authenticate: with a token, or again and more strongly (RFC 9470)."""
    if isinstance(refusal, ReauthRequired):
        return f'Bearer error="insufficient_user_authentication", max_age={refusal.facts["max_age"]}'
    return _CHALLENGES.get(refusal.code, "Bearer")


def problem_response(refusal: Refusal, *, request_id: str, language: str) -> Response:
    """Answer a refusal."""
    return Response(
        problem_body(refusal, request_id=request_id, language=language),
        status_code=STATUS[refusal.category],
        media_type=MEDIA_TYPE,
        headers=problem_headers(refusal),
    )


def answer_refusal(request: Request, refusal: Refusal) -> Response:
    """Answer a refusal of a request, and leave it where the edge counts it."""
    request.state.refusal = refusal
    return problem_response(refusal, request_id=request.state.request_id, language=request.state.language)
