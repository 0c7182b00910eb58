"""Households over HTTP (CUS-12, HLD-06): members with roles and shares, what they have together, merged and split."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.customers import merging
from guibin.customers.models import CustomerAccess, CustomerMerge
from guibin.holdings.models import HoldingParty
from guibin.security.actors import NIGHTLY_JOB
from guibin.tags.models import CustomerFact
from support.house import EAST, WEST, House

WHY = "夫妻双方到网点办理家庭账户"
Shown = dict[str, Any]


@dataclass(frozen=True)
class Families:
    """The bank's households over HTTP, as somebody of a role."""

    house: House
    bank: httpx.AsyncClient

    async def post(self, path: str, body: Shown, *, role: str = "branch_head", method: str = "POST") -> httpx.Response:
        content = {"reason": WHY} | body
        return await self.bank.request(method, f"/v1{path}", json=content, headers=self.house.headers(role))

    async def create(self, *members: Shown, role: str = "branch_head", kind: str = "family") -> Shown:
        answer = await self.post("/households", {"kind": kind, "members": list(members)}, role=role)
        assert answer.status_code == 201, answer.text
        made: Shown = answer.json()
        return made

    async def get(self, household: Shown, role: str = "branch_head") -> Shown:
        answer = await self.bank.get(f"/v1/households/{household['id']}", headers=self.house.headers(role))
        assert answer.status_code == 200, answer.text
        found: Shown = answer.json()
        return found

    async def of(self, customer: UUID) -> list[Shown]:
        url = f"/v1/customers/cus_{customer}/households"
        answer = await self.bank.get(url, headers=self.house.headers("hq_operator"))
        found: list[Shown] = answer.json()["items"]
        return found

    async def add_customer(self, fen: int | None = None, **where: str) -> UUID:
        customer = await self.house.add_customer(**where)
        branch = where.get("branch", EAST)
        async with self.house.sessions() as session:
            if fen is not None:
                branch_id = self.house.branches[branch].id
                plain: Shown = {"customer_id": customer, "branch_id": branch_id, "branch": branch, "gender": "U"}
                session.add(CustomerFact(as_of=clock.today(), aum_fen=fen, liabilities_fen=fen // 10, **plain))
            await session.commit()
        return customer

    async def agree(self, *customers: UUID, granted: bool = True) -> None:
        words = [{"purpose": "family", "channel": "any", "granted": granted, "text_version": 1}]
        for customer in customers:
            url = f"/v1/customers/cus_{customer}/consents"
            body = {"decisions": words, "evidence": "FORM-1"}
            answer = await self.bank.put(url, json=body, headers=self.house.headers("customer_service"))
            assert answer.status_code == 200, answer.text


def member(customer: UUID, role: str, share: int | None = None, *, primary: bool = False) -> Shown:
    place = {"customer_id": to_public("cus", customer), "role": role, "is_primary": primary}
    return place if share is None else place | {"share_percent": share}


def places(household: Shown) -> dict[UUID | None, tuple[str, int, bool]]:
    return {
        from_public("cus", one["party"]["id"] or ""): (one["role"], one["share_percent"], one["is_primary"])
        for one in household["members"]
    }


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def families(house: House, bank_client: httpx.AsyncClient) -> Families:
    return Families(house, bank_client)


async def test_two_groups_a_joint_account_and_shares_that_do_not_add_up(families: Families, house: House) -> None:
    father, mother, grown = [await families.add_customer(fen) for fen in (3_000_001_00, 1_000_000_01, 500_000_00)]
    async with house.sessions() as session:
        session.add(HoldingParty(customer_id=mother, holding_id=new_id(), owner_id=father, as_of=clock.today()))
        for one in (father, mother):
            staff = house.staff["manager"].id
            session.add(CustomerAccess(customer_id=one, staff_id=staff, role="primary", valid_from=clock.today()))
        late = update(CustomerFact).where(col(CustomerFact.customer_id) == mother)
        await session.execute(late.values(stale_lines=["credit_card"]))
        await session.commit()
    first = await families.create(member(father, "head"), member(mother, "spouse", 60))
    assert places(first) == {father: ("head", 100, True), mother: ("spouse", 60, True)}
    refused = await families.post("/households", {"members": [member(grown, "head"), member(mother, "parent", 41)]})
    assert (*code(refused), refused.json()["left"]) == (409, "shares_do_not_add_up", 40)
    second = await families.create(member(grown, "head"), member(mother, "parent"))
    assert places(second) == {grown: ("head", 100, True), mother: ("parent", 40, False)}
    assert first["totals"] is None
    await families.agree(father, mother, grown)
    exact = (await families.get(first, "manager"))["totals"]
    assert (exact["aum"], exact["liabilities"]) == ("3600001.00", "360000.10")
    assert (exact["members"], exact["joint_holdings"], exact["aum_band"]) == (2, 1, "2m_6m")
    stale = [{"line": "credit_card", "state": "missing", "last_day": None}]
    assert exact["freshness"] == {"as_of": clock.today().isoformat(), "stale": True, "stale_lines": stale}
    band = (await families.get(second))["totals"]
    assert (band["aum_band"], band["aum"], band["joint_holdings"]) == ("200k_1m", None, 0)
    assert [one["id"] for one in await families.of(mother)] == [first["id"], second["id"]]
    auditor = await families.get(first, "auditor")
    assert (auditor["totals"]["aum_band"], auditor["members"][0]["party"]["name"]) == (None, "*")


async def test_a_household_has_one_head_and_each_member_once(families: Families) -> None:
    head, other, third = [await families.add_customer() for _ in range(3)]
    for members, expected in (
        ([member(head, "spouse")], (409, "household_needs_head")),
        ([member(head, "head"), member(other, "head")], (409, "household_needs_head")),
        ([member(head, "head"), member(head, "child")], (409, "member_exists")),
        ([member(new_id(), "head")], (404, "not_found")),
    ):
        assert code(await families.post("/households", {"members": members})) == expected
    assert code(await families.post("/households", {"members": [member(head, "head")], "reason": "x"}))[0] == 422
    made = await families.create(member(head, "head"), member(other, "spouse"))
    path = f"/households/{made['id']}"
    assert code(await families.post(f"{path}/members", {"member": member(other, "child")})) == (409, "member_exists")
    assert code(await families.post(f"{path}/members/cus_{head}/end", {})) == (409, "household_needs_head")
    put = {"role": "other"}
    assert code(await families.post(f"{path}/members/cus_{head}", put, method="PUT")) == (409, "household_needs_head")
    stepped = await families.post(f"{path}/members/cus_{other}", {"role": "head", "share_percent": 70}, method="PUT")
    assert places(stepped.json()) == {head: ("other", 100, True), other: ("head", 70, True)}
    joined = await families.post(f"{path}/members", {"member": member(third, "head", 0)})
    assert {one: place[0] for one, place in places(joined.json()).items()} == {
        head: "other",
        other: "other",
        third: "head",
    }
    for leaver in (head, other, third):
        left = await families.post(f"{path}/members/cus_{leaver}/end", {})
        assert left.status_code == 200, left.text
    assert left.json()["ended_on"] == str(clock.today())
    assert code(await families.post(f"{path}/end", {})) == (409, "household_over")


async def test_members_out_of_scope_are_a_role_and_a_masked_name_and_their_head_alone_opens_the_household(
    families: Families,
) -> None:
    east, west = await families.add_customer(1), await families.add_customer(1, branch=WEST)
    foreign = {"members": [member(east, "head"), member(west, "spouse")]}
    assert code(await families.post("/households", foreign)) == (404, "not_found")
    made = await families.create(*foreign["members"], role="hq_operator")
    await families.agree(east, west)
    seen = await families.get(made)
    assert [(one["party"]["name"], one["party"]["id"]) for one in seen["members"]] == [
        ("张*丰", to_public("cus", east)),
        ("张*丰", None),
    ]
    assert seen["totals"] is None
    assert (await families.get(made, "hq_operator"))["totals"]["members"] == 2
    path = f"/households/{made['id']}/members/cus_{west}"
    assert code(await families.post(f"{path}/end", {}, role="branch_head_west")) == (404, "not_found")
    unknown = await families.bank.get(
        f"/v1/households/{to_public('hou', new_id())}", headers=families.house.headers("branch_head")
    )
    assert code(unknown) == (404, "not_found")
    assert (await families.post(f"{path}/end", {})).status_code == 200


async def test_households_are_merged_and_split(families: Families) -> None:
    father, mother, child, uncle = [await families.add_customer() for _ in range(4)]
    first = await families.create(member(father, "head"), member(mother, "spouse", 50))
    second = await families.create(member(uncle, "head"), member(mother, "sibling", 30), member(child, "child"))
    path = f"/households/{first['id']}"
    assert code(await families.post(f"{path}/merge", {"other_id": first["id"]})) == (409, "member_exists")
    merged = await families.post(f"{path}/merge", {"other_id": second["id"]})
    together = {father: ("head", 100, True), mother: ("spouse", 80, True), uncle: ("other", 100, True)}
    assert places(merged.json()) == together | {child: ("child", 100, True)}
    gone = await families.get(second)
    assert (gone["ended_on"], gone["merged_into"], gone["members"]) == (str(clock.today()), first["id"], [])
    leaving = [
        {"customer_id": to_public("cus", one), "role": role} for one, role in ((uncle, "head"), (child, "child"))
    ]
    headless = [{"customer_id": to_public("cus", father), "role": "head"}]
    assert code(await families.post(f"{path}/split", {"members": headless})) == (409, "household_needs_head")
    begun = await families.post(f"{path}/split", {"members": leaving})
    assert begun.status_code == 201
    assert places(begun.json()) == {uncle: ("head", 100, True), child: ("child", 100, True)}
    assert places(await families.get(first)) == {father: ("head", 100, True), mother: ("spouse", 80, True)}


async def test_places_go_along_with_a_merge_of_customers_and_come_back(families: Families, house: House) -> None:
    kept, lost, spouse, partner = [await families.add_customer() for _ in range(4)]
    home = await families.create(member(lost, "head", 70), member(kept, "other", 80), member(spouse, "spouse"))
    work = await families.create(member(partner, "head"), member(lost, "partner", 30), kind="business")
    before = [places(await families.get(one)) for one in (home, work)]
    today = clock.today()
    async with house.sessions() as session:
        journal = await merging.merge(
            session, actor=NIGHTLY_JOB, losing_id=lost, surviving_id=kept, day=today, reason="equal_references"
        )
        merge_id = journal.id
        await session.commit()
    assert places(await families.get(home)) == {kept: ("head", 80, True), spouse: ("spouse", 100, True)}
    assert places(await families.get(work)) == {partner: ("head", 100, True), kept: ("partner", 20, False)}
    async with house.sessions() as session:
        found = await session.get(CustomerMerge, (kept, merge_id))
        assert found is not None
        await merging.unmerge(session, actor=NIGHTLY_JOB, journal=found, day=today, reason="they are two")
        await session.commit()
    assert [places(await families.get(one)) for one in (home, work)] == before


async def test_a_customer_sees_those_alone_who_agreed_and_nothing_of_what_they_own(
    families: Families, house: House, customer_client: httpx.AsyncClient
) -> None:
    father, mother = await families.add_customer(1), await families.add_customer(1, name="李四光")
    await families.create(member(father, "head"), member(mother, "spouse"))

    async def mine(customer: UUID) -> list[list[tuple[str, str, bool]]]:
        answer = await customer_client.get("/v1/me/household", headers=house.customer_headers(customer))
        assert answer.status_code == 200, answer.text
        assert "aum" not in answer.text
        return [
            [(one["name"], one["role"], one["is_me"]) for one in household["members"]]
            for household in answer.json()["households"]
        ]

    assert await mine(father) == []
    await families.agree(father)
    assert (await mine(father), await mine(mother)) == ([[("张三丰", "head", True)]], [])
    await families.agree(mother)
    assert await mine(father) == [[("张三丰", "head", True), ("李*光", "spouse", False)]]
    await families.agree(mother, granted=False)
    assert (await mine(father), await mine(mother)) == ([[("张三丰", "head", True)]], [])


async def test_a_member_is_named_for_the_heads_tier_until_another_place_says_otherwise(families: Families) -> None:
    father, mother = await families.add_customer(), await families.add_customer()
    made = await families.create(member(father, "head"), member(mother, "spouse") | {"shares_tier": True})
    assert [one["shares_tier"] for one in made["members"]] == [False, True]
    path = f"/households/{made['id']}/members/cus_{mother}"
    changed = await families.post(path, {"role": "spouse"}, method="PUT")
    assert [one["shares_tier"] for one in changed.json()["members"]] == [False, False]


async def test_each_command_leaves_one_row_of_the_trail_with_who_it_moved(families: Families, house: House) -> None:
    father, mother = await families.add_customer(), await families.add_customer()
    made = await families.create(member(father, "head"), member(mother, "spouse"))
    await families.post(f"/households/{made['id']}/end", {})
    told = text("SELECT action, reason, facts -> 'members' FROM audit_entry WHERE owner_id = :one ORDER BY at")
    async with house.sessions() as session:
        rows = (await session.execute(told, {"one": father})).all()
    both = [to_public("cus", one) for one in (father, mother)]
    assert [tuple(row) for row in rows] == [("household.create", WHY, both), ("household.end", WHY, both)]
