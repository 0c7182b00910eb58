"""Until when a redemption is cancelled or exchanged, and what a refusal says of when there is more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guibin.core.ids import new_id
from guibin.rights.life import cancellable_until, changeable_until
from guibin.rights.models import Appointment, Redemption, RedemptionState
from guibin.rights.offer import Price, Terms, first_day_of_codes, wallets_of
from guibin.rights.rules import Reason, ReasonCode, out_of_stock, reached_by_everybody
from guibin.rights.slots import Booking

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
SLOT = NOW + timedelta(days=9)


def redemption(state: RedemptionState = RedemptionState.CONFIRMED) -> Redemption:
    columns: dict[str, Any] = {"state": state, "created_at": NOW}
    return Redemption(**columns)


def appointment() -> Appointment:
    ids: dict[str, Any] = {name: new_id() for name in ("customer_id", "redemption_id", "right_id", "slot_id")}
    return Appointment(**ids, city_code="310100", place="A", starts_at=SLOT, ends_at=SLOT + timedelta(hours=1))


def terms(booking: Booking | None = None, cancel_hours: int | None = None, inactive: int | None = None) -> Terms:
    return Terms(
        (Price(None, 1),), booking=booking, cancel_hours=cancel_hours, code_inactive_days=inactive, total_limit=5
    )


def test_without_an_appointment_the_hours_count_from_the_redemption() -> None:
    assert cancellable_until(redemption(), terms(cancel_hours=24), None) == NOW + timedelta(hours=24)
    assert cancellable_until(redemption(), terms(), None) is None
    assert changeable_until(redemption(), terms(Booking(change_hours=5)), None) is None


def test_with_an_appointment_the_hours_count_back_from_its_beginning() -> None:
    booked = terms(Booking(cancel_hours=24, change_hours=48), cancel_hours=1)
    assert cancellable_until(redemption(), booked, appointment()) == SLOT - timedelta(hours=24)
    assert changeable_until(redemption(), booked, appointment()) == SLOT - timedelta(hours=48)
    for never in (terms(Booking()), terms()):
        assert cancellable_until(redemption(), never, appointment()) is None
        assert changeable_until(redemption(), never, appointment()) is None


@pytest.mark.parametrize("state", [state for state in RedemptionState if state is not RedemptionState.CONFIRMED])
def test_only_what_stands_as_confirmed_is_cancelled_or_exchanged(state: RedemptionState) -> None:
    booked = terms(Booking(cancel_hours=1, change_hours=1), cancel_hours=1)
    for at in (None, appointment()):
        assert cancellable_until(redemption(state), booked, at) is None
        assert changeable_until(redemption(state), booked, at) is None


def test_a_refusal_says_when_there_is_more_and_what_everybody_may_have() -> None:
    assert out_of_stock(None) == Reason(ReasonCode.OUT_OF_STOCK, {})
    assert out_of_stock(NOW) == Reason(ReasonCode.OUT_OF_STOCK, {"next_release_at": "2026-11-25T04:00:00+00:00"})
    facts = {"times": 5, "period": "lifetime", "of": "everybody"}
    assert reached_by_everybody(terms()) == Reason(ReasonCode.LIMIT_REACHED, facts)


def test_codes_are_used_from_their_first_day_on_and_wallets_are_named_once() -> None:
    assert first_day_of_codes(terms(), NOW.date()) is None
    assert first_day_of_codes(terms(inactive=3), NOW.date()) == NOW.date() + timedelta(days=3)
    prices = [Price(None, 1, wallet=wallet) for wallet in (None, "service", "reward", "service")]
    assert list(wallets_of(prices)) == ["service", "reward"]
