import json
from datetime import date
from uuid import UUID

import pytest

from guibin.core.errors import Category, Refusal, RetryLater
from guibin.security.errors import ReauthRequired, TokenInvalid, TokenRequired
from guibin.web.errors import BodyTooLarge, MethodNotAllowed, RateLimited
from guibin.web.problems import STATUS, problem_body, problem_headers, problem_response


def test_every_category_has_one_status() -> None:
    assert set(STATUS) == set(Category)
    assert len(set(STATUS.values())) == len(STATUS)


@pytest.mark.parametrize(
    ("refusal", "headers"),
    [
        (TokenRequired(), {"WWW-Authenticate": "Bearer"}),
        (TokenInvalid(), {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
        (
            ReauthRequired(max_age=900),
            {"WWW-Authenticate": 'Bearer error="insufficient_user_authentication", max_age=900'},
        ),
        (RetryLater(), {"Retry-After": "1"}),
        (RateLimited(limit="x", retry_after=7), {"Retry-After": "7"}),
        (MethodNotAllowed(allowed=("GET", "PUT")), {"Allow": "GET, PUT"}),
        (BodyTooLarge(limit=1), {"Connection": "close"}),
    ],
)
def test_a_refusal_has_the_headers_that_belong_to_it(refusal: Refusal, headers: dict[str, str]) -> None:
    assert problem_headers(refusal) == headers


def test_facts_are_written_as_text() -> None:
    refusal = RateLimited(limit="x", retry_after=7)
    refusal.facts |= {"day": date(2026, 1, 2), "id": UUID(int=1)}
    body = json.loads(problem_body(refusal, request_id="r1", language="en"))
    assert body == {
        "type": "urn:guibin:problem:rate-limited",
        "title": "Too many requests: slow down",
        "status": 429,
        "code": "rate_limited",
        "request_id": "r1",
        "limit": "x",
        "retry_after": 7,
        "day": "2026-01-02",
        "id": "00000000-0000-0000-0000-000000000001",
    }


def test_the_answer_is_a_problem() -> None:
    response = problem_response(RetryLater(), request_id="r1", language="zh")
    assert (response.status_code, response.media_type) == (503, "application/problem+json")
