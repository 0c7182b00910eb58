"""pgledger, a double-entry ledger in SQL, as the other side of G3. Its files are not part of this repository."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from guibin_tools.roles import driver_url

SCHEMA = "pgledger"
_ACCOUNT = "SELECT id FROM pgledger_create_account($1, 'CNY')"


async def set_up_pgledger(owner_url: str, files: Sequence[Path], *, accounts: int) -> str:
    """Run its SQL files in a schema of their own, open accounts, and return a script that transfers between two.

    `files` in their order: it needs `uuid_to_ulid` of another project before its own.
    """
    connection = await asyncpg.connect(driver_url(owner_url))
    try:
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")
        await connection.execute(f"SET search_path = {SCHEMA}, public")
        for file in files:
            await connection.execute(file.read_text(encoding="utf-8"))
        ids = [await connection.fetchval(_ACCOUNT, f"account {number}") for number in range(accounts)]
    finally:
        await connection.close()
    listed = ", ".join(f"'{one}'" for one in ids)
    return f"""
\\set n random(1, {accounts})
\\set m 1 + (:n + random(0, {accounts - 2})) % {accounts}
SELECT t.id FROM (SELECT ARRAY[{listed}]::text[] AS ids) AS a
 CROSS JOIN LATERAL pgledger_create_transfer(a.ids[:n], a.ids[:m], 10) AS t;
"""  # noqa: S608 - ids of our own
