"""What a supplier may say of an order, how far that brings it, and when it is asked again."""

from datetime import UTC, datetime, timedelta

import pytest

from guibin.rights.models import Fulfilment
from guibin.suppliers.models import OrderState
from guibin.suppliers.rules import (
    MOST_ASKED,
    TRIES,
    Report,
    Told,
    fits,
    goes_forward,
    is_code,
    is_on_its_way,
    next_query,
    next_try,
    read_report,
)

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
ENDED = (OrderState.DONE, OrderState.REFUSED, OrderState.WITHDRAWN)


@pytest.mark.parametrize(
    ("told", "brought"),
    [
        (Told.ACCEPTED, {OrderState.WAITING, OrderState.SENT}),
        (Told.DONE, {OrderState.WAITING, OrderState.SENT, OrderState.ACCEPTED}),
        (Told.REFUSED, {OrderState.WAITING, OrderState.SENT, OrderState.ACCEPTED}),
        (Told.NOT_KNOWN, set()),
    ],
)
def test_an_order_goes_forward_only_and_ends_once(told: Told, brought: set[OrderState]) -> None:
    assert {state for state in OrderState if goes_forward(state, told)} == brought
    assert brought.isdisjoint(ENDED)


@pytest.mark.parametrize(
    ("told", "codes", "fulfilment", "fit"),
    [
        (Told.DONE, ("AAAA", "BBBB"), Fulfilment.ORDER, True),
        (Told.DONE, ("AAAA",), Fulfilment.ORDER, False),
        (Told.DONE, ("AAAA", "AAAA"), Fulfilment.ORDER, False),
        (Told.DONE, (), Fulfilment.ORDER, False),
        (Told.ACCEPTED, (), Fulfilment.ORDER, True),
        (Told.ACCEPTED, ("AAAA", "BBBB"), Fulfilment.ORDER, False),
        (Told.DONE, (), Fulfilment.TOP_UP, True),
        (Told.DONE, ("AAAA", "BBBB"), Fulfilment.TOP_UP, False),
    ],
)
def test_two_units_come_with_two_codes_where_codes_come_back_and_with_none_elsewhere(
    told: Told, codes: tuple[str, ...], fulfilment: Fulfilment, fit: bool
) -> None:
    assert fits(Report(told, codes=codes), fulfilment=fulfilment, quantity=2) is fit


@pytest.mark.parametrize(
    ("tries", "seconds"), [(1, 10), (2, 30), (3, 60), (4, 120), (8, 14_400), (9, 43_200), (TRIES - 1, 43_200)]
)
def test_what_told_nothing_is_tried_again_later_and_later_within_a_fifth(tries: int, seconds: int) -> None:
    for spread, share in ((0.0, 1.0), (1.0, 1.2), (-1.0, 0.8)):
        assert next_try(tries, now=NOW, spread=spread) == NOW + timedelta(seconds=seconds) * share


def test_after_twelve_tries_a_person_looks() -> None:
    assert next_try(TRIES, now=NOW, spread=0.0) is None


@pytest.mark.parametrize(("asked", "hours"), [(0, 1 / 6), (1, 1), (2, 6), (3, 6), (MOST_ASKED - 1, 6)])
def test_what_the_supplier_has_is_asked_for_soon_then_hourly_then_four_times_a_day(asked: int, hours: float) -> None:
    assert next_query(asked, now=NOW) == NOW + timedelta(hours=hours)


def test_after_thirty_days_of_asking_a_person_looks() -> None:
    assert next_query(MOST_ASKED, now=NOW) is None


@pytest.mark.parametrize(("ago", "on_its_way"), [(0, True), (59, True), (60, False), (61, False)])
def test_a_call_may_be_on_its_way_for_a_minute(ago: int, on_its_way: bool) -> None:
    assert is_on_its_way(NOW - timedelta(seconds=ago), now=NOW) is on_its_way
    assert not is_on_its_way(None, now=NOW)


def test_a_report_is_read_with_all_it_says() -> None:
    document = {
        "state": "done",
        "reference": " SIM-1\n",
        "reason": "",
        "tracking_no": "SF1" + "2" * 200,
        "codes": ["AAAA", "B" * 64],
    }
    read = read_report(document)
    assert read == Report(Told.DONE, "SIM-1", None, "SF1" + "2" * 117, ("AAAA", "B" * 64))
    assert repr(read) == "Report(done, codes=2)"
    refused = {"state": "refused", "reason": "sold out", "reference": 5}
    assert read_report(refused) == Report(Told.REFUSED, None, "sold out")
    assert read_report({"state": "accepted", "codes": None}) == Report(Told.ACCEPTED)


@pytest.mark.parametrize(
    "document",
    [{}, {"state": "on the moon"}, {"state": "done", "codes": "AAAA"}, {"state": "done", "codes": ["AAAA", 5]}],
)
def test_what_is_not_understood_is_no_report(document: dict[str, object]) -> None:
    assert read_report(document) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AAAA", True),
        ("!~aZ", True),
        ("AAA", False),
        ("A" * 64, True),
        ("A" * 65, False),
        ("AA AA", False),
        ("券码券码", False),
    ],
)
def test_a_code_is_4_to_64_visible_characters(text: str, code: bool) -> None:
    assert is_code(text) is code
