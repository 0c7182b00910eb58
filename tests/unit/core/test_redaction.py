import pytest

from guibin.core.redaction import REDACTED, redact, redact_text


@pytest.mark.parametrize(
    "value",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 13812345678",
        "8613812345678",
        "11010519491231002X",
        "110105491231002",
        "6222021234567890123",
        "6222 0212 3456 7890",
        "wang@bank.example",
        "Bearer abcdefgh12345678",
        "basic dXNlcjpwYXNz",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    ],
)
def test_what_has_the_form_of_a_personal_value_or_a_secret_is_taken_out_wherever_it_stands(value: str) -> None:
    for text in (value, f"before {value} after", f"a={value}, b", f"客户{value}。"):
        assert value not in redact_text(text)
        assert REDACTED in redact_text(text)
    assert redact({"fact": [{"deep": value}]}) == {"fact": [{"deep": redact_text(value)}]}


def test_the_password_in_an_address_is_taken_out() -> None:
    assert "hunter2" not in redact_text("postgresql+asyncpg://guibin_bank:hunter2@db/guibin")


@pytest.mark.parametrize(
    "text",
    [
        "01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
        "cus_01934f6e-7a10-7c3e-9d55-000000000001",
        "2026-11-25T21:44:16.123456Z",
        "/v1/customers/{customer_id}/points",
        "guibin/web/route.py:112:handle",
        "run_begins",
        "40P01",
        "2026-11-25",
    ],
)
def test_ids_times_places_and_codes_stay(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "name", ["phone", "customer_name", "certificate_no", "access_token", "password", "Authorization", "openid"]
)
def test_what_is_called_like_a_personal_value_or_a_secret_is_taken_out_whatever_it_is(name: str) -> None:
    assert redact({name: "x"}) == {name: REDACTED}
    assert redact({"facts": {name: ["x", b"y"]}}) == {"facts": {name: [REDACTED, REDACTED]}}


def test_numbers_stay_unless_they_are_a_phone_or_a_card() -> None:
    event = {"count": 12_000_000, "ms": 13.5, "ok": True, "none": None, "odd": 13_812_345_678}
    assert redact(event) == {**event, "odd": REDACTED}


def test_what_is_nested_without_end_is_cut() -> None:
    nested: dict[str, object] = {}
    nested["again"] = nested
    assert REDACTED in str(redact(nested))
