"""Documents with a change of points by hand: by content, encrypted, for who decides, and every look is in the trail."""

import struct
import zlib
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from guibin.points.attachment_rules import MOST_BYTES, AttachmentKind, kind_of
from support.house import House

REASON = "系统故障少计积分，按工单补录"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def test_a_document_is_known_by_what_is_in_it() -> None:
    assert kind_of(PDF) is AttachmentKind.PDF
    assert kind_of(png()) is AttachmentKind.PNG
    assert [kind_of(one) for one in (b"", b"MZ", PDF[:-7], png()[:-4], b"<html>%%EOF")] == [None] * 5


async def submit(client: httpx.AsyncClient, house: House, customer_id: UUID) -> str:
    body = {"customer_id": to_public("cus", customer_id), "wallet": "reward", "points": 30, "reason": REASON}
    headers = house.headers("hq_operator", key=str(new_id()))
    answer = await client.post("/v1/points/adjustments", json=body, headers=headers)
    return str(answer.json()["approval_id"])


@pytest.fixture
async def request_path(bank_client: httpx.AsyncClient, house: House) -> str:
    customer_id = await house.add_customer()
    return f"/v1/approvals/{await submit(bank_client, house, customer_id)}"


async def put(
    client: httpx.AsyncClient, house: House, path: str, content: bytes, role: str = "hq_operator"
) -> httpx.Response:
    headers = house.headers(role) | {"Content-Type": "application/octet-stream"}
    return await client.put(f"{path}/attachments/1", content=content, headers=headers)


async def test_the_maker_adds_a_document_and_only_who_decides_looks_at_it(
    bank_client: httpx.AsyncClient, house: House, request_path: str
) -> None:
    added = await put(bank_client, house, request_path, PDF)
    assert added.status_code == 200, added.text
    assert (added.json()["media_type"], added.json()["size"]) == ("application/pdf", len(PDF))
    assert (await put(bank_client, house, request_path, PDF)).json() == added.json()
    other = await put(bank_client, house, request_path, png())
    assert (other.status_code, other.json()["code"]) == (409, "attachment_there")
    broken = await put(bank_client, house, request_path, b"MZ")
    assert (broken.status_code, broken.json()["code"]) == (415, "attachment_invalid")
    large = await put(bank_client, house, request_path, PDF + bytes(MOST_BYTES))
    assert large.status_code == 413
    assert (await put(bank_client, house, request_path, PDF, "branch_head")).status_code == 404

    path = f"{request_path}/attachments"
    listed = await bank_client.get(path, headers=house.headers("hq_approver"))
    assert listed.json()["items"] == [added.json()]
    seen = await bank_client.get(f"{path}/1", headers=house.headers("hq_approver"))
    assert (seen.status_code, seen.content, seen.headers["content-type"]) == (200, PDF, "application/pdf")
    assert seen.headers["content-disposition"].startswith("attachment;")
    assert (await bank_client.get(f"{path}/1", headers=house.headers("hq_operator"))).status_code in {403, 404}
    assert (await bank_client.get(f"{path}/1", headers=house.headers("rights_approver"))).status_code == 404
    assert (await bank_client.get(f"{path}/2", headers=house.headers("hq_approver"))).status_code == 404
    async with house.sessions() as session:
        stored = (await session.execute(text("SELECT content_enc FROM points_attachment"))).scalar_one()
        query = text("SELECT action FROM audit_entry WHERE action LIKE 'points.attachment%' ORDER BY at")
        actions = list((await session.execute(query)).scalars())
    assert b"%PDF" not in stored
    assert actions == ["points.attachment.added", "points.attachment.added", "points.attachment.shown"]

    await bank_client.post(f"{request_path}/approve", json={}, headers=house.headers("hq_approver"))
    late = await put(bank_client, house, request_path, PDF)
    assert (late.status_code, late.json()["code"]) == (409, "state_conflict")
