"""The chaos run in its small size; `make chaos` runs the large one."""

from pathlib import Path

import pytest
from chaos.run import Plan, Victim, run


def test_a_seed_kills_the_same_parts_at_the_same_moments_each_as_often_as_any_other() -> None:
    victims = Plan(7).victims()
    assert victims == Plan(7).victims() != Plan(8).victims()
    assert {victim: sum(one is victim for _, one in victims) for victim in Victim} == dict.fromkeys(Victim, 10)


@pytest.mark.merge
async def test_2000_operations_and_ten_kills_break_no_promise(tmp_path: Path) -> None:
    history = await run(Plan(seed=1, operations=2_000, kills=10), tmp_path / "history.jsonl")
    assert history.faults == []
    assert len(history.operations) >= 2_000
