"""A manual tag for many at once (TAG-01): by id or customer number, all of a list or none of it."""

from typing import Any

import httpx
from sqlmodel import col, select

from guibin.audit.models import AuditEntry
from guibin.core.ids import new_id, to_public
from guibin.tags.models import CustomerTag
from support.house import EAST, WEST, House

HAND = {"code": "guest", "kind": "manual", "axis": "service", "name_zh": "答谢会来宾", "name_en": "Guest"}
WHY = "春季答谢会现场登记"


async def test_a_list_is_tagged_and_untagged_as_a_whole_and_each_customer_has_it_in_the_trail(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    east = [await house.add_customer(branch=EAST) for _ in range(3)]
    west = await house.add_customer(branch=WEST)
    ids = [to_public("cus", one) for one in east]
    made = await bank_client.post("/v1/tags", json=HAND, headers=house.headers("hq_operator"))
    assert made.status_code == 201, made.text

    async def ask(act: str, customers: list[str], role: str = "branch_head") -> httpx.Response:
        body = {"act": act, "customers": customers, "reason": WHY}
        return await bank_client.post("/v1/tags/guest/customers", json=body, headers=house.headers(role))

    async def holders() -> set[Any]:
        async with house.sessions() as session:
            query = select(CustomerTag.customer_id).where(col(CustomerTag.until).is_(None))
            return set((await session.exec(query)).all())

    wrong = await ask("set", [ids[0], to_public("cus", west), ids[0], "no such number", to_public("cus", new_id())])
    assert (wrong.status_code, wrong.json()["code"]) == (422, "tag_rows_invalid")
    assert wrong.json()["rows"] == [
        {"row": 2, "reason": "unknown_customer"},
        {"row": 3, "reason": "duplicate"},
        {"row": 4, "reason": "unknown_customer"},
        {"row": 5, "reason": "unknown_customer"},
    ]
    assert await holders() == set()
    done = await ask("set", ids[:2])
    assert done.json() == {"code": "guest", "changed": 2, "unchanged": 0}
    assert (await ask("set", ids)).json() == {"code": "guest", "changed": 1, "unchanged": 2}
    assert await holders() == set(east)
    assert (await ask("unset", ids[1:], "hq_operator")).json()["changed"] == 2
    assert (await ask("unset", ids)).json() == {"code": "guest", "changed": 1, "unchanged": 2}
    assert await holders() == set()
    async with house.sessions() as session:
        query = select(AuditEntry).where(col(AuditEntry.action).in_(("tag.set", "tag.unset")))
        rows = (await session.exec(query)).all()
    assert {one.owner_id for one in rows if one.action == "tag.unset"} == set(east)
    assert all((one.facts["via"], one.reason) == ("list", WHY) for one in rows)


async def test_what_a_rule_gives_is_given_to_no_list(bank_client: httpx.AsyncClient, house: House) -> None:
    rule = {"fact": "age", "op": ">=", "value": 60}
    body = HAND | {"kind": "rule", "rule": rule}
    await bank_client.post("/v1/tags", json=body, headers=house.headers("hq_operator"))
    asked = {"act": "unset", "customers": [to_public("cus", await house.add_customer())], "reason": WHY}
    answer = await bank_client.post("/v1/tags/guest/customers", json=asked, headers=house.headers("hq_operator"))
    assert (answer.status_code, answer.json()["code"]) == (409, "tag_kind_conflict")
