"""Lines of managers against the plain way: every manager looked at for every customer."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from guibin.managers.defaults import MATRIX
from guibin.managers.models import ArrivalStrategy, Grade
from guibin.managers.rules import Matrix, Rule, Seat, Waiting, choose_among, obstacles, reason_for
from guibin.managers.seating import Plan, assign

PREFERENCES = MATRIX.preferences()
BRANCHES = (UUID(int=1), UUID(int=2))
TIERS = ("T1", "T2", "T3", "T4", "T5")

customers = st.lists(
    st.builds(
        lambda number, rank, branch, minutes, language, conflicts, named: Waiting(
            UUID(int=number),
            TIERS[rank],
            rank,
            branch,
            minutes=minutes,
            language=language,
            conflicts=frozenset(UUID(int=one) for one in conflicts),
            wish=named.get("wish"),
            claimant=named.get("claimant"),
            introducer=named.get("introducer"),
        ),
        st.integers(1_000, 10**6),
        st.integers(0, len(TIERS) - 1),
        st.sampled_from(BRANCHES),
        st.sampled_from([0, 60, 90]),
        st.sampled_from([None, None, "en"]),
        st.sets(st.integers(1, 12), max_size=2),
        st.dictionaries(
            st.sampled_from(["wish", "claimant", "introducer"]), st.integers(1, 12).map(lambda one: UUID(int=one))
        ),
    ),
    max_size=40,
    unique_by=lambda one: one.customer_id,
)
seats_of_a_bank = st.lists(
    st.builds(
        lambda number, grade, branch, capacity, load, minutes, languages, absent, reach: Seat(
            UUID(int=number),
            grade,
            branch,
            capacity,
            load,
            hard_minutes=minutes,
            languages=frozenset(languages),
            absent=absent,
            reach=frozenset(reach),
        ),
        st.integers(1, 12),
        st.sampled_from([str(grade) for grade in Grade]),
        st.sampled_from(BRANCHES),
        st.integers(0, 12),
        st.integers(0, 6),
        st.sampled_from([None, 300, 700]),
        st.sets(st.sampled_from(["zh", "en"])),
        st.sampled_from([False, False, True]),
        st.sets(st.sampled_from(BRANCHES)),
    ),
    max_size=12,
    unique_by=lambda seat: seat.manager_id,
)
rules_of_branches = st.dictionaries(
    st.sampled_from(BRANCHES),
    st.builds(
        lambda strategy, otherwise: Rule(BRANCHES[0], strategy, otherwise),
        st.sampled_from(list(ArrivalStrategy)),
        st.sampled_from([ArrivalStrategy.LEAST_LOAD, ArrivalStrategy.ROUND_ROBIN]),
    ),
)


def plainly(waiting: Sequence[Waiting], seats: Sequence[Seat], matrix: Matrix, rules: Mapping[UUID, Rule]) -> Plan:
    placed, unplaced = {}, {}
    for customer in sorted(waiting, key=lambda one: (-one.tier_rank, one.customer_id)):
        found = [obstacles(customer, seat, matrix) for seat in seats]
        able = [seat for seat, against in zip(seats, found, strict=True) if not against]
        if able:
            rule = rules.get(customer.branch_id) or Rule()
            seat = choose_among(customer, able, matrix, rule).seat
            seat.take(customer)
            placed[customer.customer_id] = seat.manager_id
        else:
            unplaced[customer.customer_id] = reason_for(customer, found, matrix)
    return Plan(placed, unplaced)


@given(customers, seats_of_a_bank, rules_of_branches)
def test_a_line_seats_everybody_where_a_look_at_every_manager_does(
    waiting: list[Waiting], seats: list[Seat], rules: dict[UUID, Rule]
) -> None:
    plain_rules = deepcopy(rules)
    by_lines = assign(waiting, deepcopy(seats), PREFERENCES, rules)
    assert by_lines == plainly(waiting, deepcopy(seats), PREFERENCES, plain_rules)
    assert [(rule.turn, dict(rule.turns)) for rule in rules.values()] == [
        (rule.turn, dict(rule.turns)) for rule in plain_rules.values()
    ]
