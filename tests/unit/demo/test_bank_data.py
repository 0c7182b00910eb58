from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from guibin_tools.bank_data import window_ends

DAY = date(2026, 11, 24)


@given(back=st.integers(min_value=0, max_value=2_000))
def test_the_windows_cover_every_day_and_no_window_is_needless(back: int) -> None:
    first = DAY - timedelta(days=back)
    ends = window_ends(first, DAY)
    assert ends[-1] == DAY
    assert first >= ends[0] - timedelta(days=92)
    assert ends == sorted(ends)
    assert {later - earlier for earlier, later in pairwise(ends)} <= {timedelta(days=92)}
    assert len(ends) == 1 or first < ends[1] - timedelta(days=92)
