"""What the statements of care over everybody share."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import TextClause
from sqlmodel.ext.asyncio.session import AsyncSession


async def changed(session: AsyncSession, statement: TextClause, values: Mapping[str, object]) -> int:
    """Carry out a statement and return how many rows it wrote."""
    result: Any = await session.execute(statement, dict(values))
    return int(result.rowcount)


def documents(rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows of plain JSON values as the array that a statement reads with `jsonb_to_recordset`."""
    return json.dumps(list(rows), ensure_ascii=False)
