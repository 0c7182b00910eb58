"""Staff are customers too, and do nothing to their own account (E10): whatever the command, wherever it names them."""

from uuid import UUID

import httpx
from sqlalchemy import update
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import CertificateType, Customer, CustomerRef, RefKind
from guibin.customers.references import certificate_ref
from guibin.organisation.models import Staff
from support.house import House

CARD = "110101199003070134"


async def make_customer_of(house: House, role: str) -> UUID:
    """Let a member of staff be a customer of the own branch: both have the same certificate."""
    own = await house.add_customer(name="李四光")
    ref = certificate_ref(house.keys, CertificateType.ID_CARD, CARD, "李四光")
    assert ref is not None
    async with house.sessions() as session:
        session.add(CustomerRef(ref=ref, kind=RefKind.CERTIFICATE, customer_id=own, valid_from=clock.today()))
        await session.execute(update(Staff).where(col(Staff.id) == house.staff[role].id).values(customer_ref=ref))
        await session.commit()
    return own


async def test_e10_nobody_acts_on_the_own_account(bank_client: httpx.AsyncClient, house: House) -> None:
    own, other = await make_customer_of(house, "branch_head"), await house.add_customer()
    became = await house.add_customer()
    async with house.sessions() as session:
        await session.execute(update(Customer).where(col(Customer.id) == became).values(merged_into=own))
        await session.commit()

    async def adjust(customer_id: UUID, role: str) -> tuple[int, str]:
        body = {
            "customer_id": to_public("cus", customer_id),
            "wallet": "reward",
            "points": 10,
            "reason": "a correction of an earlier booking",
        }
        headers = house.headers(role, key=f"{role}-{customer_id}")
        answer = await bank_client.post("/v1/points/adjustments", json=body, headers=headers)
        return answer.status_code, answer.json().get("code") or answer.json()["approval_id"]

    assert await adjust(own, "branch_head") == (403, "self_dealing")
    assert await adjust(became, "branch_head") == (403, "self_dealing")
    assert (await adjust(other, "branch_head"))[0] == 202
    status, approval = await adjust(own, "customer_service")
    assert status == 202
    agreed = await bank_client.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers("branch_head"))
    assert agreed.json()["code"] == "self_dealing"
    tag = f"/v1/customers/{to_public('cus', own)}/tags/gift_received"
    refused = await bank_client.put(tag, json={}, headers=house.headers("branch_head"))
    assert refused.json()["code"] == "self_dealing"
    seen = await bank_client.get(f"/v1/customers/{to_public('cus', own)}", headers=house.headers("branch_head"))
    assert seen.status_code == 200
