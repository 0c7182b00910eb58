"""The organisation tree over HTTP."""

import httpx
import pytest

from guibin.core.ids import to_public
from support.house import EAST, REGION, ROOT, WEST, House


async def test_the_whole_tree_is_listed_by_code(bank_client: httpx.AsyncClient, house: House) -> None:
    items = (await bank_client.get("/v1/branches", headers=house.headers("manager"))).json()["items"]
    assert [item["code"] for item in items] == [ROOT, REGION, EAST, WEST]
    assert [item["kind"] for item in items] == ["head_office", "region", "branch", "branch"]


async def test_every_node_names_its_parent(bank_client: httpx.AsyncClient, house: House) -> None:
    items = (await bank_client.get("/v1/branches", headers=house.headers("administrator"))).json()["items"]
    ids = {code: to_public("brn", branch.id) for code, branch in house.branches.items()}
    assert {item["code"]: item["parent_id"] for item in items} == {
        ROOT: None,
        REGION: ids[ROOT],
        EAST: ids[REGION],
        WEST: ids[REGION],
    }


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
async def test_without_a_valid_token_the_tree_is_closed(
    bank_client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await bank_client.get("/v1/branches", headers=headers)).status_code == 401


async def test_services_do_not_read_the_tree(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.service_headers("core_banking", ["earn:post"])
    assert (await bank_client.get("/v1/branches", headers=headers)).status_code == 403
