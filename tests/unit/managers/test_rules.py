"""Assignment over plain values: room, matrix, branch, preference, least load, and the same plan every time."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.managers.defaults import MATRIX
from guibin.managers.models import ArrivalStrategy, ChosenBy, Grade, UnassignedReason
from guibin.managers.rules import (
    Obstacle,
    Rule,
    Seat,
    Waiting,
    choose_among,
    obstacles,
    reason_for,
    wait_of,
)
from guibin.managers.seating import Plan, assign

PREFERENCES = MATRIX.preferences()
EAST, WEST = UUID(int=1), UUID(int=2)
CHI_SQUARE_OF_SEVEN = 24.3
"""Of seven degrees of freedom, which chance exceeds once in a thousand; the dice always fall the same way."""
TIERS = ("T1", "T2", "T3", "T4", "T5")

waiting_customers = st.lists(
    st.builds(
        lambda number, rank, branch: Waiting(UUID(int=number), TIERS[rank], rank, branch),
        st.integers(1_000, 10**6),
        st.integers(0, len(TIERS) - 1),
        st.sampled_from([EAST, WEST]),
    ),
    max_size=40,
    unique_by=lambda one: one.customer_id,
)
free_seats = st.lists(
    st.builds(
        lambda number, grade, branch, capacity, load: Seat(UUID(int=number), grade, branch, capacity, load),
        st.integers(1, 999),
        st.sampled_from([str(grade) for grade in Grade]),
        st.sampled_from([EAST, WEST]),
        st.integers(0, 8),
        st.integers(0, 8),
    ),
    max_size=8,
    unique_by=lambda seat: seat.manager_id,
)


def _seat(number: int, grade: Grade, *, capacity: int = 10, load: int = 0, branch: UUID = EAST) -> Seat:
    return Seat(UUID(int=number), grade, branch, capacity, load)


def _customer(number: int, tier: str, *, branch: UUID = EAST) -> Waiting:
    return Waiting(UUID(int=number), tier, int(tier[1]), branch)


def _copies(seats: list[Seat]) -> list[Seat]:
    return [Seat(seat.manager_id, seat.grade, seat.branch_id, seat.capacity, seat.load) for seat in seats]


@given(waiting_customers, free_seats)
def test_nobody_gets_more_customers_than_fit(waiting: list[Waiting], seats: list[Seat]) -> None:
    room = {seat.manager_id: max(0, seat.capacity - seat.load) for seat in seats}
    plan = assign(waiting, _copies(seats), PREFERENCES)
    assert all(count <= room[manager] for manager, count in Counter(plan.placed.values()).items())


@given(waiting_customers, free_seats)
def test_customers_are_placed_with_permitted_grades_of_their_own_branch(
    waiting: list[Waiting], seats: list[Seat]
) -> None:
    by_id = {seat.manager_id: seat for seat in seats}
    plan = assign(waiting, _copies(seats), PREFERENCES)
    for customer in waiting:
        seat = by_id.get(plan.placed.get(customer.customer_id, UUID(int=0)))
        assert seat is None or (seat.grade, customer.tier_code) in PREFERENCES
        assert seat is None or seat.branch_id == customer.branch_id


@given(waiting_customers, free_seats)
def test_everybody_is_placed_or_waits_with_a_reason(waiting: list[Waiting], seats: list[Seat]) -> None:
    plan = assign(waiting, _copies(seats), PREFERENCES)
    assert set(plan.placed) | set(plan.unplaced) == {one.customer_id for one in waiting}
    assert not set(plan.placed) & set(plan.unplaced)


@given(waiting_customers, free_seats, st.randoms())
def test_the_order_of_the_input_changes_nothing(waiting: list[Waiting], seats: list[Seat], random: Random) -> None:
    shuffled, others = list(waiting), _copies(seats)
    random.shuffle(shuffled)
    random.shuffle(others)
    assert assign(shuffled, others, PREFERENCES) == assign(waiting, _copies(seats), PREFERENCES)


@given(waiting_customers, free_seats)
def test_nobody_waits_while_a_permitted_manager_of_the_branch_has_room(
    waiting: list[Waiting], seats: list[Seat]
) -> None:
    filled = _copies(seats)
    plan = assign(waiting, filled, PREFERENCES)
    for customer in waiting:
        if plan.unplaced.get(customer.customer_id) is UnassignedReason.NO_CAPACITY:
            able = [seat for seat in filled if seat.branch_id == customer.branch_id]
            able = [seat for seat in able if (seat.grade, customer.tier_code) in PREFERENCES]
            assert able
            assert not any(seat.has_room for seat in able)


def test_a_grade_that_should_serve_the_tier_goes_before_one_that_may() -> None:
    busy, idle = _seat(1, Grade.INTERMEDIATE, load=9), _seat(2, Grade.SENIOR)
    assert choose_among(_customer(7, "T1"), [busy, idle], PREFERENCES, Rule()).seat is busy


def test_a_grade_that_may_serve_the_tier_takes_over_when_the_other_is_full() -> None:
    full, idle = _seat(1, Grade.INTERMEDIATE, load=10), _seat(2, Grade.SENIOR)
    plan = assign([_customer(7, "T1")], [full, idle], PREFERENCES)
    assert plan.placed == {UUID(int=7): idle.manager_id}


def test_the_least_share_of_the_capacity_decides_between_equals() -> None:
    small, large = _seat(1, Grade.SENIOR, capacity=2, load=1), _seat(2, Grade.SENIOR, capacity=100, load=40)
    assert choose_among(_customer(7, "T2"), [small, large], PREFERENCES, Rule()).seat is large


def test_the_highest_tier_is_placed_first() -> None:
    seats = [_seat(1, Grade.EXPERT, capacity=1)]
    plan = assign([_customer(7, "T2"), _customer(8, "T4")], seats, PREFERENCES)
    assert plan == Plan({UUID(int=8): UUID(int=1)}, {UUID(int=7): UnassignedReason.NO_CAPACITY})


def test_equal_managers_share_the_customers_evenly() -> None:
    seats = [_seat(number, Grade.INTERMEDIATE, capacity=400) for number in range(1, 6)]
    plan = assign([_customer(1_000 + number, "T1") for number in range(100)], seats, PREFERENCES)
    assert set(Counter(plan.placed.values()).values()) == {20}


BUSY: dict[str, Any] = {"load": 10}
ASKING = Waiting(
    UUID(int=7),
    "T2",
    2,
    EAST,
    minutes=90,
    language="yue",
    skills=frozenset({"tax"}),
    licences=frozenset({"fund"}),
    conflicts=frozenset({UUID(int=99)}),
)
ABLE = {"languages": frozenset({"yue", "zh"}), "skills": frozenset({"tax"}), "licences": frozenset({"fund", "trust"})}


def _able(number: int = 1, grade: Grade = Grade.SENIOR, **others: Any) -> Seat:
    values: dict[str, Any] = {"branch_id": EAST, "capacity": 10, "load": 0, **ABLE} | others
    return Seat(UUID(int=number), grade, **values)


@pytest.mark.parametrize(
    ("seat", "found"),
    [
        (_able(), []),
        (_able(branch_id=WEST, reach=frozenset({EAST})), []),
        (_able(hard_minutes=90), []),
        (_able(active=False), [Obstacle.INACTIVE]),
        (_able(branch_id=WEST), [Obstacle.OTHER_BRANCH]),
        (_able(grade=Grade.LOBBY), [Obstacle.GRADE]),
        (_able(licences=frozenset({"trust"})), [Obstacle.LICENCE]),
        (_able(languages=frozenset({"zh"})), [Obstacle.LANGUAGE]),
        (_able(skills=frozenset()), [Obstacle.SKILL]),
        (_able(absent=True), [Obstacle.ON_LEAVE]),
        (_able(99), [Obstacle.CONFLICT]),
        (_able(**BUSY), [Obstacle.NO_CAPACITY]),
        (_able(hard_minutes=100, minutes=20), [Obstacle.NO_CAPACITY]),
        (_able(99, branch_id=WEST, **BUSY), [Obstacle.OTHER_BRANCH, Obstacle.CONFLICT, Obstacle.NO_CAPACITY]),
    ],
)
def test_each_criterion_is_an_obstacle_of_its_own(seat: Seat, found: list[Obstacle]) -> None:
    assert obstacles(ASKING, seat, PREFERENCES) == found


def test_a_customer_of_no_managed_tier_may_be_served_by_any_grade() -> None:
    assert obstacles(replace(ASKING, managed=False), _able(grade=Grade.LOBBY), PREFERENCES) == []


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], UnassignedReason.NO_ELIGIBLE_MANAGER),
        ([[Obstacle.GRADE], [Obstacle.SKILL, Obstacle.ON_LEAVE]], UnassignedReason.NO_ELIGIBLE_MANAGER),
        ([[Obstacle.GRADE], [Obstacle.ON_LEAVE, Obstacle.CONFLICT]], UnassignedReason.NONE_AVAILABLE),
        ([[Obstacle.ON_LEAVE], [Obstacle.CONFLICT, Obstacle.NO_CAPACITY]], UnassignedReason.NOT_PERMITTED),
        ([[Obstacle.CONFLICT], [Obstacle.NO_CAPACITY]], UnassignedReason.NO_CAPACITY),
    ],
)
def test_the_reason_is_the_first_hurdle_that_nobody_takes(
    found: list[list[Obstacle]], reason: UnassignedReason
) -> None:
    assert reason_for(ASKING, found, PREFERENCES) is reason


def test_a_tier_that_no_grade_serves_has_no_rule_and_somebody_who_can_is_no_reason() -> None:
    assert reason_for(replace(ASKING, tier_code="T0"), [[]], PREFERENCES) is UnassignedReason.NO_RULE
    with pytest.raises(LookupError):
        reason_for(ASKING, [[]], PREFERENCES)


@pytest.mark.parametrize(("longest", "shown"), [(None, False), (10, False), (9, True)])
def test_who_waits_longer_than_the_rule_allows_is_escalated(longest: int | None, shown: bool) -> None:
    first, full = date(2026, 11, 1), UnassignedReason.NO_CAPACITY
    answer = wait_of(full, since=first, on=first + timedelta(days=10), longest=longest)
    assert answer == ((UnassignedReason.TOO_OLD, full) if shown else (full, None))


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("strategy", [ArrivalStrategy.ROUND_ROBIN, ArrivalStrategy.LEAST_LOAD])
def test_a_thousand_single_arrivals_come_to_equals_evenly(strategy: ArrivalStrategy, number: int) -> None:
    seats = [_able(1 + 7 * one, capacity=1_000) for one in range(7 + number % 3)]
    rule, counts = Rule(UUID(int=number), strategy), Counter[UUID]()
    for customer in range(1_000):
        chosen = choose_among(replace(ASKING, customer_id=UUID(int=customer)), seats, PREFERENCES, rule).seat
        chosen.take(ASKING)
        counts[chosen.manager_id] += 1
        loads = [counts[seat.manager_id] for seat in seats]
        assert max(loads) - min(loads) <= 1


def test_the_first_turn_favours_neither_the_older_nor_the_newer() -> None:
    seats = [_able(number) for number in range(1, 9)]
    first = Counter(
        choose_among(ASKING, seats, PREFERENCES, Rule(UUID(int=rule), ArrivalStrategy.ROUND_ROBIN)).seat.manager_id
        for rule in range(1_000)
    )
    chi_square = sum((first[seat.manager_id] - 125) ** 2 / 125 for seat in seats)
    assert chi_square < CHI_SQUARE_OF_SEVEN


def test_weighted_draws_follow_the_room_that_is_left_and_fall_the_same_way_again() -> None:
    half, empty = _able(1, capacity=1_000, load=500), _able(2, capacity=1_000)
    rule = Rule(strategy=ArrivalStrategy.WEIGHTED_RANDOM)
    asking = [replace(ASKING, customer_id=UUID(int=number)) for number in range(3_000)]
    drawn = [choose_among(one, [half, empty], PREFERENCES, rule).seat.manager_id for one in asking]
    assert drawn == [choose_among(one, [empty, half], PREFERENCES, rule).seat.manager_id for one in asking]
    assert 900 < Counter(drawn)[half.manager_id] < 1_100


def test_a_full_book_is_drawn_last() -> None:
    full, empty = _able(1, capacity=10, load=10), _able(2, capacity=10, load=9)
    rule = Rule(strategy=ArrivalStrategy.WEIGHTED_RANDOM)
    assert choose_among(ASKING, [full, empty], PREFERENCES, rule).seat is empty


def test_a_wish_comes_first_and_without_one_it_goes_by_what_the_rule_says() -> None:
    seats = [_able(1), _able(2, load=5), _able(3, Grade.EXPERT, load=5)]
    rule = Rule(strategy=ArrivalStrategy.PREFERENCE_FIRST)
    wished = choose_among(replace(ASKING, wish=UUID(int=8), introducer=UUID(int=3)), seats, PREFERENCES, rule)
    assert (wished.seat, wished.by) == (seats[2], ChosenBy.PREFERENCE_FIRST)
    plain = choose_among(ASKING, seats, PREFERENCES, rule)
    assert (plain.seat, plain.by) == (seats[0], ChosenBy.LEAST_LOAD)


@pytest.mark.parametrize("strategy", list(ArrivalStrategy))
def test_a_claim_precedes_every_strategy_and_the_customers_own_wish_precedes_a_claim(strategy: ArrivalStrategy) -> None:
    seats = [_able(1), _able(2, load=5), _able(3, Grade.EXPERT, load=5)]
    rule = Rule(UUID(int=5), strategy)
    claimed = replace(ASKING, claimant=UUID(int=3), introducer=UUID(int=2))
    for asking, chosen, by in (
        (claimed, 3, ChosenBy.CLAIM),
        (replace(claimed, wish=UUID(int=2)), 2, ChosenBy.PREFERENCE_FIRST),
        (replace(claimed, wish=UUID(int=3)), 3, ChosenBy.PREFERENCE_FIRST),
        (replace(claimed, wish=UUID(int=8)), 3, ChosenBy.CLAIM),
    ):
        choice = choose_among(asking, seats, PREFERENCES, rule)
        assert (choice.seat.manager_id, choice.by) == (UUID(int=chosen), by)
    assert rule.turns == {}, "a claim is nobody's turn"
    nobody = choose_among(replace(ASKING, claimant=UUID(int=8)), seats, PREFERENCES, rule)
    assert nobody.by is not ChosenBy.CLAIM


def test_who_comes_back_is_next_once_and_gets_no_flood() -> None:
    seats, rule = [_able(number, capacity=100) for number in (1, 2, 3)], Rule(strategy=ArrivalStrategy.ROUND_ROBIN)
    for _ in range(30):
        choose_among(ASKING, seats[:2], PREFERENCES, rule)
    drawn = [choose_among(ASKING, seats, PREFERENCES, rule).seat.manager_id for _ in range(9)]
    assert drawn[0] == seats[2].manager_id
    assert set(Counter(drawn).values()) == {3}


@pytest.mark.parametrize(
    ("seat", "strained"),
    [
        (_able(load=3), False),
        (_able(load=3, soft_capacity=3), False),
        (_able(load=4, soft_capacity=3), True),
        (_able(minutes=61, soft_minutes=60), True),
        (_able(minutes=60, soft_minutes=60), False),
    ],
)
def test_above_a_soft_maximum_a_book_is_strained(seat: Seat, strained: bool) -> None:
    assert seat.is_strained is strained


def test_a_book_is_as_full_as_the_larger_of_its_shares() -> None:
    assert _able(load=5, minutes=80, hard_minutes=100).share == 0.8
    assert _able(load=5, minutes=20, hard_minutes=100).share == 0.5
    assert _able(capacity=0).share == 1.0


def test_the_night_goes_by_the_rule_of_each_branch() -> None:
    seats = [_able(1, load=5), _able(2, load=1), _able(3, branch_id=WEST, load=5), _able(4, branch_id=WEST, load=1)]
    rule = Rule(UUID(int=5), ArrivalStrategy.ROUND_ROBIN, turn=1, turns={UUID(int=2): 1})
    west = replace(ASKING, customer_id=UUID(int=8), branch_id=WEST)
    plan = assign([ASKING, west], seats, PREFERENCES, {EAST: rule})
    assert plan.placed == {UUID(int=7): UUID(int=1), UUID(int=8): UUID(int=4)}
    assert rule.turns[UUID(int=1)] == 2
