"""`guibin retention`: removes what has outlived its period, as the owner, in one transaction."""

from guibin.core.unit_of_work import unit_of_work
from guibin.privacy.retention import Removed, remove_overdue
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings


async def run_retention(settings: OperatorSettings, *, dry_run: bool) -> list[Removed]:
    """Return what was removed, table by table; a dry run says what would be."""
    async with sessions_as(Role.OWNER, settings) as factory, unit_of_work(factory) as work:
        return await remove_overdue(work.session, dry_run=dry_run)
