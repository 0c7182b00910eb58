"""When versions of a package come into force, and which terms make none."""

from datetime import date
from uuid import UUID

import pytest

from guibin.rights.models import PackagePeriod, PackageState, RightsPackage
from guibin.rights.packages import PackageTerms, Span, fault_of, first_day_of_version, in_force, span_of
from support.points import NOON

MONTH, QUARTER, YEAR = PackagePeriod.MONTH, PackagePeriod.QUARTER, PackagePeriod.YEAR
RIGHT, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (MONTH, date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
        (MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
        (QUARTER, date(2026, 11, 26), date(2026, 10, 1), date(2026, 12, 31)),
        (QUARTER, date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31)),
        (YEAR, date(2026, 11, 26), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_a_calendar_period(period: PackagePeriod, day: date, first: date, last: date) -> None:
    assert span_of(period, day) == Span(first, last)


@pytest.mark.parametrize(
    ("period", "before", "first"),
    [
        (QUARTER, None, date(2026, 10, 1)),
        (MONTH, MONTH, date(2026, 12, 1)),
        (MONTH, QUARTER, date(2027, 1, 1)),
        (QUARTER, MONTH, date(2027, 1, 1)),
        (YEAR, QUARTER, date(2027, 1, 1)),
    ],
)
def test_a_later_version_begins_when_the_running_period_is_over(
    period: PackagePeriod, before: PackagePeriod | None, first: date
) -> None:
    assert first_day_of_version(period, date(2026, 11, 26), before) == first


def version(number: int, first_day: date | None, last_day: date | None = None) -> RightsPackage:
    return RightsPackage(
        id=UUID(int=number),
        code="travel",
        version=number,
        state=PackageState.PUBLISHED if first_day else PackageState.DRAFT,
        name_zh="出行",
        name_en="Travel",
        period=MONTH,
        tiers=[{"tier": "T2", "choose": 1}],
        rights=[{"right_id": str(RIGHT), "units": 1}],
        first_day=first_day,
        last_day=last_day,
        created_at=NOON,
    )


def test_the_version_that_began_last_counts_until_it_ends() -> None:
    versions = [version(1, date(2026, 10, 1)), version(2, date(2026, 12, 1), date(2026, 12, 15)), version(3, None)]
    found = {day: in_force(versions, day) for day in (date(2026, 9, 30), date(2026, 11, 30), date(2026, 12, 15))}
    assert {day: one.version if one else None for day, one in found.items()} == {
        date(2026, 9, 30): None,
        date(2026, 11, 30): 1,
        date(2026, 12, 15): 2,
    }
    assert in_force(versions, date(2026, 12, 16)) is None


@pytest.mark.parametrize(
    ("choose", "units", "fault"),
    [
        ({"T2": 1}, {RIGHT: 1}, None),
        ({"T9": 1}, {RIGHT: 1}, "tier_unknown"),
        ({"T2": 1}, {UUID(int=9): 1}, "right_unknown"),
        ({"T2": 1}, {OTHER: 1}, "right_not_published"),
        ({"T2": 2}, {RIGHT: 1}, "too_few_rights"),
    ],
)
def test_terms_that_make_no_package_say_why(choose: dict[str, int], units: dict[UUID, int], fault: str | None) -> None:
    terms = PackageTerms(MONTH, choose, units)
    assert fault_of(terms, rights={RIGHT: True, OTHER: False}, tiers=frozenset({"T2"})) == fault


def test_the_terms_of_a_version_say_what_each_tier_chooses_and_each_right_gives() -> None:
    version = RightsPackage(
        id=UUID(int=9),
        code="travel",
        version=1,
        state=PackageState.PUBLISHED,
        name_zh="出行",
        name_en="Travel",
        period=QUARTER,
        tiers=[{"tier": "T2", "choose": 1}, {"tier": "T3", "choose": 2}],
        rights=[{"right_id": str(RIGHT), "units": 3}, {"right_id": str(OTHER), "units": 1}],
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
        created_at=NOON,
    )
    terms = PackageTerms.of(version)
    assert terms == PackageTerms(QUARTER, {"T2": 1, "T3": 2}, {RIGHT: 3, OTHER: 1}, date(2026, 12, 31))
    assert [terms.choose_of(tier) for tier in ("T2", "T3", "T1", None)] == [1, 2, 0, 0]
