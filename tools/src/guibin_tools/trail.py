"""`guibin check-audit`: is the audit trail as it was written?"""

from guibin.audit.verification import Verdict, anchors_of, verify
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings


async def check_trail(settings: OperatorSettings) -> Verdict:
    """Hold the trail against its seals and anchors.

    Raises:
        AnchorInvalid: an anchor is not signed by the key of the deployment.
    """
    anchors = anchors_of(settings)
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        return await verify(session, anchors)
