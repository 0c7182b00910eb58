"""What a branch owns is approved in its chain: by an approver who stands there or above it (RGT-24)."""

from typing import Any

import httpx
import pytest
from sqlmodel import col, update

from guibin.core.ids import new_id, to_public
from guibin.organisation.models import StaffRole
from support.house import EAST, REGION, WEST, House

HEAD, OF_EAST, OF_WEST, OF_REGION = "rights_approver", "lobby", "lobby_west", "branch_head_west"
"""Who stands in for the approvers of rights: at head office, at both branches, and of the region."""

RIGHT: dict[str, Any] = {
    "category": "travel",
    "name_zh": "机场贵宾厅",
    "name_en": "Airport lounge",
    "description_zh": "一次",
    "description_en": "One visit",
    "wallet": "reward",
    "fulfilment": "hand_out",
    "stock_mode": "unlimited",
}
TERMS: dict[str, Any] = {"prices": [{"tier": None, "points": 100}]}


@pytest.fixture
async def chain(house: House) -> House:
    """Make rights approvers of some people of the branches and the region."""
    async with house.sessions() as session:
        for name, branch in ((OF_EAST, EAST), (OF_WEST, WEST), (OF_REGION, REGION)):
            changed = {"role": "rights_approver", "branch_id": house.branches[branch].id}
            await session.execute(
                update(StaffRole).where(col(StaffRole.staff_id) == house.staff[name].id).values(**changed)
            )
        await session.commit()
    return house


async def test_a_right_and_a_budget_go_to_the_approvers_of_their_owner_or_above(
    chain: House, bank_client: httpx.AsyncClient
) -> None:
    async def post(path: str, role: str = "rights_operator", **body: Any) -> httpx.Response:
        return await bank_client.post(path, json=body, headers=chain.headers(role, key=str(new_id())))

    async def submitted(code: str, owner: str | None) -> str:
        made = await post("/v1/rights", **RIGHT, code=code, terms=TERMS | {"owner_branch": owner})
        assert made.status_code == 201, made.text
        asked = await post(f"/v1/rights/{made.json()['id']}/submit")
        assert asked.status_code == 202, asked.text
        return str(asked.json()["approval_id"])

    async def approve(approval: str, role: str) -> int:
        return (await post(f"/v1/approvals/{approval}/approve", role)).status_code

    owned, everybodys = await submitted("of_the_east", EAST), await submitted("of_the_bank", None)
    assert [await approve(everybodys, role) for role in (OF_EAST, OF_REGION, HEAD)] == [404, 404, 200]
    assert [await approve(owned, role) for role in (OF_WEST, OF_EAST)] == [404, 200]
    above = await submitted("of_the_east_too", EAST)
    listed = await bank_client.get("/v1/approvals?state=pending", headers=chain.headers(OF_WEST))
    assert listed.json()["items"] == []
    assert await approve(above, OF_REGION) == 200
    budget: dict[str, Any] = {
        "branch_id": to_public("brn", chain.branches[EAST].id),
        "year": 2026,
        "line": "personal_finance",
        "points": 250,
    }
    asked = await post("/v1/budgets", **budget)
    assert [await approve(asked.json()["approval_id"], role) for role in (OF_WEST, OF_EAST)] == [404, 200]
