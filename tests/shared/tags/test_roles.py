"""What the nightly run of tags may do as the worker's own role, and that no time limit of previews holds it."""

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.database import make_engine
from guibin.customers.changes.repository import note_change
from guibin.customers.models import Customer
from guibin.tags.facts import refresh_facts
from guibin.tags.live.service import judge_changed, sweep
from guibin.tags.models import CustomerTag, UpdatePolicy
from guibin.tags.service import run_tags
from support.databases import Database
from support.tagging import DAY, add_branch, add_customer, add_rule_in_force


async def test_the_worker_refreshes_facts_and_tags_without_a_time_limit(database: Database) -> None:
    owner = make_engine(database.owner_url, pool_size=1, application="guibin-tests")
    async with AsyncSession(owner) as session:
        await add_customer(session, await add_branch(session))
        await add_rule_in_force(session, "poor", {"fact": "aum", "op": "=", "value": "0.00"})
        live = await add_rule_in_force(session, "female", {"fact": "gender", "op": "=", "value": "F"})
        live.update_policy = UpdatePolicy.REAL_TIME
        session.add(live)
        await session.commit()
    await owner.dispose()
    worker = make_engine(database.worker_url, pool_size=1, application="guibin-tests")
    async with AsyncSession(worker) as session, session.begin():
        limit = await session.execute(text("SELECT current_setting('statement_timeout')"))
        assert limit.scalar_one() == "0"
        assert await refresh_facts(session, day=DAY) == {"read": 1, "changed": 1}
        assert await run_tags(session, day=DAY) == {"rules": 1, "read": 1, "added": 1, "ended": 0, "failed": 0}
    async with AsyncSession(worker) as session, session.begin():
        assert await judge_changed(session) == 0
        customer_id = (await session.exec(select(Customer.id))).one()
        await note_change(session, [customer_id])
        assert await judge_changed(session) == 1
        assert await sweep(session) == {"rules": 1, "added": 0, "ended": 0}
        codes = select(CustomerTag.tag_code).order_by(col(CustomerTag.tag_code))
        assert list((await session.exec(codes)).all()) == ["female", "poor"]
    await worker.dispose()
