"""`guibin feed watch`: batches that are laid down are taken or refused, and moved out of the way."""

import json
from pathlib import Path
from typing import Any

import pytest

from guibin.core.database import make_engine, make_session_factory
from guibin_tools.demo.organisation import BRANCHES
from guibin_tools.loading.organisation import load_branches
from support.batches import PARTIES, Delivery, manifest
from support.commands import Done, guibin
from support.databases import Database


@pytest.fixture
async def env(tmp_path: Path, database: Database) -> dict[str, str]:
    engine = make_engine(database.owner_url, pool_size=1, application="guibin-tests")
    async with make_session_factory(engine)() as session:
        await load_branches(session, BRANCHES)
        await session.commit()
    await engine.dispose()
    return {"GUIBIN_STATE_DIR": str(tmp_path / "state"), **database.environment}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drop"
    made.mkdir()
    return made


def lay_down(
    folder: Path, name: str, *files: Delivery, told: dict[str, Any] | None = None, sealed: bool = True
) -> Path:
    batch = folder / name
    batch.mkdir()
    for file in files:
        (batch / file.name).write_bytes(file.raw)
    announced = told or manifest(*(file.announced() for file in files))
    (batch / "manifest.json").write_text(json.dumps(announced))
    if sealed:
        (batch / "SEALED").touch()
    return batch


def look(folder: Path, env: dict[str, str]) -> Done:
    return guibin("feed", "watch", str(folder), "--once", env=env)


def test_a_sealed_batch_is_taken_with_its_reject_file_and_one_without_marker_waits(
    folder: Path, env: dict[str, str]
) -> None:
    lay_down(folder, "monday", PARTIES)
    lay_down(folder, "tuesday", PARTIES, sealed=False)
    done = look(folder, env)
    assert (done.code, done.out) == (0, "monday: 1 files taken, 1 rows rejected\n"), done.err
    written = (folder / "done/monday/who.csv.rejects.csv").read_text("utf-8-sig")
    assert written.splitlines()[0] == "row,column,code,reason_zh,reason_en"
    assert written.splitlines()[1].startswith("4,gender,value_unknown,取值不在允许范围内,")
    assert (folder / "tuesday").is_dir()


def test_the_same_batch_again_is_taken_without_effect_and_keeps_a_name_of_its_own(
    folder: Path, env: dict[str, str]
) -> None:
    for _ in range(2):
        lay_down(folder, "monday", PARTIES)
        assert look(folder, env).code == 0
    assert {path.name for path in (folder / "done").iterdir()} == {"monday", "monday.1"}


def test_a_batch_that_does_not_agree_is_refused_and_says_why(folder: Path, env: dict[str, str]) -> None:
    lay_down(folder, "rows", PARTIES, told=manifest(PARTIES.announced(rows=4)))
    lay_down(folder, "lacking", told=manifest(PARTIES.announced()))
    lay_down(folder, "strange", PARTIES, told={"line": "personal_finance"})
    lay_down(folder, "outside", PARTIES, told=manifest(PARTIES.announced(name="../who.csv")))
    assert look(folder, env).code == 1
    told = {path.parent.name: json.loads(path.read_text()) for path in (folder / "refused").glob("*/refusal.json")}
    assert told["rows"]["code"] == "batch_differs"
    assert told["rows"]["differences"] == [{"file": "who.csv", "what": "rows", "announced": "4", "found": "3"}]
    assert told["lacking"] == {"code": "file_missing", "file": "who.csv"}
    assert told["strange"]["code"] == told["outside"]["code"] == "manifest_unreadable"
