"""The ways in which a line may write its days."""

import pytest

from guibin.feeds.arranging import ColumnMapping
from guibin.feeds.dates import DateFormat, as_iso
from guibin.feeds.models import FeedKind


@pytest.mark.parametrize(
    ("written", "form", "day"),
    [
        ("20240229", DateFormat.COMPACT, "2024-02-29"),
        ("2024/2/9", DateFormat.SLASHES, "2024-02-09"),
        ("09.02.2024", DateFormat.DOTS, "2024-02-09"),
        ("1", DateFormat.EXCEL_SERIAL, "1900-01-01"),
        ("59", DateFormat.EXCEL_SERIAL, "1900-02-28"),
        ("61", DateFormat.EXCEL_SERIAL, "1900-03-01"),
        ("45351", DateFormat.EXCEL_SERIAL, "2024-02-29"),
        ("2024-02-29", DateFormat.ISO, "2024-02-29"),
    ],
)
def test_a_day_is_read_in_its_columns_format(written: str, form: DateFormat, day: str) -> None:
    assert as_iso(written, form) == day


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("20230229", DateFormat.COMPACT),
        ("240229", DateFormat.COMPACT),
        ("09.02.24", DateFormat.DOTS),
        ("24/02/09", DateFormat.SLASHES),
        ("２０２４０２２９", DateFormat.COMPACT),
        ("60", DateFormat.EXCEL_SERIAL),
        ("45351.5", DateFormat.EXCEL_SERIAL),
        ("", DateFormat.DOTS),
        ("29.02.2024", DateFormat.ISO),
        ("2024-02-29", DateFormat.COMPACT),
    ],
)
def test_what_is_no_day_of_the_format_stays_as_it_is(written: str, form: DateFormat) -> None:
    assert as_iso(written, form) == written


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        (ColumnMapping(dates={"birth_date": DateFormat.DOTS}, fills=frozenset({"phone"})), None),
        (ColumnMapping(dates={"phone": DateFormat.DOTS}), "column_without_days"),
        (ColumnMapping(dates={"matures_on": DateFormat.DOTS}), "column_without_days"),
        (ColumnMapping(fills=frozenset({"customer_no"})), "column_not_filled"),
    ],
)
def test_a_mapping_names_days_and_columns_that_may_be_filled(mapping: ColumnMapping, fault: str | None) -> None:
    assert mapping.fault(FeedKind.PARTIES) == fault
