"""Pictures of rights: put up on the bank port, fetched on the customer port."""

from collections.abc import Mapping

import httpx
import pytest
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.core.ids import new_id, to_public
from support.pictures import png
from support.shop import Shop

OPERATOR = "rights_operator"
MOST = 512 * 1024


class Desk:
    """Puts pictures up as an operator."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient) -> None:
        self.shop = shop
        self.client = client

    async def put(self, right: str, content: bytes, number: object = 1, **headers: str) -> httpx.Response:
        sent = self.shop.house.headers(OPERATOR) | {"Content-Type": "image/png"} | headers
        return await self.client.put(f"/v1/rights/{right}/images/{number}", content=content, headers=sent)

    async def remove(self, right: str, number: int = 1) -> httpx.Response:
        url = f"/v1/rights/{right}/images/{number}"
        return await self.client.delete(url, headers=self.shop.house.headers(OPERATOR))


@pytest.fixture
def desk(shop: Shop, bank_client: httpx.AsyncClient) -> Desk:
    return Desk(shop, bank_client)


async def test_a_picture_is_listed_fetched_kept_and_replaced(
    desk: Desk, shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    right = await shop.right()
    customer = shop.house.customer_headers(await shop.customer(0))
    first = await desk.put(right, png(shade=1), 2)
    assert first.status_code == 200, first.text
    put = first.json()
    assert put == {"number": 2, "address": put["address"], "media_type": "image/png", "width": 4, "height": 3}

    entry = (await customer_client.get("/v1/rights", headers=customer)).json()["items"][0]
    assert entry["images"] == [{name: value for name, value in put.items() if name != "number"}]
    shown = await customer_client.get(put["address"], headers={"Accept": "image/avif,image/*;q=0.8"})
    assert (shown.status_code, shown.content) == (200, png(shade=1))
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["x-content-type-options"] == "nosniff"

    plain = f"/v1/rights/{right}/images/2"
    version = {"If-None-Match": f'"old", W/{shown.headers["etag"]}'}
    again = await customer_client.get(plain, headers=version)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", shown.headers["etag"])

    replaced = (await desk.put(right, png(shade=2), 2)).json()
    assert replaced["address"] != put["address"]
    fresh = await customer_client.get(plain, headers=version)
    assert (fresh.status_code, fresh.content) == (200, png(shade=2))
    late = await customer_client.get(put["address"])
    assert late.headers["cache-control"] == fresh.headers["cache-control"] == "public, max-age=60"

    assert (await desk.remove(right, 2)).status_code == 204
    for gone in (await customer_client.get(plain), await desk.remove(right, 2)):
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
        assert gone.headers["cache-control"] == "no-store"
    assert (await customer_client.get(f"/v1/rights/{right}", headers=customer)).json()["images"] == []
    async with shop.house.sessions() as session:
        told = (await session.exec(select(AuditEntry.action).where(AuditEntry.object_id == right))).all()
    assert sorted(told) == ["right.image", "right.image", "right.image_remove"]


REFUSED: Mapping[str, tuple[bytes, str, int, str]] = {
    "a drawing that could hold a script": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 415, ""),
    "a picture with more behind it": (png() + b"PK\x03\x04", "image/png", 415, ""),
    "another type": (png(), "image/svg+xml", 415, "unsupported_media_type"),
    "nothing": (b"", "image/png", 415, ""),
    "a byte too many": (png() + b"\0" * (MOST + 1 - len(png())), "image/png", 413, "body_too_large"),
    "too wide": (png(4_097), "image/png", 422, "picture_dimensions"),
}


async def test_x1_what_is_no_picture_of_the_right_size_is_refused(desk: Desk, shop: Shop) -> None:
    right = await shop.right()
    for name, (content, kind, status, code) in REFUSED.items():
        answer = await desk.put(right, content, **{"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (status, code or "picture_invalid"), name
    for number in (0, 6, "1.0", "x"):
        assert (await desk.put(right, png(), number)).status_code == 422
    assert (await desk.put(to_public("rgt", new_id()), png())).status_code == 404
    files = {"file": ("../../x.svg", png(), "image/svg+xml")}
    url, headers = f"/v1/rights/{right}/images/1", shop.house.headers(OPERATOR)
    assert (await desk.client.put(url, files=files, headers=headers)).json()["media_type"] == "image/png"


async def test_customers_do_not_see_the_pictures_of_a_draft(
    desk: Desk, shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    right = await shop.right(state="draft")
    address = (await desk.put(right, png())).json()["address"]
    assert (await customer_client.get(address)).status_code == 404
    url, headers = f"/v1/rights/{right}/images/1", shop.house.headers("rights_approver")
    seen = await desk.client.get(url, headers=headers)
    assert (seen.content, seen.headers["cache-control"]) == (png(), "private, no-cache")
    known = headers | {"If-None-Match": seen.headers["etag"]}
    assert (await desk.client.get(url, headers=known)).status_code == 304
    detail = await desk.client.get(f"/v1/rights/{right}", headers=headers)
    assert [image["number"] for image in detail.json()["images"]] == [1]
