"""The exact plan against every possible plan of small books, and what it promises of large ones."""

import pickle
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guibin.managers.models import UnassignedReason
from guibin.managers.planning.flow import Placement, place_all
from guibin.managers.planning.rules import (
    LONGEST_MONTHS,
    Client,
    Desk,
    Kind,
    Part,
    Places,
    Problem,
    Reach,
    broken_cost,
    candidates,
    costs_of,
    load_cost,
    may_serve,
    why_nobody,
)

ROOT, NORTH, SOUTH = UUID(int=1), UUID(int=2), UUID(int=3)
A, B, C = UUID(int=11), UUID(int=12), UUID(int=13)
PLACES = Places(
    above={ROOT: [ROOT], NORTH: [NORTH, ROOT], SOUTH: [SOUTH, ROOT]}
    | {A: [A, NORTH, ROOT], B: [B, NORTH, ROOT], C: [C, SOUTH, ROOT]},
    cities={A: "310100", B: "310100", C: "440300"},
    regions={A: NORTH, B: NORTH, C: SOUTH},
)
MATRIX = {("senior", "T1"): 2, ("expert", "T1"): 1, ("expert", "T3"): 1}
WEIGHTS = {
    Part.DISTANCE: 20,
    Part.OTHER_CITY: 200,
    Part.SECOND_CHOICE: 40,
    Part.MISSING_SKILL: 60,
    Part.PASSED_CLAIM: 1_000,
    Part.BROKEN_RELATIONSHIP: 5,
    Part.LOAD: 10,
    Part.ABOVE_SOFT: 100,
}


def _customer(number: int) -> UUID:
    return UUID(int=1000 + number)


def _manager(number: int) -> UUID:
    return UUID(int=100 + number)


def _desk(number: int, branch: UUID = A, grade: str = "expert", capacity: int = 2, **others: object) -> Desk:
    given_facts: dict[str, object] = {"capacity": capacity, "soft": capacity} | others
    return Desk(_manager(number), branch, grade, **given_facts)  # type: ignore[arg-type]


def _client(
    number: int, tier: str | None = "T1", *, branch: UUID = A, present: int | None = None, **of: object
) -> Client:
    rank = {None: -1, "T1": 1, "T3": 3}.get(tier, 0)
    months = of.pop("months", 0)
    kind = Kind(branch, tier, rank, **of)  # type: ignore[arg-type]
    return Client(_customer(number), kind, None if present is None else _manager(present), months)  # type: ignore[arg-type]


def _problem(clients: list[Client], desks: list[Desk], **others: object) -> Problem:
    facts: dict[str, object] = {"reach": Reach.BANK} | others
    return Problem(clients, desks, MATRIX, PLACES, WEIGHTS, **facts)  # type: ignore[arg-type]


def _cost_of(problem: Problem, choice: Mapping[UUID, UUID | None]) -> tuple[int, int] | None:
    """What one choice costs, reckoned customer by customer: the weight of nobody, then the rest; None if forbidden."""
    nobody = cost = 0
    counts = {desk.manager_id: desk.base for desk in problem.desks}
    for client in problem.clients:
        chosen = choice[client.customer_id]
        if chosen is None:
            nobody += client.kind.tier_rank + 2
            continue
        desk = problem.desk_of[chosen]
        stays = chosen == client.present
        if not may_serve(problem, client.kind, desk) or not (stays or desk.takes):
            return None
        at = client.kind.branch_id
        if not stays and at not in desk.serves and not PLACES.within(problem.reach, at, desk.branch_id):
            return None
        cost += sum(costs_of(problem, client.kind, desk).values())
        present = problem.desk_of.get(client.present) if client.present else None
        could_stay = present is not None and may_serve(problem, client.kind, present)
        cost += broken_cost(problem, client) if could_stay and not stays else 0
        cost += sum(load_cost(WEIGHTS, desk, counts[chosen]).values())
        counts[chosen] += 1
        if counts[chosen] > desk.capacity:
            return None
    return nobody, cost


def _cheapest(problem: Problem) -> tuple[int, int]:
    everybody = [client.customer_id for client in problem.clients]
    options = [None, *(desk.manager_id for desk in problem.desks)]
    found = (
        _cost_of(problem, dict(zip(everybody, row, strict=True))) for row in product(options, repeat=len(everybody))
    )
    return min(cost for cost in found if cost is not None)


