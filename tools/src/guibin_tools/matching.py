"""`guibin train-matching`: the model by which pairs that may be one customer are weighed learns from decisions."""

from guibin.customers.models import MatchModelVersion
from guibin.customers.proposing.service import train
from guibin_tools.errors import OperatorError
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings


async def train_matching(settings: OperatorSettings) -> MatchModelVersion:
    """Put a new model in force, learnt from the one before and all decided pairs.

    Raises:
        OperatorError: the database was never seeded.
    """
    async with sessions_as(Role.WORKER, settings) as factory, factory.begin() as session:
        try:
            return await train(session)
        except LookupError:
            raise OperatorError("There is no model to begin with: run `guibin seed` first.") from None
