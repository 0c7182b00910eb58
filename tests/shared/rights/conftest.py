from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from guibin.security.ciphers import KeyRing
from support.points import let_owner_post
from support.rights import make_keys


@pytest.fixture
async def bank(session: AsyncSession) -> AsyncIterator[AsyncSession]:
    """Return the rolled-back session, in which the owner may post; every invariant holds at the end."""
    await let_owner_post(session)
    yield session
    assert await points_invariants.check(session) == []
    assert await invariants.check(session) == []


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return make_keys(tmp_path)
