"""Terms of which one version is in force: of several that are agreed to at once one takes the place of the other."""

import asyncio
from typing import Any

import httpx
import pytest

from guibin.contact.rules import DEFAULT_TERMS
from support.house import House

CONTACT: dict[str, Any] = {
    "quiet": {"start": "20:00", "end": "09:00"},
    "holiday_quiet": {"start": "20:00", "end": "10:00"},
    "caps": [{"channel": channel, "offers": offers} for channel, offers in DEFAULT_TERMS.caps.items()],
    "cap_in_all": 6,
    "product_pushes": 2,
    "held_minutes": 30,
}
TERMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/v1/coverage-terms": ({}, {"joint_days": 14}),
    "/v1/identity-policy": (
        {"fields": {}, "reason": "维持现行的取值与合并规则不变"},
        {"fields": {"phone": {"strategy": "oldest"}}, "reason": "以最早登记的手机号为准"},
    ),
    "/v1/contact-policy": (CONTACT, CONTACT | {"held_minutes": 20}),
}
"""By their address: those that a bank starts from, and others."""


@pytest.mark.parametrize("url", TERMS)
async def test_of_several_that_are_agreed_to_at_once_one_is_in_force(
    url: str, bank_client: httpx.AsyncClient, house: House
) -> None:
    present, other = TERMS[url]
    maker = house.headers("hq_operator")

    async def submit(body: dict[str, Any], version: int) -> httpx.Response:
        return await bank_client.put(url, json=body, headers=maker | {"If-Match": f'"{version}"'})

    version = (await bank_client.get(url, headers=maker)).json()["version"]
    same = await submit(present, version)
    assert (same.status_code, same.json()["code"]) == (409, "nothing_to_change")
    submitted = [await submit(other, version) for _ in range(3)]
    assert {answer.status_code for answer in submitted} == {202}, submitted[0].text
    approver = house.headers("compliance" if "identity" in url else "hq_approver")
    answers = await asyncio.gather(
        *(
            bank_client.post(f"/v1/approvals/{answer.json()['approval_id']}/approve", json={}, headers=approver)
            for answer in submitted
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert {answer.json()["code"] for answer in answers if answer.is_error} == {"version_conflict"}
    assert (await bank_client.get(url, headers=maker)).json()["version"] == version + 1
