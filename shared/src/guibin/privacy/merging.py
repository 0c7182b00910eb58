"""When two customers become one: words and restrictions go along, an open request of the losing one waits first."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import columns_of
from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved


class PrivacyParticipant(MergeParticipant):
    """Copies what was said and what was imposed to the surviving customer; the losing one's restrictions end."""

    name = "privacy"

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object to an open request of the losing customer, and to an erasure of either."""
        statement = text(
            "SELECT EXISTS (SELECT FROM data_request WHERE customer_id = :loser"
            " AND state IN ('received', 'in_progress'))"
            " OR EXISTS (SELECT FROM erasure WHERE customer_id = ANY(:pair) AND state <> 'withdrawn')"
        )
        bound = {"loser": losing_id, "pair": [losing_id, surviving_id]}
        return "open_data_request" if (await session.execute(statement, bound)).scalar_one() else None

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Copy consents and restrictions; of two words on one thing the newer counts."""
        words = await _copy(session, merge, "consent", "true")
        imposed = await _copy(
            session, merge, "customer_restriction", "valid_to IS NULL OR valid_to > :day", day=clock.today()
        )
        ended = await session.execute(
            text(
                "UPDATE customer_restriction r SET valid_to = greatest(r.valid_from, :day)"
                " FROM customer_restriction o WHERE o.customer_id = r.customer_id AND o.id = r.id"
                " AND r.customer_id = :loser AND (r.valid_to IS NULL OR r.valid_to > :day)"
                " RETURNING r.id, o.valid_to"
            ),
            {"loser": merge.losing_id, "day": clock.today()},
        )
        ends = {str(one): None if until is None else until.isoformat() for one, until in ended}
        return {"words": words, "imposed": imposed, "ended": ends}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let each customer's own words and restrictions count again; what was imposed since the merge stays."""
        day, survivor = clock.today(), merge.surviving_id
        await session.execute(
            text(
                "UPDATE customer_restriction SET valid_to = greatest(valid_from, :day)"
                " WHERE customer_id = :survivor AND id = ANY(CAST(:ids AS uuid[]))"
                " AND (valid_to IS NULL OR valid_to > :day)"
            ),
            {"survivor": survivor, "ids": moved["imposed"], "day": day},
        )
        for restriction_id, until in moved["ended"].items():
            await session.execute(
                text("UPDATE customer_restriction SET valid_to = :until WHERE customer_id = :loser AND id = :id"),
                {
                    "until": None if until is None else date.fromisoformat(until),
                    "loser": merge.losing_id,
                    "id": UUID(restriction_id),
                },
            )
        await _take_words_back(session, merge, moved["words"])


PARTICIPANT: Final = PrivacyParticipant()


async def _copy(session: AsyncSession, merge: Merge, table: str, lasting: str, **bound: date) -> list[str]:
    others = ", ".join(column for column in columns_of(table) if column != "customer_id")
    copied = await session.execute(
        text(
            f"INSERT INTO {table} (customer_id, {others})"  # noqa: S608 - columns of our own models
            f" SELECT CAST(:survivor AS uuid), {others} FROM {table}"
            f" WHERE customer_id = :loser AND ({lasting}) RETURNING id"
        ),
        {"survivor": merge.surviving_id, "loser": merge.losing_id, **bound},
    )
    return sorted(str(row[0]) for row in copied)


async def _take_words_back(session: AsyncSession, merge: Merge, words: list[str]) -> None:
    """Say again, as the newest word, what the surviving customer said before; where there was none, nothing is granted.

    Only where the newest word is one that came over: what the customer has said since is the customer's own.
    """
    newest = await session.execute(
        text(
            "SELECT DISTINCT ON (c.purpose, c.channel) c.id, c.purpose, c.channel, c.text_version, ("
            "  SELECT o.state FROM consent o WHERE o.customer_id = c.customer_id AND o.purpose = c.purpose"
            "  AND o.channel = c.channel AND o.id <> ALL(CAST(:words AS uuid[]))"
            "  ORDER BY o.recorded_at DESC, o.id DESC LIMIT 1) AS own"
            " FROM consent c WHERE c.customer_id = :survivor"
            " ORDER BY c.purpose, c.channel, c.recorded_at DESC, c.id DESC"
        ),
        {"survivor": merge.surviving_id, "words": words},
    )
    for row in [row for row in newest if str(row.id) in set(words)]:
        await session.execute(
            text(
                "INSERT INTO consent (customer_id, id, purpose, channel, state, text_version, given_at, evidence,"
                " recorded_at, recorded_by) SELECT customer_id, CAST(:new AS uuid), purpose, channel, :state,"
                " text_version, given_at, :evidence, CAST(:at AS timestamptz), CAST(:by AS uuid)"
                " FROM consent WHERE customer_id = :survivor AND id = :word"
            ),
            {
                "new": new_id(),
                "state": row.own or "denied",
                "evidence": f"mrg_{merge.id}",
                "at": clock.now(),
                "by": merge.actor_id,
                "survivor": merge.surviving_id,
                "word": row.id,
            },
        )
