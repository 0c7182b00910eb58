"""The files of a small bank's day: two lines that know the same person, and one who earns and redeems."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from support.house import EAST


def as_csv(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Write rows as a feed file; the columns are those of the first row."""
    listed = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return out.getvalue().encode()


def check_digit(seventeen: str) -> str:
    """Return the last character of an 18-digit certificate (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(seventeen, weights, strict=True)) % 11]


def certificate(number: int) -> str:
    """Return a well-formed certificate of nobody: its area code is given to no place."""
    seventeen = f"99010119900307{number:03d}"
    return seventeen + check_digit(seventeen)


def parties() -> bytes:
    """Two customers of personal finance, and three rows that must be refused."""
    common = {"party_type": "person", "certificate_type": "id_card", "branch_code": EAST, "opened_on": "2020-01-01"}
    rows = [
        {
            "record_id": "PF-1",
            "customer_no": "C0000001",
            "name": "诸葛 明月",
            "certificate_no": certificate(1),
            "phone": "19900000001",
            "address": "不存在的路 1 号",
            **common,
        },
        {
            "record_id": "PF-2",
            "customer_no": "C0000002",
            "name": "王小明",
            "certificate_no": certificate(3),
            "phone": "19900000002",
            "address": "不存在的路 2 号",
            **common,
        },
    ]
    wrong_digit = certificate(5)[:-1] + ("0" if certificate(5)[-1] != "0" else "1")
    rows.append({**rows[1], "record_id": "PF-3", "customer_no": "", "certificate_no": wrong_digit})
    rows.append({**rows[1], "record_id": "PF-4", "customer_no": "", "name": ""})
    rows.append({**rows[0]})
    return as_csv(rows)


def card_parties() -> bytes:
    """The card line knows the first customer without a number, by certificate and name alone."""
    return as_csv(
        [
            {
                "record_id": "CC-9",
                "party_type": "person",
                "name": "诸葛明月",
                "certificate_type": "id_card",
                "certificate_no": certificate(1),
                "branch_code": EAST,
            }
        ]
    )


def holdings(opened_on: date) -> bytes:
    """A deposit of each customer."""
    return as_csv(
        {
            "record_id": f"PF-{number}",
            "holding_id": f"62220000000000{number}",
            "product_code": "demand_deposit",
            "side": "asset",
            "opened_on": opened_on.isoformat(),
            "status": "active",
        }
        for number in (1, 2)
    )


def balances(month: date, day: date) -> bytes:
    """1,500,000 all through the month; the second customer 80,000, and 60,000 from the 16th on."""
    before = month - timedelta(days=1)
    rows = [
        {"holding_id": "622200000000001", "date": before, "balance": "1500000.00"},
        {"holding_id": "622200000000002", "date": before, "balance": "80000.00"},
        {"holding_id": "622200000000002", "date": month + timedelta(days=15), "balance": "60000.00"},
        {"holding_id": "622200000000001", "date": day, "balance": "1500000.00"},
    ]
    return as_csv(rows)


def events(day: date) -> bytes:
    """Card spending that earns: 6,000 CNY give 300 points at a point for 20 CNY."""
    return as_csv(
        [
            {
                "reference": "EV-1",
                "record_id": "PF-1",
                "event_type": "card_spend",
                "occurred_at": f"{day.isoformat()}T10:00:00+08:00",
                "amount": "6000.00",
            }
        ]
    )
