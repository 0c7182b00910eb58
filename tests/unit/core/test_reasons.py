import pytest

from guibin.core.errors import ReasonRequired
from guibin.core.reasons import is_sufficient, require_reason


@pytest.mark.parametrize(
    ("reason", "sufficient"),
    [
        ("", False),
        ("补录九个字的原因啊", False),
        ("补录十个字的原因如下", True),
        ("abc" + "x" * 197, True),
        ("abc" + "x" * 198, False),
        ("abababababab", False),
        (" " * 20, False),
    ],
)
def test_a_reason_has_10_to_200_characters(reason: str, *, sufficient: bool) -> None:
    assert is_sufficient(reason) is sufficient


def test_a_reason_that_says_nothing_is_refused_with_what_it_needs() -> None:
    with pytest.raises(ReasonRequired) as refused:
        require_reason("aaaaaaaaaa")
    assert refused.value.facts == {"min_length": 10, "max_length": 200}
    assert require_reason("客户到网点要求核对手机号") == "客户到网点要求核对手机号"
