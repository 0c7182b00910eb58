from datetime import UTC, datetime, timedelta

import pytest

from guibin.idempotency.rules import fingerprint, is_kept, is_key, is_stored

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


@pytest.mark.parametrize("text", ["k", "!" * 128, "550e8400-e29b-41d4-a716-446655440000"])
def test_visible_ascii_is_a_key(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize("text", ["", "k" * 129, "a b", "a\n", "ü", "\x7f"])
def test_anything_else_is_no_key(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize(("status", "stored"), [(199, False), (200, True), (299, True), (300, False), (409, True)])
def test_successes_and_conflicts_are_stored(status: int, stored: bool) -> None:
    assert is_stored(status) is stored


@pytest.mark.parametrize("status", [401, 403, 404, 412, 422, 428, 429, 500, 503])
def test_other_refusals_are_not_stored(status: int) -> None:
    assert not is_stored(status)


def test_an_answer_is_kept_for_seven_days() -> None:
    assert is_kept(NOON - timedelta(days=7), NOON)
    assert not is_kept(NOON - timedelta(days=7, seconds=1), NOON)


@pytest.mark.parametrize(
    "other",
    [
        fingerprint("PUT", "/a", [("x", "1")], {"b": [1, 2]}),
        fingerprint("POST", "/b", [("x", "1")], {"b": [1, 2]}),
        fingerprint("POST", "/a", [("x", "2")], {"b": [1, 2]}),
        fingerprint("POST", "/a", [("x", "1")], {"b": [2, 1]}),
        fingerprint("POST", "/a", [("x", "1")], {"b": [1, 2.0]}),
        fingerprint("POST", "/a", [("x", "1")], None),
    ],
    ids=["method", "path", "query", "order of items", "kind of number", "no body"],
)
def test_another_request_has_another_fingerprint(other: bytes) -> None:
    assert other != fingerprint("POST", "/a", [("x", "1")], {"b": [1, 2]})


def test_the_order_of_names_does_not_matter() -> None:
    one = fingerprint("POST", "/a", [("x", "1"), ("y", "2")], {"a": 1, "b": {"c": 1, "d": 2}})
    assert one == fingerprint("POST", "/a", [("y", "2"), ("x", "1")], {"b": {"d": 2, "c": 1}, "a": 1})
    assert len(one) == 32


def test_fingerprints_that_were_stored_stay_what_they_are() -> None:
    known = fingerprint("POST", "/v1/redemptions", [("b", "2"), ("a", "1")], {"wish": "券", "quantity": [1, 2]})
    assert known.hex() == "a11b3b123ab3ba06751e8f44f7bf7e4c7b4eafc0462889be74ae2228625e38ac"
