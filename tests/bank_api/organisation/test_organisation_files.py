"""Files of the organisation over HTTP: branches, staff whose accounts end with them, holidays."""

import httpx
from sqlalchemy import text

from support.house import EAST, House

URL = "/v1/organisation/files"
BRANCHES = "code,kind,parent_code,name_zh,name_en,city_code\n"
STAFF = "no,name,branch_code,status\n"
HOLIDAYS = "day,works,name_zh,name_en\n"


async def upload(client: httpx.AsyncClient, house: House, kind: str, raw: str, **params: str) -> httpx.Response:
    headers = house.headers("administrator") | {"Content-Type": "text/csv"}
    return await client.post(URL, params={"kind": kind} | params, content=raw.encode(), headers=headers)


async def rows(house: House, sql: str) -> list[tuple[object, ...]]:
    async with house.sessions() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_branches_are_added_below_their_parents_and_renamed_and_none_moves(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    root = next(branch.code for branch in house.branches.values() if branch.parent_id is None)
    raw = BRANCHES + (
        f"910000,region,{root},新区,New region,310100\n"
        "910001,branch,910000,新支行,New branch,\n"
        "910002,branch,nowhere,无上级,Lost,\n"
        "910003,branch,,第二总行,Second root,\n"
        f"{EAST},branch,910000,东支行,East moved,\n"
    )
    tried = await upload(bank_client, house, "branches", raw, dry_run="true")
    assert (tried.status_code, tried.json()["counts"]) == (200, {"added": 2})
    taken = await upload(bank_client, house, "branches", raw)
    assert (taken.status_code, taken.json()["counts"]) == (201, {"added": 2}), taken.text
    assert [(one["row"], one["code"], one["column"]) for one in taken.json()["rejects"]] == [
        (4, "branch_unknown", "parent_code"),
        (5, "missing_value", "parent_code"),
        (6, "branch_moved", "parent_code"),
    ]
    below = "SELECT count(*) FROM branch_closure c JOIN branch b ON b.id = c.descendant_id WHERE b.code = '910001'"
    assert await rows(house, below) == [(3,)]
    renamed = await upload(bank_client, house, "branches", BRANCHES + "910001,branch,910000,改名,Renamed,\n")
    assert renamed.json()["counts"] == {"changed": 1}
    again = await upload(bank_client, house, "branches", BRANCHES + "910001,branch,910000,改名,Renamed,\n")
    assert again.json()["counts"] == {}


async def test_staff_come_without_roles_and_leavers_lose_their_account_at_once(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    leaver = house.staff["manager"]
    look = house.headers("manager")
    assert (await bank_client.get("/v1/customers", headers=look)).status_code == 200
    raw = STAFF + f"N-1,新员工,{EAST},\nN-2,无机构,nowhere,\n{leaver.no},离职,{EAST},left\n"
    taken = await upload(bank_client, house, "staff", raw)
    assert (taken.status_code, taken.json()["counts"]) == (201, {"added": 1, "left": 1}), taken.text
    assert [(one["row"], one["code"]) for one in taken.json()["rejects"]] == [(3, "branch_unknown")]
    assert (await bank_client.get("/v1/customers", headers=look)).status_code == 401
    assert await rows(house, "SELECT active FROM staff WHERE no = 'N-1'") == [(True,)]
    roles = "SELECT count(*) FROM staff_role r JOIN staff s ON s.id = r.staff_id WHERE s.no = 'N-1'"
    assert await rows(house, roles) == [(0,)]
    assert (await upload(bank_client, house, "staff", raw)).json()["counts"] == {}


async def test_a_staff_file_that_would_end_nearly_everybody_is_refused_whole(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    answer = await upload(bank_client, house, "staff", STAFF + f"N-1,新员工,{EAST},\n", mode="full")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_leavers")
    assert await rows(house, "SELECT count(*) FROM staff WHERE NOT active OR no = 'N-1'") == [(0,)]


async def test_holidays_replace_the_years_that_they_name(bank_client: httpx.AsyncClient, house: House) -> None:
    raw = (
        HOLIDAYS
        + "2028-01-01,false,元旦,New Year\n2028-01-08,true,元旦,New Year\n"
        + "2028-13-01,false,x,x\n2028-01-01,false,元旦,x\n"
    )
    taken = (await upload(bank_client, house, "holidays", raw)).json()
    assert taken["counts"] == {"years": 1}
    assert [(one["row"], one["code"]) for one in taken["rejects"]] == [(4, "date_invalid"), (5, "duplicate_in_file")]
    shown = await bank_client.get("/v1/calendars/2028", headers=house.headers("hq_operator"))
    assert [(day["day"], day["works"]) for day in shown.json()["days"]] == [("2028-01-01", False), ("2028-01-08", True)]
    assert (await upload(bank_client, house, "holidays", raw)).json()["counts"] == {}
