import pytest

from guibin.core.errors import Category, Refusal
from guibin.security.errors import Forbidden, TokenInvalid, TokenRequired


@pytest.mark.parametrize(
    ("refusal", "category", "code"),
    [
        (TokenRequired(), Category.UNAUTHENTICATED, "token_required"),
        (TokenInvalid(), Category.UNAUTHENTICATED, "token_invalid"),
        (Forbidden(), Category.FORBIDDEN, "forbidden"),
    ],
)
def test_a_refusal_has_its_category_and_its_code(refusal: Refusal, category: Category, code: str) -> None:
    assert (refusal.category, refusal.code) == (category, code)


def test_a_refused_token_tells_no_facts() -> None:
    assert TokenInvalid().facts == {}
