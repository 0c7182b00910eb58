"""Whatever is wrong with a token, both ports answer 401 with the same bytes but for the request id (T-JWT-1)."""

import json
from typing import Any

import httpx
import pytest
from unit.security.test_forged_tokens import FORGED

from guibin.core.ids import to_public
from support.house import BANK_AUDIENCE, CUSTOMER_AUDIENCE, House

ASKED = {"bank-api": "/v1/branches", "customer-api": "/v1/me"}
FITS_IN_A_HEADER = 16_000


def sent(token: str) -> bytes | None:
    """Return the token as a client can send it in a header; None when no client can."""
    raw = token.encode("utf-8")
    return None if len(raw) > FITS_IN_A_HEADER or any(byte in raw for byte in b"\r\n\x00") else raw


TOKENS = {kind: raw for kind, make in FORGED.items() if (raw := sent(make())) is not None}


def test_nearly_every_forgery_travels_in_a_header() -> None:
    assert len(TOKENS) >= 120


@pytest.mark.parametrize("port", ASKED)
async def test_a16_a17_every_forged_token_is_answered_alike(
    port: str, house: House, clients: dict[str, httpx.AsyncClient]
) -> None:
    genuine = {
        "bank-api": house.headers("hq_operator"),
        "customer-api": house.customer_headers(await house.add_customer()),
    }[port]
    assert (await clients[port].get(ASKED[port], headers=genuine)).status_code == 200
    answers = {kind: await ask(clients[port], port, raw) for kind, raw in TOKENS.items()}
    one = answers["alg none, empty signature"]
    assert one[0] == 401
    assert json.loads(one[1])["code"] == "token_invalid"
    assert {kind: answer for kind, answer in answers.items() if answer != one} == {}
    for kind, token in signed_by_the_issuer(house, port).items():
        assert (await ask(clients[port], port, token))[:2] == one[:2], kind


def signed_by_the_issuer(house: House, port: str) -> dict[str, bytes]:
    """Return tokens of the real issuer that this port must not take: of the other port, and of nobody."""
    own, other = (BANK_AUDIENCE, CUSTOMER_AUDIENCE) if port == "bank-api" else (CUSTOMER_AUDIENCE, BANK_AUDIENCE)
    staff = house.staff["hq_operator"].subject
    tokens = {
        "of the other port": house.issuer.issue(staff, other),
        "of nobody": house.issuer.issue("cus_nobody", own),
        "of staff who are not there": house.issuer.issue(to_public("stf", house.branches["310001"].id), own),
    }
    return {kind: token.encode() for kind, token in tokens.items()}


async def ask(client: httpx.AsyncClient, port: str, token: bytes) -> tuple[int, str, dict[str, str]]:
    """Return the status, the body and the headers of an answer without what differs between any two answers."""
    answer = await client.get(ASKED[port], headers=[(b"Authorization", b"Bearer " + token)])
    body: dict[str, Any] = answer.json()
    request_id = body.pop("request_id")
    headers = {name: value for name, value in answer.headers.items() if value != request_id}
    return answer.status_code, json.dumps(body, sort_keys=True), headers
