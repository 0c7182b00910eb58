"""The assertion that all suites carry (T-API-5) sees what it is there for."""

from typing import Any

import httpx
import pytest

from support.problems import fault_of_problem

GOOD: dict[str, Any] = {
    "type": "about:blank",
    "title": "输入有误",
    "status": 422,
    "code": "validation_failed",
    "request_id": "req-1",
    "errors": [{"loc": ["body", "name"], "type": "blank", "message": "不能为空"}],
}
SENT = {"name": "canary7f3a91", "nested": [{"phone": "13800138000"}]}


def answer(problem: dict[str, Any], *, content_type: str = "application/problem+json") -> httpx.Response:
    request = httpx.Request("POST", "http://port.test/v1/x?cursor=a-long-cursor", json=SENT)
    headers = {"content-type": content_type, "x-request-id": "req-1"}
    return httpx.Response(422, json=problem, headers=headers, request=request)


def saying(message: str) -> dict[str, Any]:
    return GOOD | {"errors": [{"loc": ["body"], "type": "blank", "message": message}]}


def test_a_problem_as_declared_has_no_fault() -> None:
    assert fault_of_problem(answer(GOOD)) is None


@pytest.mark.parametrize(
    ("problem", "fault"),
    [
        ({name: value for name, value in GOOD.items() if name != "title"}, "not whole"),
        (GOOD | {"status": 400}, "not whole"),
        (GOOD | {"request_id": "req-2"}, "another request id"),
        (GOOD | {"errors": [{"loc": [], "type": "x", "message": "x", "input": 1}]}, "other members"),
        (GOOD | {"title": "sqlalchemy.exc.DBAPIError"}, "inside"),
        (saying("canary7f3a91 is no name"), "repeats the input"),
        (saying("13800138000"), "repeats the input"),
        (saying("a-long-cursor"), "repeats the input"),
    ],
)
def test_another_one_has(problem: dict[str, Any], fault: str) -> None:
    found = fault_of_problem(answer(problem))
    assert found is not None
    assert fault in found


def test_an_error_that_is_no_problem_is_found() -> None:
    assert fault_of_problem(answer(GOOD, content_type="application/json")) is not None
