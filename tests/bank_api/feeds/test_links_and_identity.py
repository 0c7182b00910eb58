"""Links and identity events by file, over HTTP."""

import httpx

from guibin.core.ids import new_id, to_public
from support.house import House
from support.lines import Lines, Row, csv_of, party

TEXT = {"Content-Type": "text/csv"}
ONE, OTHER = "6000000001", "6000000002"


async def test_links_are_shown_with_their_line_and_events_ask_for_their_scope(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async def bring(kind: str, *rows: Row, scopes: list[str]) -> httpx.Response:
        headers = house.service_headers("core_banking", scopes, key=str(new_id())) | TEXT
        params = {"kind": kind, "date": "2026-11-24"}
        return await bank_client.post(
            "/v1/feeds/e_finance/files", params=params, content=csv_of(*rows), headers=headers
        )

    company = party("C", name="星河贸易有限公司", party_type="company", customer_no=OTHER)
    await bring("parties", company, party("A", customer_no=ONE), scopes=["feeds:post"])
    rows = ({"record_id": "A", "link": "owner", "other_record_id": "C"},)
    taken = await bring("links", *rows, scopes=["feeds:post"])
    assert (taken.status_code, taken.json()["rows_changed"]) == (201, 1), taken.text
    again = await bring("links", *rows, scopes=["feeds:post"])
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    async with house.sessions() as session:
        owner = await Lines(session, house.keys).customer_numbered(ONE)
    assert owner is not None
    shown = await bank_client.get(
        f"/v1/customers/{to_public('cus', owner)}/links", headers=house.headers("hq_operator")
    )
    assert [(one["kind"], one["line"]) for one in shown.json()["items"]] == [("owner", "e_finance")]
    event = {"reference": "E-1", "event": "renumber", "customer_no": ONE, "other_customer_no": "6000000003"}
    assert (await bring("identity", event, scopes=["feeds:post"])).status_code == 403
    carried = await bring("identity", event, scopes=["feeds:post", "identity:post"])
    assert (carried.status_code, carried.json()["counts"]) == (201, {"renumbered": 1}), carried.text
