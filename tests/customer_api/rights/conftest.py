from collections.abc import AsyncIterator

import pytest

from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from support.house import House
from support.shop import Shop


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    """Return the house with rights to redeem; every invariant holds at the end."""
    yield Shop(house)
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []
