"""Assignment over plain values: room, matrix, branch, preference, least load, and the same plan every time."""

from collections import Counter
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from guibin.managers.defaults import MATRIX
from guibin.managers.models import Grade, UnassignedReason
from guibin.managers.rules import Plan, Seat, Waiting, assign, choose

PREFERENCES = MATRIX.preferences()
EAST, WEST = UUID(int=1), UUID(int=2)
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
    assert choose(_customer(7, "T1"), [busy, idle], PREFERENCES) is busy


def test_a_grade_that_may_serve_the_tier_takes_over_when_the_other_is_full() -> None:
    full, idle = _seat(1, Grade.INTERMEDIATE, load=10), _seat(2, Grade.SENIOR)
    assert choose(_customer(7, "T1"), [full, idle], PREFERENCES) is idle


def test_the_least_share_of_the_capacity_decides_between_equals() -> None:
    small, large = _seat(1, Grade.SENIOR, capacity=2, load=1), _seat(2, Grade.SENIOR, capacity=100, load=40)
    assert choose(_customer(7, "T2"), [small, large], PREFERENCES) is large


def test_the_highest_tier_is_placed_first() -> None:
    seats = [_seat(1, Grade.EXPERT, capacity=1)]
    plan = assign([_customer(7, "T2"), _customer(8, "T4")], seats, PREFERENCES)
    assert plan == Plan({UUID(int=8): UUID(int=1)}, {UUID(int=7): UnassignedReason.NO_CAPACITY})


def test_a_tier_that_no_grade_serves_has_no_rule() -> None:
    assert choose(_customer(7, "T0"), [_seat(1, Grade.LOBBY)], PREFERENCES) is UnassignedReason.NO_RULE


def test_a_branch_without_a_permitted_grade_has_no_eligible_manager() -> None:
    waiting = _customer(7, "T5")
    assert choose(waiting, [_seat(1, Grade.SENIOR)], PREFERENCES) is UnassignedReason.NO_ELIGIBLE_MANAGER


def test_equal_managers_share_the_customers_evenly() -> None:
    seats = [_seat(number, Grade.INTERMEDIATE, capacity=400) for number in range(1, 6)]
    plan = assign([_customer(1_000 + number, "T1") for number in range(100)], seats, PREFERENCES)
    assert set(Counter(plan.placed.values()).values()) == {20}
