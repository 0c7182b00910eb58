"""Do the payment service's book, the redemptions and the ledger agree on money? Reads them when all of it has ended.

Nobody has paid without a right or a repayment, and nobody has given points without a right.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import asyncpg
from chaos.history import History, Outcome
from chaos.payments import Gateway

BOUGHT: Final = """
    SELECT 'rdm_' || r.id AS id, 'cus_' || r.customer_id AS customer, r.state, r.quantity, r.points_charged AS points,
           r.quantity - r.quantity_refunded AS standing, p.state AS money, p.amount_fen AS fen, p.reference,
           p.repayable_fen AS repayable, p.repaid_fen AS repaid, p.closed_at < p.due_until AS early,
           coalesce((SELECT sum(debt_change - points) FROM points_entry e
                      WHERE e.customer_id = r.customer_id AND e.source_kind = 'redemption'
                        AND split_part(e.source_id, '/', 1) = 'rdm_' || r.id), 0) AS spent
      FROM redemption r
      JOIN redemption_payment p ON p.customer_id = r.customer_id AND p.redemption_id = r.id
"""
"""Everything that costs money, with what the ledger says that its points were."""

TOLD: Final = """
    SELECT 'rdm_' || p.redemption_id FROM redemption_payment p LEFT JOIN (
           SELECT subject, count(*) FILTER (WHERE type = 'redemption.payment_due') AS asked,
                  sum((payload ->> 'amount')::numeric * 100) FILTER (WHERE type = 'redemption.repayable') AS back
             FROM outbox_event GROUP BY subject) e ON e.subject = 'rdm_' || p.redemption_id
     WHERE e.asked IS DISTINCT FROM 1 OR coalesce(e.back, 0) <> p.repayable_fen
"""
"""I12: each is asked to be paid once, and what events say that is to be repaid is what is."""

Row: TypeAlias = Mapping[str, Any]


async def check_payments(history: History, admin_url: str, gateway: Gateway) -> list[str]:
    """Return what does not agree, a sentence each; empty is good."""
    connection = await asyncpg.connect(admin_url)
    try:
        rows: list[Row] = [dict(row) for row in await connection.fetch(BOUGHT)]
        found = [f"I12: {row[0]} was told otherwise than it is" for row in await connection.fetch(TOLD)]
    finally:
        await connection.close()
    return [*found, *_of_gateway(gateway, rows), *_of_redemptions(history, gateway, rows)]


def _of_gateway(gateway: Gateway, rows: Sequence[Row]) -> list[str]:
    """All that the service took is kept by the redemption that it paid for, once, or went back at once."""
    paid = {row["id"]: row for row in rows if row["money"] == "paid"}
    kept = {reference: payment for reference, payment in gateway.payments.items() if payment.kept}
    found = [f"I5: nobody knows of {name}" for name, payment in gateway.payments.items() if payment.kept is None]
    for reference, payment in kept.items():
        row = paid.get(payment.redemption)
        if row is None or (row["reference"], row["fen"], row["customer"]) != (reference, payment.fen, payment.customer):
            found.append(f"I5: {payment.customer} paid {payment.fen} fen by {reference} and has no right for it")
    known = {payment.redemption for payment in kept.values()}
    return found + [f"I5: {id_} is paid, and nobody took money for it" for id_ in paid.keys() - known]


def _of_redemptions(history: History, gateway: Gateway, rows: Sequence[Row]) -> list[str]:
    """What stands is paid for by its share of points and money; what does not stand costs nothing of either."""
    back: Counter[str] = Counter()
    for one in gateway.repayments.values():
        back[one.redemption] += one.fen
    ended = {
        one.facts["redemption"]
        for kind in ("cancel", "payment-failed")
        for one in history.of(kind)
        if one.outcome is not Outcome.FAIL
    }
    failed = {one.facts["redemption"] for one in history.of("payment-failed", Outcome.OK)}
    found = []
    for row in rows:
        id_, standing, of = row["id"], row["standing"], row["quantity"]
        kept = row["fen"] if row["money"] == "paid" else 0
        if row["money"] == "due":
            found.append(f"I8: {id_} still waits for its money")
        if (kept - back[id_]) * of != row["fen"] * standing or not back[id_] == row["repaid"] == row["repayable"]:
            found.append(f"I8: of {id_} {standing} of {of} units stand, for {kept} fen, {back[id_]} of them repaid")
        if row["spent"] * of != row["points"] * standing:
            found.append(f"I8: of {id_} {standing} of {of} units stand, for {row['spent']} of {row['points']} points")
        if (row["money"] == "void" and row["early"] and id_ not in ended) or (id_ in failed and kept):
            found.append(f"I5: {id_} is {row['state']}, told otherwise than it is")
    return found
