"""The starter pack: at least sixty tags in every category, readable by the reader, seeded once and in force."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Scope
from guibin.tags import defaults
from guibin.tags.kinds import read_definition, tags_of
from guibin.tags.models import Tag, TagAxis, TagCategory, TagKind, TagState
from guibin.tags.service import explain, run_tags
from guibin.tags.starter import STARTER_TAGS
from support.tagging import DAY, MILLION, add_branch, add_customer_with_facts, add_event

EVERYBODY = Scope(whole_bank=True)
COMPUTED_WITHOUT_SEGMENTS = {"rule", "values", "life_cycle", "aggregate", "arithmetic", "preference", "rfm", "score"}


@pytest.fixture
async def branch(session: AsyncSession) -> UUID:
    return await add_branch(session)


def test_the_pack_has_sixty_tags_and_more_in_every_category_and_of_every_kind() -> None:
    assert len(STARTER_TAGS) >= 60
    categories = [one for one in defaults.categories() if one["parent_code"] is not None]
    assert {tag.category for tag in STARTER_TAGS} == {one["code"] for one in categories}
    assert len(categories) == 25
    assert {tag.axis for tag in STARTER_TAGS} == set(TagAxis) - {TagAxis.SERVICE}
    assert {str(tag.kind) for tag in STARTER_TAGS} == COMPUTED_WITHOUT_SEGMENTS


def test_every_tag_of_the_pack_can_be_read_and_has_names_of_its_own() -> None:
    codes = {tag.code for tag in STARTER_TAGS}
    names = [name for tag in STARTER_TAGS for name in (tag.code, tag.name_zh, tag.name_en)]
    assert len(set(names)) == len(names)
    for tag in STARTER_TAGS:
        assert tags_of(read_definition(TagKind(tag.kind), tag.rule)) <= codes
        assert len(tag.name_en) <= 40
        assert " / " in tag.description


async def test_the_pack_is_seeded_once_and_in_force(session: AsyncSession, branch: UUID) -> None:
    added = await defaults.seed(session)
    shelves = (await session.exec(select(func.count()).select_from(TagCategory))).one()
    assert added == shelves + 2 * len(STARTER_TAGS)
    assert await defaults.seed(session) == 0
    published = select(func.count()).select_from(Tag).where(col(Tag.state) == TagState.PUBLISHED)
    assert (await session.exec(published)).one() == len(STARTER_TAGS)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=7 * MILLION, aum_fen=7 * MILLION)
    await run_tags(session, day=DAY)
    given = {"mda_200k": "", "mda_6m": "", "deposits_only": "", "asset_level": "wealth", "asset_trend": "stable"}
    for code, value in given.items():
        found = await explain(session, EVERYBODY, customer_id=customer_id, code=code)
        assert [one.value for one in found.memberships] == [value], code


async def test_nobody_is_said_to_be_leaving_while_one_of_their_lines_is_late(
    session: AsyncSession, branch: UUID
) -> None:
    await defaults.seed(session)
    codes = ("quiet", "leaving_money", "leaving_risk", "life_cycle")
    values: list[list[str]] = []
    for stale_lines in ([], ["credit_card"]):
        customer_id = await add_customer_with_facts(session, branch, tenure_days=400, stale_lines=stale_lines)
        await add_event(session, customer_id, "withdrawal", day=DAY - timedelta(days=40), amount_fen=1_00)
        gone = await add_customer_with_facts(session, branch, tenure_days=400, stale_lines=stale_lines)
        await add_event(session, gone, "withdrawal", amount_fen=MILLION)
        await run_tags(session, day=DAY)
        for one in (customer_id, gone):
            found = [await explain(session, EVERYBODY, customer_id=one, code=code) for code in codes]
            values.append([member.value or had.tag.code for had in found for member in had.memberships])
    assert values == [
        ["quiet", "watch", "declining"],
        ["leaving_money", "watch", "active"],
        ["active"],
        ["leaving_money", "active"],
    ]
