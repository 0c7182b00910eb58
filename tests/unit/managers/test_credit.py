"""Who is credited for a customer on a day: the manager, a team by its split, and for a time who handed up."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from guibin.managers.credit.rules import Credit, CreditKind, Giver, Person, Service, Split, credit_on, split_fault
from guibin.managers.models import CoverageRole

EAST, WEST = UUID(int=1), UUID(int=2)
ANNA, BERT, CARL = (Person(UUID(int=number), branch) for number, branch in ((11, EAST), (12, EAST), (13, WEST)))
DAY = date(2026, 11, 10)
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


def serves(person: Person, first: date = JUNE, last: date | None = None) -> Service:
    return Service(person, CoverageRole.PRIMARY, first, last)


def own(person: Person, percent: int = 100) -> Credit:
    return Credit(CreditKind.OWN, person.manager_id, person.branch_id, percent)


def double(manager_id: UUID | None, branch_id: UUID | None, until: date) -> Credit:
    return Credit(CreditKind.DOUBLE, manager_id, branch_id, 100, until)


def test_the_primary_manager_has_all_of_it_and_no_other_role_has_any() -> None:
    history = [serves(ANNA), Service(CARL, CoverageRole.SECOND, JUNE, None)]
    assert credit_on(DAY, history, [], []) == [own(ANNA)]
    assert credit_on(JUNE - timedelta(days=1), history, [], []) == []
    assert credit_on(JULY, [serves(ANNA, JUNE, JULY)], [], []) == []


def test_a_split_counts_from_its_day_until_the_next_version_and_only_with_its_manager() -> None:
    first = Split(1, ANNA.manager_id, JUNE, [(ANNA, 70), (CARL, 30)])
    ended = Split(2, ANNA.manager_id, JULY, [])
    history = [serves(ANNA, JUNE)]
    assert credit_on(JUNE, history, [first, ended], []) == [own(ANNA, 70), own(CARL, 30)]
    assert credit_on(JULY, history, [first, ended], []) == [own(ANNA)]
    assert credit_on(DAY, [serves(BERT)], [first], []) == [own(BERT)]
    planned = Split(3, ANNA.manager_id, DAY, [(ANNA, 100)])
    sooner = Split(4, ANNA.manager_id, JULY, [(ANNA, 50), (BERT, 50)])
    assert credit_on(DAY, history, [planned, sooner], []) == [own(ANNA, 50), own(BERT, 50)]


def test_who_has_left_is_credited_no_more_the_branch_is() -> None:
    left = Person(ANNA.manager_id, EAST, JULY)
    assert credit_on(JULY, [serves(left)], [], []) == [Credit(CreditKind.OWN, None, EAST, 100)]
    assert credit_on(JUNE, [serves(left)], [], []) == [own(left)]


def test_who_handed_up_counts_in_full_beside_the_taker_and_never_twice() -> None:
    history, until = [serves(CARL)], date(2026, 12, 1)
    given = Giver(ANNA, JUNE, until)
    assert credit_on(DAY, history, [], [given]) == [own(CARL), double(ANNA.manager_id, EAST, until)]
    assert credit_on(until, history, [], [given]) == [own(CARL)]
    colleague = Giver(BERT, JUNE, DAY + timedelta(days=1))
    assert credit_on(DAY, history, [], [given, colleague]) == [
        own(CARL),
        double(ANNA.manager_id, EAST, until),
        double(BERT.manager_id, None, DAY + timedelta(days=1)),
    ]
    assert credit_on(DAY, [serves(BERT)], [], [given]) == [own(BERT), double(ANNA.manager_id, None, until)]
    assert credit_on(DAY, [serves(ANNA)], [], [given]) == [own(ANNA)]
    assert credit_on(DAY, [], [], [given]) == []
    gone = Giver(Person(ANNA.manager_id, EAST, JULY), JUNE, until)
    assert credit_on(DAY, history, [], [gone]) == [own(CARL), double(None, EAST, until)]


@pytest.mark.parametrize(
    ("shares", "from_day", "fault"),
    [
        ([(ANNA, 70), (BERT, 30)], DAY, None),
        ([], DAY, None),
        ([(ANNA, 100)], DAY - timedelta(days=1), "too_early"),
        ([(ANNA, 100)], DAY + timedelta(days=367), "too_late"),
        ([(ANNA, 50), (ANNA, 50)], DAY, "twice"),
        ([(ANNA, 50), (BERT, 49)], DAY, "not_hundred"),
        ([(BERT, 100)], DAY, "primary_missing"),
        ([(ANNA, 50), (CARL, 50)], DAY, "inactive"),
    ],
)
def test_what_stands_against_a_split(shares: list[tuple[Person, int]], from_day: date, fault: str | None) -> None:
    at_work = {ANNA.manager_id, BERT.manager_id}
    wanted = [(person.manager_id, percent) for person, percent in shares]
    found = split_fault(wanted, primary_id=ANNA.manager_id, at_work=at_work, valid_from=from_day, today=DAY)
    assert found == fault
