"""The tiers and the scheme that a bank starts from."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.repository import list_versions
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.seeding import add_missing
from guibin.tiers import repository
from guibin.tiers.models import SchemeState, Tier, TierScheme
from guibin.tiers.terms import Terms

TIERS = (
    ("T0", "潜力客户", "Potential", False),
    ("T1", "金卡客户", "Gold", True),
    ("T2", "白金客户", "Platinum", True),
    ("T3", "钻石客户", "Diamond", True),
    ("T4", "私人银行客户", "Private", True),
    ("T5", "家族财富客户", "Family", True),
)
LOWER_BOUNDS_CNY = {"T0": 50_000, "T1": 200_000, "T2": 1_000_000, "T3": 2_000_000, "T4": 6_000_000, "T5": 10_000_000}
FEN = 100
TERMS = Terms(transition_months={"T0": 3, "T1": 3, "T2": 3, "T3": 3, "T4": 6, "T5": 6}).model_dump(mode="json")
"""The last complete month's daily average, custody left out; three months of grace, six from T4 on."""


async def seed(session: AsyncSession) -> int:
    """Add the tiers, and the default scheme where none was ever in force. Returns the rows added."""
    rows: list[dict[str, object]] = [
        {"code": code, "rank": rank, "name_zh": zh, "name_en": en, "managed": managed}
        for rank, (code, zh, en, managed) in enumerate(TIERS)
    ]
    added = await add_missing(session, Tier, rows)
    if await list_versions(session, TierScheme, limit=1):
        return added
    now = clock.now()
    scheme = TierScheme(
        id=new_id(), name="默认方案", state=SchemeState.ACTIVE, created_at=now, activated_at=now, terms=TERMS
    )
    session.add(scheme)
    await session.flush()
    await repository.replace_lines(session, scheme.id, {code: cny * FEN for code, cny in LOWER_BOUNDS_CNY.items()})
    return added + 1
