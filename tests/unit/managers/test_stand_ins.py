"""Who serves a book while its manager is away: chains, gaps, circles."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from guibin.managers.absences.rules import Away, Backup, StandIn, choose_backup, stand_ins

A, B, C, D = (UUID(int=number) for number in range(1, 5))
FIRST = date(2026, 12, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def away(manager: UUID, backup: UUID, start: int, end: int) -> Away:
    return Away(manager, backup, day(start), day(end))


def served(manager: UUID, stand_in: UUID | None, start: int, end: int) -> StandIn:
    return StandIn(manager, stand_in, day(start), day(end))


def test_the_backup_serves_all_the_days() -> None:
    assert stand_ins([away(A, B, 0, 10)]) == [served(A, B, 0, 10)]


def test_one_that_was_called_off_has_no_days() -> None:
    assert stand_ins([away(A, B, 3, 3)]) == []


def test_while_the_backup_is_away_too_the_backups_own_serves_both() -> None:
    found = stand_ins([away(A, B, 0, 10), away(B, C, 3, 5)])
    assert found == [served(A, B, 0, 3), served(A, C, 3, 5), served(A, B, 5, 10), served(B, C, 3, 5)]


def test_a_chain_goes_on_to_the_first_who_is_there() -> None:
    found = stand_ins([away(A, B, 0, 4), away(B, C, 0, 4), away(C, D, 2, 9)])
    assert found == [
        served(A, C, 0, 2),
        served(A, D, 2, 4),
        served(B, C, 0, 2),
        served(B, D, 2, 4),
        served(C, D, 2, 9),
    ]


def test_two_who_name_each_other_leave_nobody_on_the_days_of_both() -> None:
    found = stand_ins([away(A, B, 0, 4), away(B, A, 2, 6)])
    assert found == [served(A, B, 0, 2), served(A, None, 2, 4), served(B, None, 2, 4), served(B, A, 4, 6)]


def test_two_absences_one_after_the_other_stay_two_where_others_serve() -> None:
    assert stand_ins([away(A, C, 5, 7), away(A, B, 0, 5)]) == [served(A, B, 0, 5), served(A, C, 5, 7)]


ABSENCES = st.lists(
    st.tuples(st.sampled_from([A, B, C, D]), st.sampled_from([A, B, C, D]), st.integers(0, 12), st.integers(1, 6)),
    max_size=8,
)


@given(ABSENCES)
def test_on_each_day_the_one_who_stands_in_is_who_a_walk_along_the_backups_finds(
    drawn: list[tuple[UUID, UUID, int, int]],
) -> None:
    absences: list[Away] = []
    for manager, backup, start, length in drawn:
        one = away(manager, backup, start, start + length)
        overlaps = any(o.manager_id == manager and o.valid_from < one.valid_to > o.valid_from for o in absences)
        if manager != backup and not overlaps:
            absences.append(one)
    found = stand_ins(absences)
    for number in range(20):
        gone = {one.manager_id: one.backup_id for one in absences if one.valid_from <= day(number) < one.valid_to}
        served_on = {one.manager_id: one.stand_in_id for one in found if one.valid_from <= day(number) < one.valid_to}
        assert served_on == {manager: _walk(manager, gone) for manager in gone}


def _walk(manager: UUID, gone: dict[UUID, UUID]) -> UUID | None:
    present = manager
    for _ in range(len(gone) + 1):
        present = gone.get(present, present)
    return None if present in gone else present


def test_by_rule_a_grade_as_high_comes_before_a_small_book() -> None:
    lower, small, large = Backup(A, 1, 0), Backup(B, 2, 3), Backup(C, 4, 9)
    assert choose_backup(2, [lower, large, small]) == B
    assert choose_backup(3, [lower, small, large]) == C
    assert choose_backup(2, [lower]) == A
    assert choose_backup(2, []) is None
