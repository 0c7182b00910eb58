from random import Random

import pytest

from guibin_tools.demo.names import mistyped, person_name


@pytest.mark.parametrize("seed", range(200))
def test_a_mistyped_name_differs_and_keeps_the_surname(seed: int) -> None:
    name = person_name(Random(seed), male=seed % 2 == 0)
    assert mistyped(name) != name
    assert mistyped(name)[0] == name[0]


def test_names_have_two_to_four_characters_and_some_surnames_are_compound() -> None:
    rng = Random(1)
    names = [person_name(rng, male=True) for _ in range(3_000)]
    assert {len(name) for name in names} == {2, 3, 4}
    assert any(name.startswith("欧阳") for name in names)
