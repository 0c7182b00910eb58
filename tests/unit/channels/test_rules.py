"""Every documented errcode has a row, and what it means depends on the call in few places only."""

import pytest

from guibin.channels import rules
from guibin.channels.rules import BEHAVIOURS, Behaviour, Endpoint
from guibin_tools.wechat_simulator.answers import MESSAGES

DOCUMENTED = {
    *(-1, 0),
    *(40001, 40014, 42001),
    *(40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004, 42007, 48001, 48003, 48004, 48006, 50002, 61003, 61007),
    *(45009, 45011, 45033, 43117),
    *(40003, 43004, 43005, 43019, 43101, 46004, 48002, 50005, 45015, 45047),
    *(40037, 41030, 47003, *range(45002, 45009), 44003, 44004, 40039, 40033, 47001),
    *(45028, 45065, 45066, 45067, 48008),
    *(40029, 40163, 42003, 41008, 40226, 40030, 42002),
    *(87007, 87008, 87009),
    *(45064, *range(65301, 65318), *range(40015, 40029), 40054, 40055, 40053, 40007, 40032),
    *(41050, 41051, 41096, 40096, 84061),
    *(43001, 43002),
}


def test_the_mapper_has_a_row_for_each_documented_code_and_no_other() -> None:
    assert set(BEHAVIOURS) == DOCUMENTED


def test_every_answer_that_the_simulator_gives_has_a_row() -> None:
    assert set(MESSAGES) <= set(BEHAVIOURS)


def test_no_code_has_two_rows() -> None:
    listed = [code for codes in rules._CODES.values() for code in codes]  # noqa: SLF001 - the table under test
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("endpoint", "errcode", "behaviour"),
    [
        *((rules.STABLE_TOKEN, code, Behaviour.CONFIGURATION) for code in (40001, 40014, 42001)),
        (rules.PHONE_NUMBER, 40001, Behaviour.TOKEN),
        (rules.PHONE_NUMBER, 40003, Behaviour.CODE),
        (rules.PHONE_NUMBER, 40013, Behaviour.CODE),
        (rules.MINI_PROGRAM_LOGIN, 40013, Behaviour.CONFIGURATION),
        (rules.MINI_PROGRAM_LOGIN, 12345, Behaviour.UNKNOWN),
        (rules.MINI_PROGRAM_LOGIN, 0, Behaviour.OK),
    ],
)
def test_what_a_code_means_at_a_call(endpoint: Endpoint, errcode: int, behaviour: Behaviour) -> None:
    assert endpoint.behaviour_of(errcode) is behaviour