def _found(problem: Problem, placement: Placement) -> tuple[int, int]:
    choice = {client.customer_id: placement.placed.get(client.customer_id) for client in problem.clients}
    found = _cost_of(problem, choice)
    assert found is not None, "the plan breaks a rule"
    assert found[1] == placement.cost
    return found


branches = st.sampled_from([A, B, C])
skills = st.frozensets(st.sampled_from(["english", "trust"]))


@st.composite
def _problems(draw: st.DrawFn) -> Problem:
    desks = [
        _desk(
            number,
            draw(branches),
            draw(st.sampled_from(["senior", "expert", "lobby"])),
            draw(st.integers(0, 4)),
            skills=draw(skills),
            takes=draw(st.booleans()) or draw(st.booleans()),
            base=draw(st.integers(0, 2)),
            soft=draw(st.integers(0, 4)),
            serves=draw(st.frozensets(branches, max_size=1)),
            licences=draw(st.sampled_from([frozenset(), frozenset({"fund"})])),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    clients = [
        _client(
            number,
            draw(st.sampled_from(["T1", "T3", "T9", None])),
            branch=draw(branches),
            present=draw(st.none() | st.integers(0, 3)),
            months=draw(st.integers(0, 80)),
            needs=draw(skills),
            licences=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"fund"})])),
            barred=draw(st.frozensets(st.sampled_from([_manager(0), _manager(1)]), max_size=1)),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    return _problem(clients, desks, reach=draw(st.sampled_from(Reach)))


@settings(max_examples=150, deadline=None)
@given(_problems())
def test_no_other_plan_of_a_small_book_places_more_or_costs_less(problem: Problem) -> None:
    placement = place_all(problem)
    assert {*placement.placed, *placement.unplaced} == {client.customer_id for client in problem.clients}
    assert _found(problem, placement) == _cheapest(problem)


@settings(max_examples=100, deadline=None)
@given(_problems(), st.randoms(use_true_random=False))
def test_the_order_of_customers_and_managers_changes_nothing(problem: Problem, random: object) -> None:
    clients, desks = list(problem.clients), list(problem.desks)
    random.shuffle(clients)  # type: ignore[attr-defined]
    random.shuffle(desks)  # type: ignore[attr-defined]
    assert place_all(replace(problem, clients=clients, desks=desks)) == place_all(problem)


def test_who_is_served_dearly_by_somebody_who_takes_nobody_new_keeps_the_manager() -> None:
    served = _client(0, present=0)
    problem = _problem([served], [_desk(0, grade="senior", takes=False)], reach=Reach.BRANCH)
    placement = place_all(problem)
    assert placement.placed == {served.customer_id: _manager(0)}
    assert _found(problem, placement) == _cheapest(problem) == (0, 40)


def test_load_evens_out_among_equals() -> None:
    problem = _problem([_client(n) for n in range(12)], [_desk(n, capacity=20) for n in range(3)])
    counts = Counter(place_all(problem).placed.values())
    assert sorted(counts.values()) == [4, 4, 4]


def test_who_has_been_together_longest_stays_where_a_book_is_too_full() -> None:
    clients = [_client(n, present=0, months=n * 12) for n in range(3)]
    placement = place_all(_problem(clients, [_desk(0), _desk(1)]))
    assert [placement.placed[one.customer_id] for one in clients] == [_manager(1), _manager(0), _manager(0)]


def test_where_not_everybody_fits_the_highest_tier_is_placed_first() -> None:
    clients = [_client(0, "T1"), _client(1, "T3"), _client(2, "T1")]
    placement = place_all(_problem(clients, [_desk(0, capacity=1)]))
    assert placement.placed == {_customer(1): _manager(0)}
    assert set(placement.unplaced.values()) == {UnassignedReason.NO_CAPACITY}


def test_it_is_looked_farther_where_the_nearest_branches_are_full() -> None:
    desks = [_desk(0, A, capacity=1), _desk(1, C, capacity=1)]
    problem = _problem([_client(0), _client(1, branch=B)], desks, nearest=1)
    kind = Kind(A, "T3", 3)
    assert [desk.manager_id for desk, _ in candidates(problem, kind, least=1)] == [_manager(0)]
    assert place_all(problem).unplaced == {}


