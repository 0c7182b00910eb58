"""The cross-hold matrix (HLD-05): what a customer has in the seven lines, what is missing, and counted over many."""

from typing import Any

import httpx

from guibin.core.lines import Line
from support.house import House

from .conftest import Known

Matrix = dict[str, Any]


async def get(client: httpx.AsyncClient, house: House, path: str, role: str, **params: str) -> httpx.Response:
    return await client.get(f"/v1{path}", params=params, headers=house.headers(role))


async def test_a_customer_holds_in_one_of_seven_lines_and_what_is_missing_is_named(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    found: Matrix = (await get(bank_client, house, f"/customers/cus_{known.east}/cross-holding", "manager")).json()
    assert [one["line"] for one in found["lines"]] == list(Line)
    assert found["missing"] == [line for line in Line if line != "personal_finance"]
    (own,) = [one for one in found["lines"] if one["line"] == "personal_finance"]
    assert (own["products"], own["classes"], own["missing_classes"]) == (["PF101"], ["deposits"], [])
    assert found["lines_held"] == 1
    nothing: Matrix = (await get(bank_client, house, f"/customers/cus_{known.west}/cross-holding", "compliance")).json()
    (there,) = [one for one in nothing["lines"] if one["line"] == "personal_finance"]
    assert (nothing["lines_held"], there["products"], there["missing_classes"]) == (0, [], ["deposits"])
    foreign = await get(bank_client, house, f"/customers/cus_{known.west}/cross-holding", "manager")
    assert foreign.status_code == 404


async def test_the_matrix_is_counted_within_the_scope_of_the_caller(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    async def counted(role: str, **params: str) -> tuple[int, int, int, list[int]]:
        answer = await get(bank_client, house, "/cross-holding", role, **params)
        assert answer.status_code == 200, answer.text
        found: Matrix = answer.json()
        (own,) = [one for one in found["lines"] if one["line"] == "personal_finance"]
        return found["customers"], own["customers"], own["missing"], [one["customers"] for one in found["depths"]]

    assert known.east != known.west
    assert await counted("hq_operator") == (2, 1, 1, [1, 1, 0, 0, 0, 0, 0, 0])
    assert await counted("manager") == (1, 1, 0, [0, 1, 0, 0, 0, 0, 0, 0])
    assert await counted("branch_head_west") == (1, 0, 1, [1, 0, 0, 0, 0, 0, 0, 0])
    assert await counted("hq_operator", tag="golf") == (1, 1, 0, [0, 1, 0, 0, 0, 0, 0, 0])
    refused = await get(bank_client, house, "/cross-holding", "lobby")
    assert refused.status_code == 403
