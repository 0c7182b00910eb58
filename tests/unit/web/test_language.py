import pytest

from guibin.web.language import preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("zh-CN", "zh"),
        ("EN", "en"),
        ("en;q=0", "zh"),
        ("zh;q=0.2, en;q=0.3", "en"),
        ("en;level=1", "zh"),
        ("en;q=nan", "zh"),
        ("fr;q=1, *;q=0.1, en;q=0.2", "en"),
        ("x" * 300 + ", en", "zh"),
    ],
)
def test_the_better_of_two_languages_is_chosen(header: str, language: str) -> None:
    assert preferred_language(header) == language
