"""The check of money in a chaos run finds whoever paid for nothing, and whatever was told otherwise than it is."""

from pathlib import Path
from random import Random

import httpx
from chaos.history import History, Outcome
from chaos.payments import Gateway, Payment, Repayment
from chaos.payments_checker import check_payments

from guibin.core.ids import to_public
from support.house import House
from support.shop import Shop
from support.till import PRICES, Till


async def test_a_payment_without_a_right_a_right_without_a_payment_and_a_repayment_that_is_missing_are_found(
    house: House, tmp_path: Path, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    shop, till = Shop(house), Till(house, customer_client, bank_client)
    me, right = await shop.customer(1_000), await shop.right(prices=PRICES)
    bought, failed = [(await till.redeem(me, right, units)).json()["id"] for units in (2, 1)]
    await till.tell(bought, "paid", "100.00", "P1")
    await till.refund(bought, units=1)
    await till.tell(bought, "repaid", "50.00", "R1")
    await till.tell(failed, "payment-failed")
    public = to_public("cus", me)
    paid, late = Payment(bought, public, 10_000, kept=True), Payment(failed, public, 5_000, kept=False)
    gateway = Gateway(Random(1), payments={"P1": paid, "P2": late})
    gateway.repayments["R1"] = Repayment(bought, public, 5_000, told=True)
    history = History(tmp_path / "history.jsonl")
    history.invoke("payment-failed", "bank", public, "key", redemption=failed).outcome = Outcome.OK

    async def found() -> list[str]:
        return await check_payments(history, house.database.admin_url, gateway)

    assert await found() == []
    late.kept = True
    assert await found() == [f"I5: {public} paid 5000 fen by P2 and has no right for it"]
    paid.kept, late.kept = False, None
    assert await found() == ["I5: nobody knows of P2", f"I5: {bought} is paid, and nobody took money for it"]
    paid.kept, late.kept = True, False
    gateway.repayments.clear()
    assert await found() == [f"I8: of {bought} 1 of 2 units stand, for 10000 fen, 0 of them repaid"]
    history.operations.clear()
    assert (await found())[1:] == [f"I5: {failed} is unpaid, told otherwise than it is"]
