"""Starting, ending and judging children."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from guibin_tools.errors import OperatorError
from guibin_tools.settings import child_environment
from guibin_tools.supervisor import children
from guibin_tools.supervisor.children import Child, LifeLine

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


@pytest.fixture
def line() -> Iterator[LifeLine]:
    made = LifeLine()
    yield made
    made.close()


def start_code(tmp_path: Path, line: LifeLine, code: str) -> Child:
    """Start Python code as a module of its own."""
    program = tmp_path / "program.py"
    program.write_text(code)
    env = child_environment(PYTHONPATH=str(tmp_path))
    return children.start("program", "program", line=line, env=env, logs=tmp_path)


def test_a_child_that_fails_is_reported_with_the_end_of_its_log(tmp_path: Path, line: LifeLine) -> None:
    child = start_code(tmp_path, line, "raise SystemExit('no money')")
    with pytest.raises(OperatorError, match=r"program failed \(exit code 1\):\nno money"):
        children.run_to_end(child)


def test_a_child_that_ends_well_is_no_matter(tmp_path: Path, line: LifeLine) -> None:
    children.run_to_end(start_code(tmp_path, line, "print('done')"))


def test_a_stop_by_the_signal_counts_as_success(tmp_path: Path, line: LifeLine) -> None:
    child = start_code(tmp_path, line, "import time; time.sleep(60)")
    assert children.stop([child]) == {"program": 0}


def test_a_child_that_does_not_listen_is_killed(
    tmp_path: Path, line: LifeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_GRACE_SECONDS", 0.2)
    child = start_code(tmp_path, line, STUBBORN)
    while "deaf" not in child.last_words():
        assert child.exit_code is None
    assert children.stop([child]) == {"program": -signal.SIGKILL}


def test_a_child_sees_the_life_line_close(tmp_path: Path) -> None:
    line = LifeLine()
    code = f"import os; os.read(int(os.environ['{children.PIPE_SETTING}']), 1); print('alone')"
    child = start_code(tmp_path, line, code)
    assert child.exit_code is None
    line.close()
    assert child.process.wait(timeout=10) == 0
    assert "alone" in child.last_words()


def test_a_child_does_not_hear_the_terminal(tmp_path: Path, line: LifeLine) -> None:
    child = start_code(tmp_path, line, "import os; print(os.getsid(0) == os.getpid())")
    children.run_to_end(child)
    assert child.last_words() == "True"


def test_the_first_child_that_ended_is_found(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, line: LifeLine
) -> None:
    alive = start_code(tmp_path, line, "import time; time.sleep(60)")
    ended = start_code(tmp_path_factory.mktemp("other"), line, "pass")
    ended.process.wait()
    try:
        assert children.wait_for_first_end([alive, ended], every=0) is ended
    finally:
        children.stop([alive])
