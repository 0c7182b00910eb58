"""When two customers become one: words and restrictions go along, an open request of the losing one waits first."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import columns_of


class PrivacyGuard:
    """No customer is merged away while a request or an erasure is open, or whose data were erased."""

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object to open requests and erasures of either customer."""
        statement = text(
            "SELECT EXISTS (SELECT FROM data_request WHERE customer_id = :loser"
            " AND state IN ('received', 'in_progress'))"
            " OR EXISTS (SELECT FROM erasure WHERE customer_id = ANY(:pair) AND state <> 'withdrawn')"
        )
        bound = {"loser": losing_id, "pair": [losing_id, surviving_id]}
        return "open_data_request" if (await session.execute(statement, bound)).scalar_one() else None


class PrivacyMover:
    """Copies what was said and what was imposed to the surviving customer; the losing one's restrictions end."""

    async def move(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Copy consents and restrictions; of two words on one thing the newer counts."""
        bound = {"loser": losing_id, "survivor": surviving_id, "day": clock.today()}
        for table, lasting in (("consent", "true"), ("customer_restriction", "valid_to IS NULL OR valid_to > :day")):
            others = ", ".join(column for column in columns_of(table) if column != "customer_id")
            await session.execute(
                text(
                    f"INSERT INTO {table} (customer_id, {others})"  # noqa: S608 - columns of our own models
                    f" SELECT CAST(:survivor AS uuid), {others} FROM {table}"
                    f" WHERE customer_id = :loser AND ({lasting})"
                ),
                bound,
            )
        await session.execute(
            text(
                "UPDATE customer_restriction SET valid_to = greatest(valid_from, :day)"
                " WHERE customer_id = :loser AND (valid_to IS NULL OR valid_to > :day)"
            ),
            bound,
        )


PRIVACY_GUARD: Final = PrivacyGuard()
PRIVACY_MOVER: Final = PrivacyMover()
