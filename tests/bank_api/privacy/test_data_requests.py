"""What customers ask of their data, and what the bank answers in time."""

from datetime import timedelta

import httpx

from guibin.core import clock
from support.house import EAST, WEST, House
from support.privacy import erase
from support.stored import stored_in_clear

WORDS = "为什么给我这个标签，我从不出国旅行"
ANSWER = "该标签依据上月日均资产，已核对"


async def test_a_request_is_queued_taken_and_answered_in_words_that_nobody_else_reads(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await house.add_customer(branch=EAST)
    own = house.customer_headers(customer)
    asked = await customer_client.post("/v1/me/data-requests", json={"kind": "explain", "details": WORDS}, headers=own)
    assert (asked.status_code, asked.json()["state"]) == (201, "received")
    assert asked.json()["due_on"] == str(clock.today() + timedelta(days=30))
    request = asked.json()["id"]
    queue = await bank_client.get("/v1/data-requests?state=received", headers=house.headers("branch_head"))
    assert [(one["id"], "details" in one, "answer" in one) for one in queue.json()["items"]] == [
        (request, False, False)  # the words of everybody in one list would be read with no look on record
    ]
    read = await bank_client.get(f"/v1/data-requests/{request}", headers=house.headers("branch_head"))
    assert read.json()["details"] == WORDS
    for role, status in (("branch_head_west", 404), ("manager", 404), ("lobby", 403)):
        seen = await bank_client.get(f"/v1/data-requests/{request}", headers=house.headers(role))
        assert seen.status_code == status, role
    headers, url = house.headers("customer_service"), f"/v1/data-requests/{request}"
    assert (await bank_client.post(f"{url}/take", headers=headers)).json()["state"] == "in_progress"
    answer = {"outcome": "fulfilled", "answer": ANSWER}
    decided = await bank_client.post(f"{url}/decide", json=answer, headers=headers)
    assert (decided.status_code, decided.json()["state"]) == (200, "fulfilled")
    again = await bank_client.post(f"{url}/decide", json=answer, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "request_closed")
    mine = (await customer_client.get("/v1/me/data-requests", headers=own)).json()["items"]
    assert [(one["state"], one["answer"]) for one in mine] == [("fulfilled", ANSWER)]
    assert await stored_in_clear(house, {WORDS, ANSWER}) == []


async def test_my_list_is_mine_alone_and_an_erasure_closes_what_is_open(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    mine, other = await house.add_customer(), await house.add_customer(branch=WEST)
    for customer, kinds in ((mine, ("delete", "correct", "copy")), (other, ("explain",))):
        for kind in kinds:
            headers = house.customer_headers(customer)
            made = await customer_client.post("/v1/me/data-requests", json={"kind": kind}, headers=headers)
            assert made.status_code == 201
    listed = await customer_client.get("/v1/me/data-requests", headers=house.customer_headers(mine))
    assert [one["kind"] for one in listed.json()["items"]] == ["delete", "correct", "copy"]
    await erase(house, bank_client, mine)
    seen = await bank_client.get("/v1/data-requests", headers=house.headers("branch_head"))
    assert [(one["kind"], one["state"]) for one in seen.json()["items"]] == [
        ("delete", "fulfilled"),
        ("correct", "refused"),
        ("copy", "refused"),
    ]
