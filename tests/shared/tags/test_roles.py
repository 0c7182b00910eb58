"""What the nightly run of tags may do as the worker's own role, and that no time limit of previews holds it."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.database import make_engine
from guibin.tags.facts import refresh_facts
from guibin.tags.service import run_tags
from support.databases import Database
from support.tagging import DAY, add_branch, add_customer, add_rule_in_force


async def test_the_worker_refreshes_facts_and_tags_without_a_time_limit(database: Database) -> None:
    owner = make_engine(database.owner_url, pool_size=1, application="guibin-tests")
    async with AsyncSession(owner) as session:
        await add_customer(session, await add_branch(session))
        await add_rule_in_force(session, "poor", {"fact": "aum", "op": "=", "value": "0.00"})
        await session.commit()
    await owner.dispose()
    worker = make_engine(database.worker_url, pool_size=1, application="guibin-tests")
    async with AsyncSession(worker) as session, session.begin():
        limit = await session.execute(text("SELECT current_setting('statement_timeout')"))
        assert limit.scalar_one() == "0"
        assert await refresh_facts(session, day=DAY) == {"read": 1, "changed": 1}
        assert await run_tags(session, day=DAY) == {"rules": 1, "read": 1, "added": 1, "ended": 0, "failed": 0}
    await worker.dispose()
