"""People and roles over HTTP: one administrator asks, another agrees, and the next request is permitted by it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from support.claims import claims_of
from support.house import EAST, ROOT, House
from support.lines import id_card

BRANCH_ONLY = [{"verb": "read", "domain": "organisation", "data": "none"}]
WHY = "moved within the bank"


@pytest.fixture
def bank(bank_client: httpx.AsyncClient, house: House) -> "Bank":
    return Bank(bank_client, house)


class Bank:
    """Sends requests of staff by role."""

    def __init__(self, client: httpx.AsyncClient, house: House) -> None:
        self.client, self.house = client, house

    def id(self, role: str) -> str:
        return to_public("stf", self.house.staff[role].id)

    async def post(self, role: str, path: str, body: dict[str, Any], *, status: int) -> dict[str, Any]:
        answer = await self.client.post(f"/v1{path}", json=body, headers=self.house.headers(role))
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, role: str, path: str) -> httpx.Response:
        return await self.client.get(f"/v1{path}", headers=self.house.headers(role))

    async def agree(self, role: str, approval: dict[str, Any], *, status: int = 200) -> dict[str, Any]:
        return await self.post(role, f"/approvals/{approval['approval_id']}/approve", {}, status=status)

    async def give(self, role: str, *roles: tuple[str, str]) -> dict[str, Any]:
        """Ask for the roles of somebody and have them agreed to."""
        named = [{"role": name, "branch_code": code} for name, code in roles]
        body = {"roles": named, "reason": WHY}
        asked = await self.post("administrator", f"/staff/{self.id(role)}/roles", body, status=202)
        return await self.agree("second_administrator", asked)


async def test_roles_are_given_and_ended_by_two_administrators_and_hold_for_the_next_request(bank: Bank) -> None:
    assert (await bank.get("lobby", "/managers")).status_code == 403
    done = await bank.give("lobby", ("branch_head", EAST))
    assert done["state"] == "approved"
    assert done["preview"] == {"before": ["lobby @ 310001"], "after": ["branch_head @ 310001"]}
    assert (await bank.get("lobby", "/managers")).status_code == 200
    shown = (await bank.get("auditor", f"/staff/{bank.id('lobby')}")).json()
    assert shown["roles"] == [{"role": "branch_head", "branch_code": EAST}]
    await bank.give("lobby")
    assert (await bank.get("lobby", "/branches")).status_code == 403
    await bank.give("lobby", ("lobby", EAST))
    assert (await bank.get("lobby", "/branches")).status_code == 200


async def test_a_request_over_roles_or_grants_that_are_no_longer_so_gives_nothing_back(bank: Bank) -> None:
    both = [{"role": name, "branch_code": EAST} for name in ("lobby", "branch_head")]
    url = f"/staff/{bank.id('lobby')}/roles"
    older = await bank.post("administrator", url, {"roles": both, "reason": WHY}, status=202)
    await bank.give("lobby")
    assert (await bank.agree("second_administrator", older, status=409))["code"] == "state_conflict"
    assert (await bank.get("auditor", f"/staff/{bank.id('lobby')}")).json()["roles"] == []
    more = [{"verb": "read", "domain": "tags", "data": "none"}]
    asked = [
        await bank.post("administrator", "/grants", {"role": "lobby", "grants": grants, "reason": WHY}, status=202)
        for grants in (BRANCH_ONLY + more, BRANCH_ONLY)
    ]
    await bank.agree("second_administrator", asked[1])
    assert (await bank.agree("second_administrator", asked[0], status=409))["code"] == "state_conflict"
    roles = {role["role"]: role["grants"] for role in (await bank.get("auditor", "/grants")).json()["items"]}
    assert [grant["domain"] for grant in roles["lobby"]] == ["organisation"]


async def test_nobody_grants_anything_to_the_own_person(bank: Bank) -> None:
    role = {"roles": [{"role": "hq_approver", "branch_code": ROOT}], "reason": WHY}
    refused = await bank.post("administrator", f"/staff/{bank.id('administrator')}/roles", role, status=403)
    assert refused["code"] == "self_grant"
    asked = await bank.post("administrator", f"/staff/{bank.id('second_administrator')}/roles", role, status=202)
    assert (await bank.agree("administrator", asked, status=403))["code"] == "self_approval"
    assert (await bank.agree("second_administrator", asked, status=403))["code"] == "self_grant"
    body = {"role": "administrator", "grants": BRANCH_ONLY, "reason": WHY}
    assert (await bank.post("administrator", "/grants", body, status=403))["code"] == "self_grant"


async def test_roles_that_cannot_be_given_are_refused_when_they_are_asked_for(bank: Bank) -> None:
    for role, branch, status, code in (
        ("king", EAST, 409, "role_unknown"),
        ("lobby", "999999", 404, "not_found"),
        ("lobby", EAST, 409, "nothing_to_change"),
    ):
        body = {"roles": [{"role": role, "branch_code": branch}], "reason": WHY}
        refused = await bank.post("administrator", f"/staff/{bank.id('lobby')}/roles", body, status=status)
        assert refused["code"] == code


async def test_the_grants_of_a_role_are_data_that_two_administrators_edit(bank: Bank) -> None:
    fewer = {"role": "lobby", "grants": BRANCH_ONLY, "reason": "lobby staff see no customers for now"}
    assert (await bank.get("lobby", "/customers")).status_code == 200
    asked = await bank.post("administrator", "/grants", fewer, status=202)
    assert (await bank.get("lobby", "/customers")).status_code == 200
    await bank.agree("second_administrator", asked)
    assert (await bank.get("lobby", "/customers")).status_code == 403
    assert (await bank.get("lobby", "/branches")).status_code == 200
    roles = {role["role"]: role["grants"] for role in (await bank.get("auditor", "/grants")).json()["items"]}
    assert roles["lobby"] == [BRANCH_ONLY[0] | {"limit": None, "per_day": None, "row_limit": None}]
    assert {"verb": "submit", "domain": "points", "data": "own_customers", "limit": "500.00"}.items() <= next(
        grant for grant in roles["manager"] if (grant["verb"], grant["domain"]) == ("submit", "points")
    ).items()
    limit = {"verb": "read", "domain": "customers", "data": "subtree", "per_day": 5, "row_limit": 10, "limit": "1.50"}
    more = {"role": "lobby", "grants": [*BRANCH_ONLY, limit], "reason": "lobby staff see customers again"}
    await bank.agree("second_administrator", await bank.post("administrator", "/grants", more, status=202))
    assert (await bank.get("lobby", "/customers")).status_code == 200


async def test_a_new_person_is_known_by_the_subject_of_the_banks_tokens_and_may_do_nothing_yet(bank: Bank) -> None:
    body = {
        "no": "S77001",
        "branch_code": EAST,
        "name": "王小明",
        "subject": "u-77001",
        "certificate_no": id_card(771_302, "19830719"),
    }
    made = await bank.post("administrator", "/staff", body, status=201)
    assert (made["no"], made["active"], made["roles"], made["covers"]) == ("S77001", True, [], [])
    token = bank.house.issuer.issue("u-77001", "guibin-bank-api")
    headers = {"Authorization": f"Bearer {token}"}
    assert (await bank.client.get("/v1/branches", headers=headers)).status_code == 403
    for taken in ({"no": "S77002"}, {"subject": "u-77002"}):
        refused = await bank.post("administrator", "/staff", body | taken, status=409)
        assert refused["code"] == "staff_exists"
    wrong = await bank.post("administrator", "/staff", body | {"certificate_no": "110105194912310029"}, status=422)
    assert [error["type"] for error in wrong["errors"]] == ["id_no"]


async def test_a_disabled_account_is_refused_with_the_next_request_of_a_token_that_is_remembered(bank: Bank) -> None:
    headers = bank.house.headers("manager")
    assert (await bank.client.get("/v1/branches", headers=headers)).status_code == 200
    done = await bank.post("administrator", f"/staff/{bank.id('manager')}/disable", {"reason": "left"}, status=200)
    assert done["active"] is False
    refused = await bank.client.get("/v1/branches", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    asked = {"roles": [], "reason": WHY}
    refusal = await bank.post("administrator", f"/staff/{bank.id('manager')}/roles", asked, status=409)
    assert refusal["code"] == "staff_disabled"


@pytest.mark.parametrize("names_the_token", [True, False])
async def test_revoked_tokens_are_refused_at_once_and_a_new_login_is_not(bank: Bank, *, names_the_token: bool) -> None:
    house, staff = bank.house, bank.house.staff["manager"]
    with clock.fixed_at(clock.now() - timedelta(seconds=2)):
        headers = house.headers("manager")
    assert (await bank.client.get("/v1/branches", headers=headers)).status_code == 200
    body: dict[str, Any] = {"reason": "device stolen"}
    if names_the_token:
        body["token_id"] = claims_of(headers["Authorization"])["jti"]
    await bank.post("administrator", f"/staff/{to_public('stf', staff.id)}/revoke", body, status=200)
    assert (await bank.client.get("/v1/branches", headers=headers)).status_code == 401
    with clock.fixed_at(clock.now() + timedelta(seconds=2)):
        assert (await bank.get("manager", "/branches")).status_code == 200


async def test_cover_is_agreed_to_lasts_thirty_days_at_most_and_ends_by_itself(bank: Bank) -> None:
    now = clock.now()

    def cover(days: int) -> dict[str, Any]:
        until = now + timedelta(days=days)
        return {
            "deputy_id": bank.id("lobby"),
            "valid_from": (now - timedelta(minutes=1)).isoformat(),
            "valid_to": until.isoformat(),
            "reason": "annual leave",
        }

    url = f"/staff/{bank.id('branch_head')}/covers"
    for wrong in (cover(30), cover(-1)):
        await bank.post("administrator", url, wrong, status=422)
    await bank.agree("second_administrator", await bank.post("administrator", url, cover(29), status=202))
    assert (await bank.get("lobby", "/managers")).status_code == 200
    shown = (await bank.get("administrator", f"/staff/{bank.id('branch_head')}")).json()["covers"]
    assert [one["deputy_id"] for one in shown] == [bank.id("lobby")]
    with clock.fixed_at(now + timedelta(days=30)):
        assert (await bank.get("lobby", "/managers")).status_code == 403
    own = cover(5) | {"deputy_id": bank.id("administrator")}
    assert (await bank.post("administrator", url, own, status=403))["code"] == "self_grant"


async def test_the_list_of_people_is_for_administrators_and_auditors(bank: Bank) -> None:
    everybody = (await bank.get("auditor", "/staff?limit=100")).json()["items"]
    assert {one["no"] for one in everybody} == {staff.no for staff in bank.house.staff.values()}
    assert set(everybody[0]) == {"id", "no", "branch_id", "active", "not_before", "roles"}
    east = to_public("brn", bank.house.branches[EAST].id)
    here = (await bank.get("administrator", f"/staff?branch_id={east}&active=true")).json()["items"]
    assert {one["branch_id"] for one in here} == {east}
    assert (await bank.get("administrator", "/staff?active=false")).json()["items"] == []
    assert (await bank.get("hq_operator", "/staff")).status_code == 403
