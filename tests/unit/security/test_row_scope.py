"""A scope as the row-level policies read it."""

from uuid import UUID

from guibin.security.actors import DataScope, Domain, Grant, Scope, Verb, data_of
from guibin.security.row_scope import words_of

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


def test_each_kind_of_scope_has_its_words() -> None:
    assert words_of(Scope.nothing()) == ""
    assert words_of(Scope.of_job()) == "whole_bank"
    assert words_of(Scope.of_customer(ONE)) == f"customer:{ONE}"
    assert words_of(Scope(staff_id=ONE, branch_roots=(TWO, THREE))) == f"own_customers:{ONE} subtree:{TWO},{THREE}"


def test_the_whole_bank_needs_no_other_word() -> None:
    assert words_of(Scope(staff_id=ONE, branch_roots=(TWO,), whole_bank=True)) == "whole_bank"


def test_the_rows_of_an_actor_are_those_of_all_grants_together() -> None:
    own = Grant(Verb.READ, Domain.CUSTOMERS, DataScope.OWN_CUSTOMERS)
    branch = Grant(Verb.APPROVE, Domain.POINTS, DataScope.SUBTREE, branch_id=TWO, limit_fen=1)
    nobody = Grant(Verb.WRITE, Domain.FEEDS, DataScope.NONE)
    bank = Grant(Verb.AUDIT, Domain.AUDIT, DataScope.WHOLE_BANK)
    assert data_of([own, branch, nobody], staff_id=ONE) == Scope(staff_id=ONE, branch_roots=(TWO,))
    assert data_of([branch, nobody], staff_id=ONE) == Scope(branch_roots=(TWO,))
    assert data_of([own, bank], staff_id=ONE) == Scope.of_job()
    assert data_of([nobody], staff_id=ONE) == Scope.nothing()
