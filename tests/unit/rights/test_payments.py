"""What is told of money is held to what is due and to be repaid: each once, to the fen, a repayment also by parts."""

from datetime import timedelta
from typing import Any

import pytest

from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.rights.models import PaymentState, RedemptionPayment
from guibin.rights.payments import MoneyDue, Transfer, is_repaid_again, is_told_again
from support.points import NOON


def payment(**values: Any) -> RedemptionPayment:
    fresh: dict[str, Any] = {
        "amount_fen": 15_000,
        "state": PaymentState.DUE,
        "repayable_fen": 0,
        "repaid_fen": 0,
        "repayments": {},
    }
    own: dict[str, Any] = {"customer_id": new_id(), "redemption_id": new_id(), "hold_id": new_id(), "due_until": NOON}
    return RedemptionPayment(**own, **(fresh | values))


def code_of(*told: Any) -> tuple[str, dict[str, Any]]:
    judge, *facts = told
    with pytest.raises(Refusal) as refused:
        judge(*facts)
    return refused.value.code, dict(refused.value.facts)


def test_money_is_due_for_some_minutes_where_any_is() -> None:
    assert MoneyDue.of(0, 30, NOON) is None
    assert MoneyDue.of(1, 30, NOON) == MoneyDue(1, NOON + timedelta(minutes=30))


def test_a_payment_counts_once_by_its_reference_and_amount() -> None:
    paid = payment(state=PaymentState.PAID, reference="P1")
    assert is_told_again(payment(), Transfer(15_000, "P1")) is False
    assert is_told_again(paid, Transfer(15_000, "P1")) is True
    assert code_of(is_told_again, paid, Transfer(15_000, "P2")) == ("already_paid", {})
    assert code_of(is_told_again, paid, Transfer(14_999, "P1")) == ("already_paid", {})


def test_what_comes_too_late_or_is_another_amount_is_refused_and_the_amount_is_not_looked_at_when_it_is_over() -> None:
    over = payment(state=PaymentState.VOID)
    for fen in (15_000, 1):
        assert code_of(is_told_again, over, Transfer(fen, "P1")) == ("payment_over", {"until": NOON})
    for fen in (14_999, 15_001):
        assert code_of(is_told_again, payment(), Transfer(fen, "P1")) == ("amount_differs", {"due": "150.00"})


def test_a_repayment_is_at_most_what_is_to_be_repaid_and_counts_once_however_much_came_after_it() -> None:
    partly = payment(state=PaymentState.PAID, repayable_fen=10_000, repaid_fen=4_000, repayments={"R1": 4_000})
    assert [is_repaid_again(partly, Transfer(fen, "R2")) for fen in (1, 6_000)] == [False, False]
    assert code_of(is_repaid_again, partly, Transfer(6_001, "R2")) == ("amount_differs", {"due": "60.00"})
    assert is_repaid_again(partly, Transfer(4_000, "R1")) is True
    assert code_of(is_repaid_again, partly, Transfer(3_999, "R1")) == ("amount_differs", {"due": "40.00"})
    done = payment(state=PaymentState.PAID, repayable_fen=4_000, repaid_fen=4_000, repayments={"R1": 4_000})
    assert is_repaid_again(done, Transfer(4_000, "R1")) is True
    assert code_of(is_repaid_again, done, Transfer(1, "R2")) == ("nothing_to_repay", {})
