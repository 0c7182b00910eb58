from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.security.actors import (
    Actor,
    ActorKind,
    DataScope,
    Domain,
    Grant,
    Scope,
    Verb,
    daily_limit_of,
    decide,
    limit_of,
    row_limit_of,
)

ME = UUID(int=1)
NORTH, SOUTH = UUID(int=11), UUID(int=12)


def grant(
    data: DataScope = DataScope.WHOLE_BANK,
    *,
    verb: Verb = Verb.READ,
    domain: Domain = Domain.POINTS,
    branch_id: UUID | None = None,
    limit_fen: int | None = None,
) -> Grant:
    return Grant(verb=verb, domain=domain, data=data, branch_id=branch_id, limit_fen=limit_fen)


def of_branch(branch_id: UUID, *, limit_fen: int | None = None) -> Grant:
    return grant(DataScope.SUBTREE, branch_id=branch_id, limit_fen=limit_fen)


def test_without_a_grant_nothing_is_permitted() -> None:
    assert decide([], Verb.READ, Domain.POINTS, staff_id=ME) is None


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.WRITE])
def test_a_grant_to_write_permits_no_other_verb(verb: Verb) -> None:
    assert decide([grant(verb=Verb.WRITE)], verb, Domain.POINTS, staff_id=ME) is None


@pytest.mark.parametrize("domain", [domain for domain in Domain if domain is not Domain.POINTS])
def test_a_grant_for_points_permits_nothing_in_another_domain(domain: Domain) -> None:
    assert decide([grant()], Verb.READ, domain, staff_id=ME) is None


@pytest.mark.parametrize(
    ("given_grant", "expected"),
    [
        pytest.param(grant(DataScope.WHOLE_BANK), Scope(whole_bank=True), id="whole bank"),
        pytest.param(grant(DataScope.OWN_CUSTOMERS), Scope(staff_id=ME), id="own customers"),
        pytest.param(of_branch(NORTH), Scope(branch_roots=(NORTH,)), id="subtree"),
        pytest.param(grant(DataScope.AGGREGATES), Scope(aggregates=True), id="counts, and nobody's row"),
        pytest.param(grant(DataScope.NONE), Scope.nothing(), id="permitted, with nobody's data"),
    ],
)
def test_the_data_scope_of_a_grant_becomes_the_scope(given_grant: Grant, expected: Scope) -> None:
    assert decide([given_grant], Verb.READ, Domain.POINTS, staff_id=ME) == expected


def test_scopes_of_several_grants_are_joined_each_branch_once() -> None:
    grants = [
        of_branch(SOUTH),
        grant(DataScope.OWN_CUSTOMERS),
        of_branch(NORTH),
        of_branch(SOUTH),
        grant(DataScope.NONE),
    ]
    expected = Scope(staff_id=ME, branch_roots=(NORTH, SOUTH))
    assert decide(grants, Verb.READ, Domain.POINTS, staff_id=ME) == expected


def test_the_whole_bank_contains_every_other_data_scope() -> None:
    grants = [of_branch(SOUTH), grant(DataScope.OWN_CUSTOMERS), grant(DataScope.WHOLE_BANK)]
    assert decide(grants, Verb.READ, Domain.POINTS, staff_id=ME) == Scope(whole_bank=True)


def test_grants_that_do_not_fit_add_nothing_to_the_scope() -> None:
    grants = [of_branch(NORTH), grant(verb=Verb.WRITE), grant(domain=Domain.TAGS)]
    assert decide(grants, Verb.READ, Domain.POINTS, staff_id=ME) == Scope(branch_roots=(NORTH,))


def test_a_cost_at_the_limit_is_permitted_and_one_fen_more_is_not() -> None:
    grants = [of_branch(NORTH, limit_fen=50_000)]
    assert decide(grants, Verb.READ, Domain.POINTS, staff_id=ME, cost_fen=50_000) == Scope(branch_roots=(NORTH,))
    assert decide(grants, Verb.READ, Domain.POINTS, staff_id=ME, cost_fen=50_001) is None


