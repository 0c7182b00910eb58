"""When a delivery is tried again, what is signed, and where events may go."""

import hmac
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from pydantic import ValidationError

from guibin.core.settings import Settings
from guibin.outbox.rules import (
    JITTER,
    LONGEST_CONSUMER_PAUSE,
    PAUSES,
    TRIES,
    body_of,
    is_address_allowed,
    is_url_allowed,
    next_try,
    read_networks,
    signature_of,
)

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)


def test_tries_go_on_for_three_days_and_then_end() -> None:
    assert sum(PAUSES, timedelta()) > timedelta(days=3)
    assert [next_try(tries, now=NOW, spread=0) for tries in range(1, TRIES)] == [NOW + pause for pause in PAUSES]
    assert next_try(TRIES, now=NOW, spread=0) is None


def test_what_failed_together_comes_back_apart() -> None:
    assert next_try(1, now=NOW, spread=-1) == NOW + PAUSES[0] * (1 - JITTER)
    assert next_try(1, now=NOW, spread=1) == NOW + PAUSES[0] * (1 + JITTER)


def test_a_consumer_of_ours_is_tried_for_ever_and_never_waits_long() -> None:
    assert next_try(1, now=NOW, spread=0, for_ever=True) == NOW + PAUSES[0]
    assert next_try(500, now=NOW, spread=0, for_ever=True) == NOW + LONGEST_CONSUMER_PAUSE


def test_the_same_event_is_the_same_bytes() -> None:
    assert body_of({"b": "积分", "a": 1}) == body_of({"a": 1, "b": "积分"}) == '{"a":1,"b":"积分"}'.encode()


def test_each_secret_signs_the_time_and_the_bytes_of_the_body() -> None:
    seconds = int(NOW.timestamp())
    old, new = (hmac.digest(key, f"{seconds}.{{}}".encode(), "sha256").hex() for key in (b"old", b"new"))
    assert signature_of(b"{}", {2: b"new", 1: b"old"}, at=NOW) == f"t={seconds},k1={old},k2={new}"
    later = signature_of(b"{}", {2: b"new"}, at=NOW + timedelta(seconds=1))
    assert new not in later


G8 = (
    "http://hooks.bank.example/",
    "http://169.254.169.254/latest/meta-data",
    "https://169.254.169.254/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://10.0.0.8/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://localhost/",
    "https://core/",
    "https://metadata.google.internal/",
    "https://printer.local./",
    "https://user:word@hooks.bank.example/",
    "https://hooks.bank.example/#part",
    "https://hooks.bank.example:99999/",
    "https://hooks.bank.example\\@127.0.0.1/",
    "https://hooks.bank .example/",
    "https://钩.example/",
    "https:///path",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://hooks.bank.example/",
    "",
    "https://hooks.bank.example/" + "a" * 500,
)


@pytest.mark.parametrize("url", G8)
def test_g8_an_address_inside_or_of_another_kind_is_not_allowed_outside_development(url: str) -> None:
    assert not is_url_allowed(url, in_development=False)


@pytest.mark.parametrize(
    "url", ["https://hooks.bank.example/guibin?x=1", "https://8.8.8.8:8443/", "https://[2400:3200::1]/"]
)
def test_a_public_https_address_is_allowed(url: str) -> None:
    assert is_url_allowed(url, in_development=False)


def test_the_banks_own_networks_are_allowed_where_they_are_named_and_no_others() -> None:
    own = read_networks("10.20.0.0/16, fd00:1::/32")
    assert is_url_allowed("https://10.20.3.4/", in_development=False, networks=own)
    assert is_url_allowed("https://hooks.bank.internal/", in_development=False, networks=own)
    assert not is_url_allowed("https://10.21.0.1/", in_development=False, networks=own)
    assert not is_url_allowed("http://10.20.3.4/", in_development=False, networks=own)
    assert is_address_allowed(ip_address("fd00:1::5"), networks=own)
    assert is_address_allowed(ip_address("::ffff:10.20.3.4"), networks=own)
    assert not is_address_allowed(ip_address("127.0.0.1"), networks=own)


def test_in_development_this_machine_is_allowed_and_other_kinds_are_not() -> None:
    assert is_url_allowed("http://127.0.0.1:9000/hook", in_development=True)
    assert not is_url_allowed("file:///etc/passwd", in_development=True)


def test_a_list_that_holds_no_network_stops_the_start() -> None:
    assert Settings(webhook_networks="10.0.0.0/8").webhook_networks == "10.0.0.0/8"
    with pytest.raises(ValidationError):
        Settings(webhook_networks="10.0.0.0/8, the bank")
