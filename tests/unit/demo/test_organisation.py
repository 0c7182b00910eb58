from collections import Counter

import pytest

from guibin.managers.models import Grade
from guibin.organisation.models import BranchKind
from guibin_tools.bank_data import StaffData
from guibin_tools.demo.organisation import (
    BRANCH_WEIGHTS,
    BRANCHES,
    NO_PRIVATE_BANKER,
    TOO_FEW_PLACES,
    staff,
)
from support.demo_bank import DemoBank, tier_of


def places(people: tuple[StaffData, ...], branch: str, grade: Grade) -> int:
    return sum(person.capacity or 0 for person in people if (person.branch_code, person.grade) == (branch, grade))


def test_the_tree_has_one_root_three_regions_and_twelve_branches() -> None:
    assert Counter(branch.kind for branch in BRANCHES) == {
        BranchKind.HEAD_OFFICE: 1,
        BranchKind.REGION: 3,
        BranchKind.BRANCH: 12,
    }
    kinds = {branch.code: branch.kind for branch in BRANCHES}
    parents = {branch.kind: kinds[branch.parent_code] for branch in BRANCHES if branch.parent_code}
    assert parents == {"region": "head_office", "branch": "region"}
    assert sum(BRANCH_WEIGHTS.values()) == 100


def test_a_parent_stands_before_its_children() -> None:
    seen: set[str | None] = {None}
    for branch in BRANCHES:
        assert branch.parent_code in seen
        seen.add(branch.code)


@pytest.mark.parametrize("customers", [1, 2_000, 20_000])
def test_every_branch_has_a_head_a_lobby_and_managers_of_all_grades_but_one(customers: int) -> None:
    people = staff(customers)
    assert len({person.no for person in people}) == len(people)
    for branch in BRANCH_WEIGHTS:
        roles = Counter(person.role for person in people if person.branch_code == branch)
        assert (roles["branch_head"], roles["lobby"]) == (1, 1)
        grades = {person.grade for person in people if person.branch_code == branch and person.grade}
        expected = set(Grade) - {Grade.LOBBY}
        assert grades == (expected - {Grade.PRIVATE_BANKER} if branch == NO_PRIVATE_BANKER else expected)


def test_four_eyes_find_two_people_for_every_pair_of_roles() -> None:
    roles = Counter(person.role for person in staff(2_000) if person.branch_code == "HO")
    assert roles == {
        "hq_operator": 2, "hq_approver": 2, "rights_operator": 1, "rights_approver": 1, "auditor": 1,
        "administrator": 2, "compliance": 1, "customer_service": 1,
    }  # fmt: skip


def test_most_customers_find_a_place_and_a_few_do_not(bank: DemoBank) -> None:
    people = staff(2_000)
    count = Counter(
        (bank.parties[records[0]]["branch_code"], tier_of(average))
        for records, average in zip(bank.customers, bank.averages, strict=True)
    )
    short = [b for b in BRANCH_WEIGHTS if places(people, b, Grade.INTERMEDIATE) < count[b, "T1"]]
    assert short == [TOO_FEW_PLACES]
    assert count[NO_PRIVATE_BANKER, "T4"] + count[NO_PRIVATE_BANKER, "T5"] > 0
    for branch in set(BRANCH_WEIGHTS) - {TOO_FEW_PLACES}:
        assert places(people, branch, Grade.SENIOR) >= count[branch, "T2"]
        assert places(people, branch, Grade.EXPERT) >= count[branch, "T3"]
