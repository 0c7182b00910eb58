import pytest

from guibin.security.ciphers import KeyRing
from guibin.security.signed_text import read_signed, write_signed


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "keys.json")


CONTENT = b"\x00of a use\xff"


def test_what_was_signed_is_read_again(keys: KeyRing) -> None:
    text = write_signed(keys, "qr", "GBX1.", CONTENT)
    assert text.startswith("GBX1.")
    assert read_signed(keys, "qr", "GBX1.", text) == CONTENT


def test_a_text_of_one_use_is_none_of_another(keys: KeyRing) -> None:
    text = write_signed(keys, "qr", "GBX1.", CONTENT)
    other = "GBY1." + text.removeprefix("GBX1.")
    assert read_signed(keys, "qr", "GBY1.", other) is None
    assert read_signed(keys, "step_up", "GBX1.", text) is None
    assert read_signed(keys, "qr", "", text) is None


@pytest.mark.parametrize("change", ["{}=", "{} ", "X{}", "{}A"])
def test_a_text_has_one_spelling(change: str, keys: KeyRing) -> None:
    text = write_signed(keys, "qr", "GBX1.", CONTENT)
    assert read_signed(keys, "qr", "GBX1.", change.format(text)) is None


@pytest.mark.parametrize("text", ["", "GBX1.", "GBX1.***", "GBX1.é", "GBX1.AAAA"])
def test_what_is_no_signed_text_is_not_read(text: str, keys: KeyRing) -> None:
    assert read_signed(keys, "qr", "GBX1.", text) is None
