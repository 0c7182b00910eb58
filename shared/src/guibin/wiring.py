"""The one place where open lists of lower domains are filled by upper ones; each process connects once."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import defaults as approvals
from guibin.approvals import handlers, surroundings
from guibin.channels.merging import IDENTITY_MOVER
from guibin.customers import merging
from guibin.customers.four_eyes import SURROUNDINGS
from guibin.holdings.moving import HOLDINGS_MOVER
from guibin.managers import defaults as managers
from guibin.organisation import defaults as organisation
from guibin.organisation import holidays
from guibin.organisation.granting import CoverHandler, GrantsHandler, RolesHandler
from guibin.points import defaults as points
from guibin.points.facts import POINTS_FACTS
from guibin.points.merging import LEDGER_GUARD
from guibin.points.service import AdjustmentHandler
from guibin.privacy import defaults as privacy
from guibin.rights.merging import REDEMPTION_GUARD
from guibin.rights.service import RightPublication
from guibin.tags import defaults as tags
from guibin.tags import facts
from guibin.tags.moving import TAGS_MOVER
from guibin.tags.service import TagPublishHandler
from guibin.tiers import defaults as tiers
from guibin.tiers.facts import TIER_FACTS
from guibin.tiers.service import SchemeActivation

Seeder = Callable[[AsyncSession], Awaitable[int]]

SEEDERS: dict[str, Seeder] = {
    "organisation": organisation.seed,
    "calendars": holidays.seed,
    "approvals": approvals.seed,
    "privacy": privacy.seed,
    "tiers": tiers.seed,
    "managers": managers.seed,
    "points": points.seed,
    "tags": tags.seed,
}
"""What `guibin seed` adds to an empty database, in this order."""


def connect() -> None:
    """Fill the open lists; again changes nothing."""
    surroundings.connect(SURROUNDINGS)
    handlers.register(AdjustmentHandler())
    handlers.register(SchemeActivation())
    handlers.register(RightPublication())
    handlers.register(TagPublishHandler())
    handlers.register(RolesHandler())
    handlers.register(GrantsHandler())
    handlers.register(CoverHandler())
    facts.register(TIER_FACTS)
    facts.register(POINTS_FACTS)
    merging.register_mover(HOLDINGS_MOVER)
    merging.register_mover(TAGS_MOVER)
    merging.register_mover(IDENTITY_MOVER)
    merging.register_guard(LEDGER_GUARD)
    merging.register_guard(REDEMPTION_GUARD)
