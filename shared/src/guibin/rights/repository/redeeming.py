"""The two statements of a redemption: what decides, and what is written. Both are SQL functions, one round trip each.

They are asked in a session's transaction, or of the direct pool (`guibin.core.direct`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json, to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.direct import Asks, InSession, Row
from guibin.idempotency.direct import waiting_for_a_twin
from guibin.points.models import AccountState
from guibin.programme.rules import stops_of
from guibin.rights.models import Period
from guibin.rights.offer import TierLevel, Usage
from guibin.rights.repository.catalogue import PayingWallet
from guibin.rights.repository.standing import Profile

# JSON travels as text: what a driver makes of it by itself depends on who opened the connection.
_FACT_COLUMNS: Final = (
    "revision, minimum_rank, wallet, wallet_active, spendable::text, caps::text, point_fen, tier, tier_rank,"
    " tier_since, restricted, tags, branches, stops, available, account_state, usage::text, spent::text, step_up_used,"
    " data_key, package_left, package_period, reserved, seen, known"
)
_FACTS: Final = f"SELECT {_FACT_COLUMNS} FROM rights_facts($1::text::jsonb, $2)"  # noqa: S608 - our own text
_FACTS_BATCH: Final = (
    "SELECT alone, over, counted, entry_status, entry_merged_into, entry_has_data_key, entry_in_force, is_there,"  # noqa: S608
    f" {_FACT_COLUMNS} FROM rights_facts_batch($1::text::jsonb, $2, $3, $4, $5) ORDER BY place"
)
_REDEEM: Final = "SELECT outcome, available_after, lots::text, answer FROM rights_redeem($1::text::jsonb)"
_REDEEM_BATCH: Final = (
    "SELECT entry_status, entry_merged_into, entry_has_data_key, entry_in_force, outcome, available_after, lots::text,"
    " answer FROM rights_redeem_batch($1::text::jsonb, $2) ORDER BY place"
)
_GRANT: Final = "SELECT rights_grant($1::text::jsonb) AS outcome"
ALONE: Final = "alone"
"""What is said of a redemption that could not be written with others: it is to be written by itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides of one customer and one right, as of one moment; `seen` is the mark over all of it.

    `paying` is None when there is no such wallet. `data_key` is wrapped; None once the customer is erased.
    """

    revision: int
    minimum_rank: int | None
    paying: PayingWallet | None
    profile: Profile
    available: int
    account: AccountState
    usage: Usage
    spent: Mapping[str, int]
    step_up_used: bool
    data_key: bytes | None
    package_left: int | None
    package_period: date | None
    reserved: int | None
    seen: str


AskForSeveral = Callable[..., Awaitable[Sequence[Row]]]
"""Runs a statement that works for several calls; returns its rows."""


class KeyKnownError(Exception):
    """The customer used the key before: its answer counts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a redemption: `code` is done, moved, known, or why not."""

    code: str
    available_after: int
    lots: list[dict[str, Any]]
    answer: str | None


async def read_facts(asks: Asks, asked: Mapping[str, Any], *, lock: bool) -> Facts | None:
    """Read what decides; None when there is no such customer or right. `asked` is what `rights_facts` takes.

    Raises:
        KeyKnownError: the key that is asked for was used.
    """
    return facts_of(await asks.row(_FACTS, to_json(asked).decode(), lock))


async def read_facts_of_several(
    ask: AskForSeveral, calls: Sequence[tuple[bytes, Sequence[object], Mapping[str, Any]]], counting: Sequence[object]
) -> Sequence[Row]:
    """Read what decides for several customers in one transaction, each call counted and each customer let in.

    `calls` are under what each is counted, what lets its customer in, and what `rights_facts` takes; `counting` are
    names, ends, bounds and moment of `rate_count` for all of them. Returns a row for each, in their order: what the
    counters and the entrance say, and what `facts_of` reads where `is_there`.
    """
    items = [{"subject": subject.hex(), "entry": entry, "asked": asked} for subject, entry, asked in calls]
    return await ask(_FACTS_BATCH, to_json(items).decode(), *counting)


def facts_of(row: Row | None) -> Facts | None:
    """Read what decides from a row of `rights_facts`; None when there is none.

    Raises:
        KeyKnownError: the key that is asked for was used.
    """
    if row is None:
        return None
    if row["known"]:
        raise KeyKnownError
    tier = None if row["tier"] is None else TierLevel(row["tier"], row["tier_rank"], row["tier_since"])
    return Facts(
        revision=row["revision"],
        minimum_rank=row["minimum_rank"],
        paying=_paying(row),
        profile=Profile(
            tier=tier,
            restricted=row["restricted"],
            tags=frozenset(row["tags"]),
            branches=frozenset(row["branches"]),
            stops=stops_of([(target, subject) for target, _, subject in map(_parted, row["stops"])]),
        ),
        available=row["available"] or 0,
        account=AccountState(row["account_state"] or AccountState.OPEN),
        usage=_usage(_read(row["usage"]) or {}),
        spent=_read(row["spent"]) or {},
        step_up_used=row["step_up_used"],
        data_key=row["data_key"],
        package_left=row["package_left"],
        package_period=row["package_period"],
        reserved=row["reserved"],
        seen=row["seen"],
    )


async def write_redemption(asks: Asks, taking: Mapping[str, Any]) -> Outcome:
    """Write a redemption that was decided, or say why it was not; `taking` is what `rights_redeem` takes."""
    with waiting_for_a_twin():
        row = await asks.row(_REDEEM, to_json(taking).decode())
    if row is None:
        raise LookupError("rights_redeem has always an outcome")
    return _outcome(row)


async def grant_redemption(session: AsyncSession, taking: Mapping[str, Any]) -> str:
    """Write a right that a rule of earning gives, and return the outcome; `taking` is what `rights_grant` takes."""
    row = await InSession(session).row(_GRANT, to_json(taking).decode())
    return str(row["outcome"]) if row is not None else ""


async def write_redemptions(
    ask: AskForSeveral, takings: Sequence[tuple[Sequence[object], Mapping[str, Any]]], *, patience: timedelta
) -> Sequence[Row]:
    """Write several redemptions of one right in one transaction, each with its own customer let in.

    `takings` are what lets each customer in and what `rights_redeem` takes; `patience` is the longest wait of one for a
    lock. Returns a row for each, in their order: what the entrance says, and what `outcome_of` reads.
    """
    items = [{"entry": entry, "taking": taking} for entry, taking in takings]
    return await ask(_REDEEM_BATCH, to_json(items).decode(), patience)


def outcome_of(row: Row) -> Outcome | None:
    """Return what became of a redemption that was written with others; None when it is to be written alone."""
    return None if row["outcome"] in {None, ALONE} else _outcome(row)


def _outcome(row: Row) -> Outcome:
    return Outcome(row["outcome"], row["available_after"] or 0, _read(row["lots"]) or [], row["answer"])


def _paying(row: Row) -> PayingWallet | None:
    if row["wallet"] is None:
        return None
    return _wallet(row["wallet"], row["wallet_active"], row["spendable"], row["caps"], row["point_fen"])


@lru_cache(maxsize=64)
def _wallet(code: str, active: bool, spendable: str | None, caps: str, point_fen: int) -> PayingWallet:
    """Read a wallet as it stands in the row: the same columns are the same wallet."""
    return PayingWallet.read(code, active=active, spendable=_read(spendable), caps=_read(caps), point_fen=point_fen)


def _usage(counted: Mapping[str, Sequence[int]]) -> Usage:
    units, free_units, free_guests = (
        {Period(name): counts[place] for name, counts in counted.items()} for place in range(3)
    )
    return Usage(units, free_units, free_guests)


def _parted(stop: str) -> tuple[str, str, str]:
    return stop.partition("/")


def _read(value: str | None) -> Any:
    return None if value is None else from_json(value)
