"""Which fields each role is shown of a customer, and in which form (T-AC-8): `field_views.txt` is the allow-list.

For every reading route about customers the file has the keys of the answer; a key that roles see in different forms
has a line for each form. A form is `full`, `masked` (some characters are stars), `hidden` (all are), or `none`.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.customers.personal import seal
from guibin.holdings.models import Holding, HoldingBalance
from guibin.products.models import Product
from guibin.security.ciphers import WrappedKey
from guibin.tags.models import CustomerFact
from support.callers import OK, ROLES, expected
from support.house import EAST, House
from support.lines import id_card
from support.neighbours import OWNED, TAG, Neighbours
from support.routes import Route, all_routes

FILE = Path(__file__).parent / "field_views.txt"
LISTS = {"listCustomers", "listRedemptions", "listUnassigned", "listMatches", "listDataRequests"}
FREE = {"items[].facts", "items[].changes", "items[].evidence"}
"""Objects whose keys depend on what happened."""

OPENED = date(2025, 1, 1)
ROUTES = [
    route
    for route in all_routes()
    if route.method == "GET"
    and not route.declaration.is_public
    and (OWNED & route.ids.keys() or route.operation_id in LISTS or route.port == "customer-api")
]


@pytest.fixture(scope="module")
async def known(house: House, neighbours: Neighbours) -> Neighbours:
    """Let the bank know everything about the customer of the east."""
    customer_id = neighbours.east.customer_id
    async with house.sessions() as session:
        customer = await session.get(Customer, customer_id)
        assert customer is not None
        key = house.keys.open_data_key(WrappedKey(customer.data_key or b""), customer_id)
        values = {
            "certificate_no": id_card(771_303, "19830719"),
            "phone": "13800001234",
            "birth_date": "1983-07-19",
            "address": "人民路1号",
            "employer": "某某厂",
        }
        for column, value in seal(key, "customer", customer_id, values).items():
            setattr(customer, column, value)
        customer.certificate_type, customer.birth_year, customer.birth_mmdd = "id_card", 1983, "0719"
        session.add(customer)
        product: dict[str, Any] = {"line": "personal_finance", "product_class": "deposits", "side": "asset"}
        session.add(Product(code="DEP", name_zh="存款", name_en="Deposits", **product))
        session.add(fact_of(customer))
        await session.flush()
        holding = holding_of(customer_id)
        session.add(holding)
        await session.flush()
        session.add(HoldingBalance(customer_id=customer_id, holding_id=holding.id, day=OPENED, balance_fen=150_000_000))
        await session.commit()
    return neighbours


def fact_of(customer: Customer) -> CustomerFact:
    return CustomerFact(
        customer_id=customer.id,
        as_of=clock.last_closed_day(),
        branch_id=customer.branch_id,
        branch=EAST,
        gender="U",
        aum_fen=150_000_000,
        aum_mda_fen=150_000_000,
        liabilities_fen=0,
    )


def holding_of(customer_id: UUID) -> Holding:
    return Holding(
        customer_id=customer_id,
        id=new_id(),
        line="personal_finance",
        holding_ref=customer_id.bytes,
        last4="0001",
        record_ref=customer_id.bytes,
        product_code="DEP",
        side="asset",
        opened_on=OPENED,
        status="active",
        as_of=clock.last_closed_day(),
        feed_file_id=new_id(),
    )


async def test_each_role_is_shown_the_fields_of_the_allow_list_and_no_others(
    house: House, clients: dict[str, httpx.AsyncClient], known: Neighbours, tmp_path: Path
) -> None:
    """To change the list, read the difference and copy the file that the failure names."""
    found = "\n".join([paragraph async for paragraph in paragraphs(house, clients, known)])
    written = tmp_path / FILE.name
    written.write_text(found, "utf-8")
    assert FILE.read_text("utf-8") == found, f"the views differ: {written}"


async def paragraphs(house: House, clients: dict[str, httpx.AsyncClient], known: Neighbours) -> Any:
    for route in ROUTES:
        roles = ROLES if route.port == "bank-api" else ("customer",)
        asked = [role for role in roles if expected(route, role) == OK]
        answers = {role: await ask(route, role, house, clients, known) for role in asked}
        yield "\n".join([f"{route.port} {route.name}", *lines_of(answers)]) + "\n"


async def ask(
    route: Route, role: str, house: House, clients: dict[str, httpx.AsyncClient], known: Neighbours
) -> dict[str, str] | str:
    """Return the forms of an answer's fields by their keys, or the status of a refusal."""
    headers = house.headers(role) if role != "customer" else house.customer_headers(known.east.customer_id)
    url = route.url(code=TAG, right_id=known.right_id, **known.east.ids)
    answer = await clients[route.port].get(url, headers=headers)
    assert answer.status_code in {200, 404, 409}, answer.text
    if answer.status_code != 200:
        return str(answer.status_code)
    forms: dict[str, str] = {}
    for key, form in fields_of(answer.json()):
        forms[key] = form if forms.get(key, form) == form else "full"
    return forms


def fields_of(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the key of each leaf with its form; the items of a list share their keys."""
    if isinstance(value, dict) and at not in FREE:
        for name, part in value.items():
            yield from fields_of(part, f"{at}.{name}".lstrip("."))
    elif isinstance(value, list):
        yield f"{at}[]", "full"
        for part in value:
            yield from fields_of(part, f"{at}[]")
    else:
        yield at, form_of(value)


def form_of(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, str) and "*" in value:
        return "masked" if value.strip("*") else "hidden"
    return "full"


def lines_of(answers: dict[str, dict[str, str] | str]) -> Iterator[str]:
    """Write what all roles are shown alike, then each key of several forms, then who is shown nothing."""
    shown = {role: forms for role, forms in answers.items() if isinstance(forms, dict)}
    refused = {role: status for role, status in answers.items() if isinstance(status, str)}
    keys = sorted({key for forms in shown.values() for key in forms})
    alike = [key for key in keys if len({forms.get(key) for forms in shown.values()}) == 1]
    if alike:
        yield "    " + " ".join(_named(key, next(iter(shown.values()))[key]) for key in alike)
    for key in (key for key in keys if key not in alike):
        by_form = defaultdict(list)
        for role, forms in shown.items():
            by_form[forms.get(key, "absent")].append(role)
        yield from (f"    {key} {form}: {' '.join(sorted(roles))}" for form, roles in sorted(by_form.items()))
    for status in sorted(set(refused.values())):
        yield f"    {status}: {' '.join(sorted(role for role in refused if refused[role] == status))}"


def _named(key: str, form: str) -> str:
    return (key or "(the whole)") + ("" if form == "full" else f"={form}")


def test_the_customer_is_somebody_of_whom_everything_is_known() -> None:
    text = FILE.read_text("utf-8")
    for line in ("name full: manager", "name hidden: auditor", "facts.aum full: manager", "phone hidden: auditor"):
        assert f"    {line}" in text, line
    assert to_public("cus", UUID(int=0)) not in text
