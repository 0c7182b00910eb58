"""Why a customer has a tag, or has it not."""

from datetime import date
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.security.actors import Scope
from guibin.tags.errors import TagRuleMissing
from guibin.tags.service import explain, run_tags, set_tag
from support.tagging import (
    DAY,
    MAKER,
    MILLION,
    add_branch,
    add_customer,
    add_customer_with_facts,
    add_event,
    add_manual_tag,
    add_rule_in_force,
    add_tag,
)

EVERYBODY = Scope(whole_bank=True)
RULE = {
    "all": [
        {"fact": "aum_mda", "op": ">=", "value": "1000000.00"},
        {"fact": "asset.fund", "op": "=", "value": "0.00"},
        {
            "fact": {
                "sum": "event.amount",
                "where": {"fact": "event.type", "op": "=", "value": "card_spend"},
                "window": {"last_days": 7},
            },
            "op": ">",
            "value": "50.00",
        },
        {"fact": "lines", "op": "has_any", "value": ["e_finance"]},
    ]
}


@pytest.fixture
async def branch(session: AsyncSession) -> UUID:
    return await add_branch(session)


async def test_each_condition_has_its_actual_value(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "spender", RULE, version=2)
    customer_id = await add_customer_with_facts(
        session, branch, aum_mda_fen=MILLION, lines=["e_finance"], stale_lines=["credit_card"]
    )
    await add_event(session, customer_id, "card_spend", amount_fen=60_00)
    await add_event(session, customer_id, "card_spend", amount_fen=70_00, day=date(2026, 11, 17))
    await add_event(session, customer_id, "deposit", amount_fen=80_00)
    await run_tags(session, day=DAY)
    found = await explain(session, EVERYBODY, customer_id=customer_id, code="spender")
    assert found.verdict is not None
    assert found.values is not None
    assert found.version is not None
    assert found.membership is not None
    assert (found.version.version, found.membership.version, found.membership.since) == (2, 2, DAY)
    assert (found.values.as_of, found.values.stale_lines) == (DAY, ("credit_card",))
    assert [(one.actual, one.met) for one in found.verdict.conditions()] == [
        (MILLION, True),
        (0, True),
        (60_00, True),
        (frozenset({"e_finance"}), True),
    ]
    assert found.verdict.met
    assert found.verdict.first_failing() is None


async def test_why_not_names_the_first_failing_condition(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "spender", RULE)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    found = await explain(session, EVERYBODY, customer_id=customer_id, code="spender")
    assert found.membership is None
    assert found.verdict is not None
    failing = found.verdict.first_failing()
    assert failing is not None
    assert (failing.place, failing.actual) == ("rule/all/2", 0)


async def test_without_facts_every_value_is_unknown(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "spender", RULE)
    customer_id = await add_customer(session, branch)
    found = await explain(session, EVERYBODY, customer_id=customer_id, code="spender")
    assert found.values is None
    assert found.verdict is not None
    assert not found.verdict.met


async def test_why_of_a_manual_tag_is_its_membership(session: AsyncSession, branch: UUID) -> None:
    await add_manual_tag(session, "friend")
    customer_id = await add_customer(session, branch)
    await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer_id, code="friend", reason="asked for it")
    found = await explain(session, EVERYBODY, customer_id=customer_id, code="friend")
    assert found.membership is not None
    assert (found.membership.reason, found.verdict) == ("asked for it", None)


async def test_a_draft_gives_no_reasons(session: AsyncSession, branch: UUID) -> None:
    await add_tag(session, "spender", draft_rule=RULE)
    customer_id = await add_customer(session, branch)
    with pytest.raises(TagRuleMissing):
        await explain(session, EVERYBODY, customer_id=customer_id, code="spender")


async def test_a_customer_out_of_scope_is_not_found(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "spender", RULE)
    customer_id = await add_customer_with_facts(session, branch)
    with pytest.raises(NotFound):
        await explain(session, Scope.nothing(), customer_id=customer_id, code="spender")