def test_a_high_limit_in_one_branch_does_not_serve_another_branch() -> None:
    grants = [of_branch(NORTH, limit_fen=500_000), of_branch(SOUTH, limit_fen=50_000)]
    assert decide(grants, Verb.READ, Domain.POINTS, staff_id=ME, cost_fen=60_000) == Scope(branch_roots=(NORTH,))


def test_the_limit_is_the_highest_of_the_grants_that_fit() -> None:
    grants = [of_branch(NORTH, limit_fen=7), of_branch(SOUTH, limit_fen=9), grant(verb=Verb.WRITE, limit_fen=99)]
    assert limit_of(grants, Verb.READ, Domain.POINTS) == 9


def test_a_grant_without_a_limit_knows_no_bound() -> None:
    assert limit_of([of_branch(NORTH, limit_fen=7), of_branch(SOUTH)], Verb.READ, Domain.POINTS) is None


def test_the_limit_without_a_fitting_grant_is_zero() -> None:
    assert limit_of([grant(verb=Verb.WRITE)], Verb.READ, Domain.POINTS) == 0


@pytest.mark.parametrize(
    ("data", "branch_id"),
    [
        (DataScope.SUBTREE, None),
        (DataScope.WHOLE_BANK, NORTH),
        (DataScope.OWN_CUSTOMERS, NORTH),
        (DataScope.NONE, NORTH),
    ],
)
def test_a_branch_belongs_to_a_subtree_and_to_no_other_data_scope(data: DataScope, branch_id: UUID | None) -> None:
    with pytest.raises(ValueError, match="subtree"):
        grant(data, branch_id=branch_id)


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope.nothing(), "nothing"),
        (Scope.of_job(), "whole_bank"),
        (Scope.of_customer(ME), f"customer:{ME}"),
        (Scope(staff_id=ME, branch_roots=(NORTH, SOUTH)), f"own_customers:{ME} + subtree:{NORTH} + subtree:{SOUTH}"),
    ],
)
def test_a_scope_is_described_for_the_audit_trail(scope: Scope, text: str) -> None:
    assert scope.describe() == text


def test_an_actor_holds_no_scopes_and_roles_unless_given() -> None:
    actor = Actor(kind=ActorKind.STAFF, id=ME, name="S0001")
    assert (actor.scopes, actor.roles) == (frozenset(), frozenset())


branches = st.sampled_from([NORTH, SOUTH])
any_grant = st.one_of(
    st.builds(
        grant,
        st.sampled_from([DataScope.WHOLE_BANK, DataScope.OWN_CUSTOMERS, DataScope.NONE]),
        verb=st.sampled_from(Verb),
    ),
    st.builds(of_branch, branches, limit_fen=st.none() | st.integers(0, 10)),
)


@given(grants=st.lists(any_grant, max_size=6), extra=any_grant)
def test_one_more_grant_never_takes_anything_away(grants: list[Grant], extra: Grant) -> None:
    before = decide(grants, Verb.READ, Domain.POINTS, staff_id=ME)
    after = decide([*grants, extra], Verb.READ, Domain.POINTS, staff_id=ME)
    if before is not None:
        assert after is not None
        assert after.whole_bank or (
            not before.whole_bank
            and set(before.branch_roots) <= set(after.branch_roots)
            and before.staff_id in {None, after.staff_id}
        )


def test_the_limits_of_a_day_and_of_an_answer_are_the_highest_of_the_grants_that_fit() -> None:
    few, many = replace(grant(), per_day=20, row_limit=100), replace(grant(), per_day=50, row_limit=10)
    other = replace(grant(verb=Verb.WRITE), per_day=99, row_limit=999)
    assert daily_limit_of([few, many, other], Verb.READ, Domain.POINTS) == 50
    assert row_limit_of([few, many, other], Verb.READ, Domain.POINTS) == 100
    assert daily_limit_of([few, grant()], Verb.READ, Domain.POINTS) is None
    assert row_limit_of([other], Verb.READ, Domain.POINTS) == 0
