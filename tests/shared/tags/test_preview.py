"""A preview counts, shows some, cannot write and does not run for long."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import Refusal
from guibin.security.actors import Scope
from guibin.tags import matching
from guibin.tags.errors import RuleTooComplex, RuleTooExpensive
from guibin.tags.models import TagVersion
from guibin.tags.service import preview_rule
from support.tagging import DAY, MILLION, OLD, RICH, add_branch, add_customer_with_facts, add_tag

EVERYBODY = Scope(whole_bank=True)
AGED_60: dict[str, Any] = {"fact": "age", "op": "=", "value": 60}


@pytest.fixture
async def branch(session: AsyncSession) -> UUID:
    return await add_branch(session)


async def test_a_preview_counts_whom_the_rule_hits(session: AsyncSession, branch: UUID) -> None:
    rich = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION, tier="T2")
    for _ in range(2):
        await add_customer_with_facts(session, branch, aum_mda_fen=0)
    preview = await preview_rule(session, EVERYBODY, rule=RICH)
    assert preview.as_of == DAY
    assert preview.counts == matching.Counts(customers=3, members=1, added=1, removed=0)
    assert preview.counts.share_percent == 33.33
    assert preview.sample == [matching.Sample(rich, "B1", "T2")]


async def test_a_preview_shows_the_difference_to_the_version_in_force(session: AsyncSession, branch: UUID) -> None:
    for age in (59, 60, 61, 62):
        await add_customer_with_facts(session, branch, age=age)
    in_force = TagVersion(tag_code="old", version=1, rule=OLD)
    rule: dict[str, Any] = {"fact": "age", "op": "between", "value": [59, 60]}
    preview = await preview_rule(session, EVERYBODY, rule=rule, in_force=in_force)
    assert preview.counts == matching.Counts(customers=4, members=2, added=1, removed=2)


async def test_a_preview_counts_within_the_scope_only(session: AsyncSession, branch: UUID) -> None:
    other = await add_branch(session, "B2")
    await add_customer_with_facts(session, branch, age=60)
    await add_customer_with_facts(session, other, age=60)
    preview = await preview_rule(session, Scope.nothing(), rule=AGED_60)
    assert (preview.counts.customers, preview.counts.members, preview.sample) == (0, 0, [])
    assert preview.counts.share_percent == 0


async def test_a_preview_shows_twenty_customers_at_most(session: AsyncSession, branch: UUID) -> None:
    for _ in range(21):
        await add_customer_with_facts(session, branch, age=60)
    preview = await preview_rule(session, EVERYBODY, rule=AGED_60)
    assert (preview.counts.members, len(preview.sample)) == (21, 20)


async def make_facts_slow(session: AsyncSession) -> None:
    """Put a slow view before the table, for this session and until the end of the test."""
    slow = "SELECT f.* FROM public.customer_fact f CROSS JOIN (SELECT pg_sleep(2)) slow"
    await session.execute(text(f"CREATE TEMP VIEW customer_fact AS {slow}"))


async def test_a_preview_that_takes_too_long_is_refused_and_leaves_the_session_usable(
    session: AsyncSession, branch: UUID
) -> None:
    await add_customer_with_facts(session, branch, age=60)
    await make_facts_slow(session)
    with pytest.raises(RuleTooExpensive) as caught:
        await preview_rule(session, EVERYBODY, rule=AGED_60, seconds=0.05)
    assert caught.value.facts == {"limit_seconds": 0.05}
    assert (await add_tag(session, "written_afterwards")).revision == 1


async def limit_now(session: AsyncSession) -> tuple[str, str]:
    settings = text("SELECT current_setting('statement_timeout'), current_setting('transaction_read_only')")
    row = (await session.execute(settings)).one()
    return row[0], row[1]


async def test_a_preview_leaves_no_limits_behind(session: AsyncSession, branch: UUID) -> None:
    before = await limit_now(session)
    await add_customer_with_facts(session, branch)
    await preview_rule(session, EVERYBODY, rule=AGED_60)
    assert await limit_now(session) == before


async def test_a_preview_is_read_only_and_limited(
    session: AsyncSession, branch: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []
    count = matching.find_matches

    async def looking(session: AsyncSession, scope: Scope, **arguments: object) -> matching.Matches:
        seen.append(await limit_now(session))
        return await count(session, scope, **arguments)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(matching, "find_matches", looking)
    await add_customer_with_facts(session, branch)
    await preview_rule(session, EVERYBODY, rule=AGED_60)
    assert seen == [("5s", "on")]


async def test_a_preview_cannot_write(session: AsyncSession, branch: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def writing(session: AsyncSession, _scope: Scope, **_arguments: object) -> matching.Matches:
        await session.execute(text("UPDATE customer_fact SET age = 1"))
        raise AssertionError("it can write")

    monkeypatch.setattr(matching, "find_matches", writing)
    await add_customer_with_facts(session, branch)
    with pytest.raises(DBAPIError, match="read-only"):
        await preview_rule(session, EVERYBODY, rule=AGED_60)


async def test_a_wrong_rule_is_refused_before_any_statement(session: AsyncSession) -> None:
    with pytest.raises(Refusal) as caught:
        await preview_rule(session, EVERYBODY, rule={"all": []})
    assert isinstance(caught.value, RuleTooComplex)
