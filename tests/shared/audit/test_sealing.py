"""Sealing and checking over a real database, as the worker's role."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bank_api.sealing import Sealer, prepare_anchor_key
from guibin.audit.anchors import AnchorInvalid
from guibin.audit.chain import Algorithm, Fault
from guibin.audit.models import AuditEntry, AuditSeal
from guibin.audit.sealing import seal
from guibin.audit.service import record
from guibin.audit.verification import Verdict, anchors_of, verify, verify_deployment
from guibin.core.database import SessionFactory
from guibin.core.settings import Profile, Settings
from guibin.security.actors import NIGHTLY_JOB
from support.databases import Database
from support.points import sessions_of
from support.sealing import seal_all


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[SessionFactory]:
    async with sessions_of(database.owner_url) as factory:
        yield factory


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[SessionFactory]:
    async with sessions_of(database.worker_url) as factory:
        yield factory


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(state_dir=tmp_path)
    prepare_anchor_key(made)
    return made


async def write(factory: SessionFactory, *actions: str) -> None:
    """Write a row each in a transaction of its own."""
    for action in actions:
        async with factory() as session:
            await told(session, action)
            await session.commit()


async def told(session: AsyncSession, action: str) -> None:
    await record(
        session, actor=NIGHTLY_JOB, action=action, object_type="run", object_id="-", facts={"n": 1, "names": ["甲"]}
    )


async def sealed_actions(factory: SessionFactory) -> list[str]:
    async with factory() as session:
        query = (
            select(AuditEntry.action)
            .join(AuditSeal, col(AuditSeal.entry_id) == AuditEntry.id)
            .order_by(col(AuditSeal.seq))
        )
        return list((await session.exec(query)).all())


async def check(factory: SessionFactory) -> Verdict:
    async with factory() as session:
        return await verify(session, [])


async def test_each_row_is_sealed_once_in_the_order_of_writing(worker: SessionFactory) -> None:
    await write(worker, "a", "b", "c")
    await seal_all(worker)
    await write(worker, "d")
    await seal_all(worker)
    assert await sealed_actions(worker) == ["a", "b", "c", "d"]
    verdict = await check(worker)
    assert (verdict.sealed, verdict.waiting, verdict.finding) == (4, 0, None)


async def test_a_row_waits_while_an_older_transaction_is_open(worker: SessionFactory) -> None:
    async with worker() as slow:
        await told(slow, "slow")
        await write(worker, "quick")
        async with worker() as session:
            assert (await seal(session)).rows == 0
        assert (await check(worker)).waiting == 1
        await slow.commit()
    await seal_all(worker)
    assert await sealed_actions(worker) == ["slow", "quick"]


async def test_of_two_who_seal_at_once_one_does_nothing(worker: SessionFactory) -> None:
    await write(worker, "a")
    async with worker() as first, worker() as second:
        assert (await seal(first)).head is not None
        other = await seal(second)
        assert (other.rows, other.head) == (0, None)


async def test_the_chain_goes_on_over_a_change_of_the_hash(worker: SessionFactory) -> None:
    for algorithm in Algorithm:
        await write(worker, algorithm)
        await seal_all(worker, algorithm=algorithm)
    await write(worker, "as before")
    await seal_all(worker)
    async with worker() as session:
        used = (await session.exec(select(AuditSeal.algorithm).order_by(col(AuditSeal.seq)))).all()
    assert list(used) == ["sha256", "sm3", "sm3"]
    assert (await check(worker)).finding is None


TAMPERINGS = {
    "edited": ("UPDATE audit_entry SET reason = 'x' WHERE action = 'b'", Fault.ALTERED, "b"),
    "another result": ("UPDATE audit_entry SET result = 'refused' WHERE action = 'b'", Fault.ALTERED, "b"),
    "other facts": ("UPDATE audit_entry SET facts = '{\"n\": 2}' WHERE action = 'b'", Fault.ALTERED, "b"),
    "moved in time": ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE action = 'c'", "altered", "c"),
    "taken out": ("DELETE FROM audit_entry WHERE action = 'b'", Fault.MISSING, "b"),
    "exchanged": (
        "UPDATE audit_entry SET action = CASE action WHEN 'a' THEN 'c' ELSE 'a' END WHERE action IN ('a', 'c')",
        Fault.ALTERED,
        "a",
    ),
    "put in": (
        (
            "INSERT INTO audit_entry SELECT owner_id, gen_random_uuid(), at, actor_kind, actor_id, roles, 'forged',"
            " object_type, object_id, scope, reason, result, request_id, facts, xact FROM audit_entry"
            " WHERE action = 'a'"
        ),
        Fault.INSERTED,
        "forged",
    ),
    "seal taken out": ("DELETE FROM audit_seal WHERE seq = 2", Fault.SEAL_BROKEN, None),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_the_owner_of_the_tables_cannot_tamper_unseen(
    name: str, worker: SessionFactory, owner: SessionFactory
) -> None:
    statement, fault, action = TAMPERINGS[name]
    await write(worker, "a", "b", "c")
    await seal_all(worker)
    async with owner() as session:
        rows = (await session.execute(text("SELECT action, id FROM audit_entry"))).all()
        await session.execute(text(statement))
        await session.commit()
        ids = {row.action: row.id for row in (await session.execute(text("SELECT action, id FROM audit_entry"))).all()}
    finding = (await check(worker)).finding
    assert finding is not None
    assert finding.fault == fault
    if action is not None:
        assert finding.entry_id == (ids | dict(map(tuple, rows)))[action]


async def test_a_cut_tail_is_found_at_the_next_anchor(
    worker: SessionFactory, owner: SessionFactory, settings: Settings
) -> None:
    sealer = Sealer(settings, worker)
    await write(worker, "a", "b", "c")
    await seal_all(worker, go_round=sealer.go_round)
    sealer.anchor()
    await write(worker, "d", "e")
    await seal_all(worker, go_round=sealer.go_round)
    async with owner() as session:
        await session.execute(text("DELETE FROM audit_entry WHERE action IN ('d', 'e')"))
        await session.execute(text("DELETE FROM audit_seal WHERE seq > 3"))
        await session.commit()
    await sealer.go_round()
    sealer.anchor()
    async with worker() as session:
        finding = (await verify_deployment(session, settings)).finding
    assert finding is not None
    assert (finding.fault, finding.seq) == (Fault.CUT, 4)


async def test_a_rewritten_chain_disagrees_with_its_anchor(
    worker: SessionFactory, owner: SessionFactory, settings: Settings
) -> None:
    sealer = Sealer(settings, worker)
    await write(worker, "a", "b")
    await seal_all(worker, go_round=sealer.go_round)
    sealer.anchor()
    async with owner() as session:
        await session.execute(text("UPDATE audit_entry SET result = 'refused' WHERE action = 'a'"))
        await session.execute(text("DELETE FROM audit_seal"))
        await session.commit()
    await seal_all(worker)
    assert (await check(worker)).finding is None
    async with worker() as session:
        finding = (await verify_deployment(session, settings)).finding
    assert finding is not None
    assert (finding.fault, finding.seq) == (Fault.REWRITTEN, 1)


async def test_a_head_is_anchored_once_and_at_the_beginning(worker: SessionFactory, settings: Settings) -> None:
    sealer = Sealer(settings, worker)
    assert anchors_of(settings) == []
    await sealer.go_round()
    assert anchors_of(settings) == []
    await write(worker, "a")
    await seal_all(worker, go_round=sealer.go_round)
    sealer.anchor()
    sealer.anchor()
    [anchor] = anchors_of(settings)
    assert anchor.seq == 1
    assert abs((anchor.at - datetime.now(UTC)).total_seconds()) < 60


async def test_an_anchor_of_a_stranger_is_a_finding(worker: SessionFactory, settings: Settings) -> None:
    settings.effective_audit_anchor_file.write_text('{"seq": 1}\n')
    async with worker() as session:
        finding = (await verify_deployment(session, settings)).finding
    assert finding is not None
    assert finding.fault == Fault.ANCHOR_INVALID


def test_production_does_not_make_its_own_key(tmp_path: Path) -> None:
    with pytest.raises(AnchorInvalid):
        prepare_anchor_key(Settings(state_dir=tmp_path, profile=Profile.PRODUCTION))
