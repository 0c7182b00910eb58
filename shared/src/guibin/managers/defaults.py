"""The matrix of grades and tiers that a bank starts from."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.repository import list_versions
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.managers.matrix.models import ManagerMatrix, MatrixState
from guibin.managers.matrix.rules import Content, SecondRole, TierLine
from guibin.managers.models import Grade

MATRIX: Final = Content(
    tiers={
        "T1": TierLine(primary=(Grade.INTERMEDIATE,), fallback=(Grade.SENIOR,)),
        "T2": TierLine(primary=(Grade.SENIOR,), fallback=(Grade.EXPERT,)),
        "T3": TierLine(primary=(Grade.EXPERT,), fallback=(Grade.PRIVATE_BANKER,)),
        "T4": TierLine(primary=(Grade.PRIVATE_BANKER,), fallback=(Grade.EXPERT,), second_role=SecondRole.BRANCH_LEADER),
        "T5": TierLine(primary=(Grade.PRIVATE_BANKER,), second_role=SecondRole.BRANCH_LEADER),
    }
)
"""From 6 million on, which is T4, the branch's head serves together with the manager."""


async def seed(session: AsyncSession) -> int:
    """Put the default matrix in force where there is none, draft or other; returns the rows added."""
    if await list_versions(session, ManagerMatrix, limit=1):
        return 0
    now = clock.now()
    session.add(
        ManagerMatrix(
            id=new_id(),
            name="默认对应表",
            state=MatrixState.APPROVED,
            content=MATRIX.model_dump(mode="json"),
            created_at=now,
            activated_at=now,
        )
    )
    await session.flush()
    return 1
