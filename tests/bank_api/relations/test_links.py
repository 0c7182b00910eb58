"""Links between persons and companies over HTTP (CUS-11)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text, update
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers import merging
from guibin.customers.models import Customer, CustomerMerge
from guibin.security.actors import NIGHTLY_JOB
from support.house import EAST, WEST, House

WHY = "营业执照登记的法定代表人"


async def add_company(house: House, *, branch: str = EAST, name: str = "上海星河贸易有限公司") -> UUID:
    company = await house.add_customer(branch=branch, name=name)
    async with house.sessions() as session:
        await session.execute(update(Customer).where(col(Customer.id) == company).values(party_type="company"))
        await session.commit()
    return company


async def link(
    house: House,
    bank: httpx.AsyncClient,
    holder: UUID,
    kind: str,
    other: UUID,
    *,
    role: str = "branch_head",
    **more: Any,
) -> httpx.Response:
    body = {"kind": kind, "other_id": to_public("cus", other), "reason": WHY} | more
    return await bank.post(f"/v1/customers/cus_{holder}/links", json=body, headers=house.headers(role))


async def links_of(
    house: House, bank: httpx.AsyncClient, customer: UUID, *, role: str = "hq_operator", **params: str
) -> list[tuple[str, bool, str | None, str]]:
    url = f"/v1/customers/cus_{customer}/links"
    answer = await bank.get(url, params=params, headers=house.headers(role))
    assert answer.status_code == 200, answer.text
    return [(one["kind"], one["is_holder"], one["party"]["id"], one["party"]["name"]) for one in answer.json()["items"]]


async def test_both_sides_show_a_link_and_one_out_of_scope_is_a_kind_and_a_masked_name(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    person, company = await house.add_customer(), await add_company(house, branch=WEST)
    refused = await link(house, bank_client, person, "owner", company)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    made = await link(house, bank_client, person, "owner", company, role="hq_operator", valid_from="2025-03-01")
    assert (made.status_code, made.json()["valid_from"], made.json()["valid_to"]) == (201, "2025-03-01", None)
    assert await links_of(house, bank_client, person) == [("owner", True, to_public("cus", company), "上**")]
    assert await links_of(house, bank_client, company) == [("owner", False, to_public("cus", person), "张*丰")]
    assert await links_of(house, bank_client, person, role="branch_head") == [("owner", True, None, "上**")]
    assert await links_of(house, bank_client, company, role="branch_head_west") == [("owner", False, None, "张*丰")]
    assert await links_of(house, bank_client, person, role="auditor") == [
        ("owner", True, to_public("cus", company), "*")
    ]


async def test_a_link_stands_from_day_to_day_and_the_same_may_stand_again_later(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    person, company = await house.add_customer(), await add_company(house)
    today = clock.today()
    made = (await link(house, bank_client, person, "employee", company, valid_from="2026-01-01")).json()
    again = await link(house, bank_client, person, "employee", company)
    assert (again.status_code, again.json()["code"]) == (409, "link_exists")
    url = f"/v1/customers/cus_{company}/links/{made['id']}/end"
    headers = house.headers("branch_head")
    early = await bank_client.post(url, json={"valid_to": "2025-12-31", "reason": WHY}, headers=headers)
    assert (early.status_code, early.json()["errors"][0]["loc"]) == (422, ["body", "valid_to"])
    silent = await bank_client.post(url, json={}, headers=headers)
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_required")
    ended = await bank_client.post(url, json={"reason": WHY}, headers=headers)
    assert (ended.status_code, ended.json()["valid_to"]) == (200, str(today))
    twice = await bank_client.post(url, json={"reason": WHY}, headers=headers)
    assert (twice.status_code, twice.json()["code"]) == (409, "link_ended")
    assert await links_of(house, bank_client, company) == []
    assert len(await links_of(house, bank_client, company, as_of=str(today - timedelta(days=1)))) == 1
    assert (await link(house, bank_client, person, "employee", company)).status_code == 201
    async with house.sessions() as session:
        told = text("SELECT action FROM audit_entry WHERE owner_id = :person AND action LIKE 'link.%' ORDER BY at")
        assert list((await session.execute(told, {"person": person})).scalars()) == ["link.add", "link.end", "link.add"]


async def test_companies_alone_have_staff_and_persons_alone_are_staff(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    person, other, company = await house.add_customer(), await house.add_customer(), await add_company(house)
    for holder, kind, of in (
        (person, "owner", other),
        (company, "employee", company),
        (company, "legal_representative", await add_company(house)),
    ):
        refused = await link(house, bank_client, holder, kind, of)
        assert (refused.status_code, refused.json()["code"]) == (409, "link_not_possible"), kind
    assert (await link(house, bank_client, company, "guarantor", person)).status_code == 201
    nobody = await link(house, bank_client, person, "owner", new_id())
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
    backward = await link(house, bank_client, person, "owner", company, valid_from="2026-02-01", valid_to="2026-01-31")
    assert backward.status_code == 422


async def test_links_go_along_with_a_merge_and_come_back_when_it_is_undone(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    kept, lost, other = await house.add_customer(), await house.add_customer(), await house.add_customer()
    company = await add_company(house)
    for holder, kind, of in ((lost, "owner", company), (other, "guarantor", lost), (lost, "guarantor", kept)):
        assert (await link(house, bank_client, holder, kind, of, valid_from="2026-01-01")).status_code == 201
    before = {one: await links_of(house, bank_client, one) for one in (kept, other, company)}
    async with house.sessions() as session:
        journal = await merging.merge(
            session,
            actor=NIGHTLY_JOB,
            losing_id=lost,
            surviving_id=kept,
            day=date(2026, 11, 26),
            reason="equal_references",
        )
        merge_id = journal.id
        await session.commit()
    public = {one: to_public("cus", one) for one in (kept, other, company)}
    assert await links_of(house, bank_client, kept) == [
        ("guarantor", False, public[other], "张*丰"),
        ("owner", True, public[company], "上**"),
    ]
    assert await links_of(house, bank_client, company) == [("owner", False, public[kept], "张*丰")]
    async with house.sessions() as session:
        found = await session.get(CustomerMerge, (kept, merge_id))
        assert found is not None
        await merging.unmerge(session, actor=NIGHTLY_JOB, journal=found, day=date(2026, 11, 26), reason="they are two")
        await session.commit()
    assert {one: await links_of(house, bank_client, one) for one in (kept, other, company)} == before
