"""When two customers become one: words and restrictions go along, an open request of the losing one waits first."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import columns_of
from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.customers.names import names_of
from guibin.privacy.followers import follow_all
from guibin.privacy.models import ConsentState


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
        await session.execute(
            text(
                "UPDATE customer_restriction SET valid_to = greatest(valid_from, :day)"
                " WHERE customer_id = :loser AND (valid_to IS NULL OR valid_to > :day)"
            ),
            {"loser": merge.losing_id, "day": clock.today()},
        )
        return {"words": words, "imposed": imposed}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let each customer's own words and restrictions count again.

        What its lines told of the losing customer since is its own, and what came over stands as it stands by now: a
        restriction that was ended meanwhile has ended. What people imposed on the survivor stays there.
        """
        returned = await _restrictions_of_loser(session, merge, moved["imposed"])
        since = [row.id for row in returned if str(row.id) not in moved["imposed"]]
        await _copy(session, merge, "customer_restriction", "id = ANY(:ids)", back=True, ids=since)
        await session.execute(
            text(
                "UPDATE customer_restriction SET valid_to = greatest(valid_from, :day)"
                " WHERE customer_id = :survivor AND id = ANY(:ids) AND (valid_to IS NULL OR valid_to > :day)"
            ),
            {"survivor": merge.surviving_id, "ids": [row.id for row in returned], "day": clock.today()},
        )
        for row in returned:
            await session.execute(
                text(
                    "UPDATE customer_restriction SET valid_to = :until, ended_by = :by"
                    " WHERE customer_id = :loser AND id = :id"
                ),
                {"until": row.valid_to, "by": row.ended_by, "loser": merge.losing_id, "id": row.id},
            )
        await follow_all(session, {merge.losing_id} if returned else set())
        await _take_words_back(session, merge, moved["words"])


PARTICIPANT: Final = PrivacyParticipant()


async def _copy(
    session: AsyncSession, merge: Merge, table: str, which: str, *, back: bool = False, **bound: object
) -> list[str]:
    """Copy some of the losing customer's rows to the survivor, or `back` from that one; returns their ids."""
    others = ", ".join(column for column in columns_of(table) if column != "customer_id")
    to_id, from_id = (merge.losing_id, merge.surviving_id) if back else (merge.surviving_id, merge.losing_id)
    copied = await session.execute(
        text(
            f"INSERT INTO {table} (customer_id, {others})"  # noqa: S608 - columns of our own models
            f" SELECT CAST(:taker AS uuid), {others} FROM {table} WHERE customer_id = :giver AND ({which}) RETURNING id"
        ),
        {"taker": to_id, "giver": from_id, **bound},
    )
    return sorted(str(row[0]) for row in copied)


async def _restrictions_of_loser(session: AsyncSession, merge: Merge, imposed: list[str]) -> Sequence[Row[Any]]:
    """Return what the survivor has of the losing customer's: what came over, and what came by its names since."""
    found = await session.execute(
        text(
            "SELECT id, valid_to, ended_by FROM customer_restriction WHERE customer_id = :survivor"
            " AND (id = ANY(CAST(:ids AS uuid[])) OR named_by = ANY(CAST(:names AS bytea[])))"
        ),
        {"survivor": merge.surviving_id, "ids": imposed, "names": await names_of(session, merge.losing_id)},
    )
    return found.all()


async def _take_words_back(session: AsyncSession, merge: Merge, words: list[str]) -> None:
    """Say again, as the newest word, what the surviving customer said before; where there was none, none is said.

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
                "state": row.own or ConsentState.UNSAID,
                "evidence": f"mrg_{merge.id}",
                "at": clock.now(),
                "by": merge.actor_id,
                "survivor": merge.surviving_id,
                "word": row.id,
            },
        )
