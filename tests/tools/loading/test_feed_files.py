"""`guibin feed load`: what becomes of a file."""

from pathlib import Path

import pytest

from guibin.core import clock
from guibin.core.database import make_engine, make_session_factory
from guibin_tools.demo.organisation import BRANCHES
from guibin_tools.loading.organisation import load_branches
from support.commands import guibin
from support.databases import Database

HEADER = "record_id,party_type,name"


@pytest.fixture
async def env(tmp_path: Path, database: Database) -> dict[str, str]:
    engine = make_engine(database.owner_url, pool_size=1, application="guibin-tests")
    async with make_session_factory(engine)() as session:
        await load_branches(session, BRANCHES)
        await session.commit()
    await engine.dispose()
    return {"GUIBIN_STATE_DIR": str(tmp_path / "state"), **database.environment}


def write(folder: Path, *rows: str) -> str:
    path = folder / "parties.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return str(path)


def test_a_refused_row_is_listed_with_its_line_and_the_rest_is_taken(
    tmp_path: Path, env: dict[str, str], database: Database
) -> None:
    assert database.name
    file = write(tmp_path, "r1,person,张三丰", "r2,person,", "r3,person,李四")
    done = guibin("feed", "load", "personal_finance", "parties", file, env=env)
    assert done.code == 0, done.err
    assert "3 rows read, 2 accepted" in done.out
    assert "line 3: " in done.out


def test_the_same_file_again_answers_as_the_first_time(tmp_path: Path, env: dict[str, str]) -> None:
    file = write(tmp_path, "r1,person,张三丰")
    first = guibin("feed", "load", "personal_finance", "parties", file, env=env)
    second = guibin("feed", "load", "personal_finance", "parties", file, env=env)
    assert second.out == first.out.replace("\n", " (this content was taken before)\n", 1)


def test_a_dry_run_stores_nothing(tmp_path: Path, env: dict[str, str]) -> None:
    file = write(tmp_path, "r1,person,张三丰")
    tried = guibin("feed", "load", "personal_finance", "parties", file, "--dry-run", env=env)
    done = guibin("feed", "load", "personal_finance", "parties", file, env=env)
    assert (tried.code, done.code) == (0, 0)
    assert "taken before" not in done.out


def test_a_broken_file_is_refused_whole_with_a_sentence(tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "parties.csv"
    path.write_text("record_id,party_type,nonsense\nr1,person,x\n")
    done = guibin("feed", "load", "personal_finance", "parties", str(path), env=env)
    assert done.code == 1
    assert done.err.startswith("parties.csv: ")
    assert "Traceback" not in done.err


def test_a_file_of_tomorrow_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    tomorrow = f"{clock.today().replace(year=clock.today().year + 1)}"
    file = write(tmp_path, "r1,person,张三丰")
    done = guibin("feed", "load", "personal_finance", "parties", file, "--date", tomorrow, env=env)
    assert done.code == 1
    assert "business_date_invalid" in done.err
