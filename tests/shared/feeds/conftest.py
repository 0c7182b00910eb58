"""The bank whose files are taken."""

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from support.lines import Lines, open_lines


@pytest.fixture
async def lines(session: AsyncSession) -> Lines:
    return await open_lines(session)
