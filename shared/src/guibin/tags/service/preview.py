"""Whom a rule would hit, before anybody is tagged by it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from time import perf_counter
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.security.actors import Scope
from guibin.tags import matching, repository
from guibin.tags.errors import RuleTooExpensive
from guibin.tags.kinds import Cases, assuming, held_in, modified_for, read_definition, values_of
from guibin.tags.models import TagKind, TagVersion
from guibin.tags.runs.held import recorded
from guibin.tags.service.quantiles import drawn
from guibin.tags.service.reading import read_linked

PREVIEW_SECONDS: Final = 5.0
SAMPLE_SIZE: Final = 20

_QUERY_CANCELED: Final = "57014"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many customers in scope a rule hits, on which day's facts, some of them, and how many have which value."""

    as_of: date
    counts: matching.Counts
    sample: list[matching.Sample]
    values: dict[str, int] = field(default_factory=dict)
    assumed: bool = False
    """Whether a rule in `held` counts as if it had held long enough: no run has recorded it yet."""
    everybody: int = 0
    run_seconds: float = 0.0
    """How long a run would look at everybody, reckoned from how long this one looked at those in scope."""


async def preview_rule(
    session: AsyncSession,
    scope: Scope,
    *,
    kind: TagKind = TagKind.RULE,
    rule: dict[str, object],
    in_force: TagVersion | None = None,
    as_of: date | None = None,
    seconds: float = PREVIEW_SECONDS,
) -> Preview:
    """Count whom the definition of a kind would give the tag within a scope, and the difference to the one in force.

    With `as_of` it counts whom it would have hit at the end of that day, on facts composed anew from what is dated.
    It runs read-only and under a time limit per statement, whatever role and transaction it runs in.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: the rule is wrong.
        RuleTagUnknown: it refers to a tag that there is not.
        RuleTooExpensive: it took too long.
    """
    await read_linked(session, kind, rule)
    async with read_only(session, seconds):
        day = as_of or await repository.facts_as_of(session) or clock.last_closed_day()
        definition = await read_linked(session, kind, await drawn(session, kind, rule, day=day))
        current = None if in_force is None else read_definition(kind, in_force.rule)
        if in_force is not None:
            definition, current = (modified_for(one, in_force.tag_code) for one in (definition, current or definition))
        held = held_in(definition)
        assumed = held - await recorded(session, held, day=day)
        definition = assuming(definition, assumed)
        began = perf_counter()
        found = await matching.find_matches(
            session, scope, definition=definition, current=current, day=day, limit=SAMPLE_SIZE, anew=as_of is not None
        )
        took = perf_counter() - began
    counts = found.counts
    everybody = counts.customers if scope.whole_bank else await repository.count_everybody(session)
    run_seconds = round(took * everybody / max(counts.customers, 1), 3)
    by_value = {} if isinstance(definition, Cases) and not values_of(definition) else found.values
    return Preview(day, counts, found.sample, by_value, bool(assumed), everybody, run_seconds)


@asynccontextmanager
async def read_only(session: AsyncSession, seconds: float) -> AsyncIterator[None]:
    """Open a savepoint that cannot write and limits each statement; undoing it lifts both for what follows."""
    savepoint = await session.begin_nested()
    try:
        await session.execute(text("SET LOCAL transaction_read_only = on"))
        await session.execute(
            text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": f"{int(seconds * 1000)}ms"}
        )
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _QUERY_CANCELED:
            raise
        raise RuleTooExpensive(limit_seconds=seconds) from error
    finally:
        await savepoint.rollback()