def test_a_bound_of_weighted_load_holds_though_heads_would_fit() -> None:
    clients = [_client(0, "T3"), _client(1, "T3"), _client(2, "T3")]
    desks = [_desk(0, capacity=9, most_load=7), _desk(1, capacity=9, most_load=100, base=8, base_load=40)]
    placement = place_all(_problem(clients, desks, tier_loads={"T3": 6}))
    assert Counter(placement.placed.values()) == {_manager(0): 1, _manager(1): 1}
    assert len(placement.unplaced) == 1


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (_client(0, "T9"), UnassignedReason.NO_RULE),
        (_client(0, "T3", branch=B), UnassignedReason.NO_ELIGIBLE_MANAGER),
        (_client(0, "T3"), UnassignedReason.NO_CAPACITY),
        (_client(0, None, branch=C), UnassignedReason.NO_ELIGIBLE_MANAGER),
    ],
)
def test_who_is_not_placed_is_told_why(client: Client, reason: UnassignedReason) -> None:
    problem = _problem([client], [_desk(0, capacity=0)], reach=Reach.BRANCH)
    assert place_all(problem).unplaced == {client.customer_id: reason}
    assert why_nobody(problem, client.kind) == reason


def test_who_is_away_or_barred_is_told_apart_from_nobody() -> None:
    away = _problem([], [_desk(0, takes=False)])
    assert why_nobody(away, Kind(A, "T1", 1)) is UnassignedReason.NONE_AVAILABLE
    barred = Kind(A, "T1", 1, barred=frozenset({_manager(0)}))
    assert why_nobody(away, barred) is UnassignedReason.NOT_PERMITTED


def test_a_region_reaches_its_own_branches_only() -> None:
    assert PLACES.within(Reach.REGION, A, B)
    assert not PLACES.within(Reach.REGION, A, C)
    assert not PLACES.within(Reach.REGION, ROOT, C)
    assert not PLACES.within(Reach.BRANCH, A, B)
    assert PLACES.steps(A, B) == 2
    assert PLACES.steps(A, C) == 4


def test_a_pair_names_the_parts_of_its_cost() -> None:
    problem = _problem([], [])
    kind = Kind(A, "T1", 1, needs=frozenset({"english"}))
    assert costs_of(problem, kind, _desk(0, C, "senior")) == {
        Part.DISTANCE: 80,
        Part.OTHER_CITY: 200,
        Part.SECOND_CHOICE: 40,
        Part.MISSING_SKILL: 60,
    }
    assert costs_of(problem, kind, _desk(0, skills=frozenset({"english"}))) == {}


def test_another_one_than_has_the_claim_costs_something_and_who_has_it_is_always_looked_at() -> None:
    claimed = Kind(A, "T3", 3, claimant=_manager(1))
    near, theirs = _desk(0, A), _desk(1, B)
    problem = _problem([], [near, theirs], nearest=1)
    assert costs_of(problem, claimed, near) == {Part.PASSED_CLAIM: 1_000}
    assert [desk for desk, _ in candidates(problem, claimed, least=1)] == [near, theirs]
    assert [desk for desk, _ in candidates(problem, replace(claimed, tier_code="T9"), least=1)] == []
    client = replace(_client(0), kind=claimed)
    assert place_all(_problem([client], [near, theirs], nearest=1)).placed == {client.customer_id: theirs.manager_id}


def test_a_language_or_a_licence_that_is_missing_forbids_and_a_bar_does() -> None:
    desk = _desk(0, languages=frozenset({"yue"}), licences=frozenset({"fund"}))
    problem = _problem([], [desk])
    asked = Kind(A, "T1", 1, language="yue", licences=frozenset({"fund"}))
    assert may_serve(problem, asked, desk)
    assert not may_serve(problem, replace(asked, language="en"), desk)
    assert not may_serve(problem, replace(asked, licences=frozenset({"trust"})), desk)
    assert not may_serve(problem, replace(asked, barred=frozenset({desk.manager_id})), desk)


def test_a_kind_is_the_same_in_another_process() -> None:
    kind = Kind(A, "T1", 1, frozenset({"english"}), language="yue", licences=frozenset({"fund"}))
    assert pickle.loads(pickle.dumps(kind)) == kind  # noqa: S301 - our own bytes


def test_years_together_count_up_to_a_bound() -> None:
    problem = _problem([], [])
    long, longer = (_client(0, present=0, months=months) for months in (LONGEST_MONTHS, 900))
    assert broken_cost(problem, long) == broken_cost(problem, longer) == 1 + 5 * LONGEST_MONTHS * 2
