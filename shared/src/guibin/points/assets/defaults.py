"""The asset rule of an empty database: service points for everything that a customer entrusts to the bank."""

from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points.assets import repository
from guibin.points.assets.models import AssetRule, AssetRuleState
from guibin.points.assets.rules import WHOLE
from guibin.points.defaults import SERVICE
from guibin.products.models import ProductClass

CODE: Final = "service_assets"
THRESHOLD_FEN: Final = 100_000_00
STEP_FEN: Final = 10_000_00

# What is only kept for the customer counts nothing. Deposits count: the wallet buys services alone.
WEIGHTS: Final[dict[str, int]] = {
    ProductClass.DEPOSITS: WHOLE,
    ProductClass.STRUCTURED: WHOLE,
    ProductClass.CERTIFICATE_OF_DEPOSIT: WHOLE,
    ProductClass.WEALTH_MANAGEMENT: WHOLE,
    ProductClass.FUND: WHOLE,
    ProductClass.INSURANCE: WHOLE,
    ProductClass.BULLION: WHOLE,
    ProductClass.BOND: WHOLE,
    ProductClass.TRUST: WHOLE,
}


async def seed(session: AsyncSession) -> int:
    """Add the rule where the bank has none of this code. Returns the rows added."""
    if await repository.versions_of(session, CODE):
        return 0
    now = clock.now()
    rule = AssetRule(
        id=new_id(),
        code=CODE,
        version=1,
        state=AssetRuleState.ACTIVE,
        name_zh="资产积点",
        name_en="Points from assets",
        wallet=SERVICE,
        weights=dict(WEIGHTS),
        threshold_fen=THRESHOLD_FEN,
        step_fen=STEP_FEN,
        first_month=date(2000, 1, 1),
        created_at=now,
        activated_at=now,
    )
    return int(await repository.add_rule(session, rule))
