"""Signatures of call-backs: over the very bytes, by a secret of the supplier, and at about this time."""

from datetime import UTC, datetime, timedelta

import pytest

from guibin.outbox.rules import is_signed, signature_of

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
BODY = b'{"id":"e1","type":"order.done"}'
OURS, OTHER = "supsec_ours", "supsec_other"


def header(secret: str = OURS, body: bytes = BODY, at: datetime = NOW) -> str:
    return signature_of(body, {1: secret.encode()}, at=at)


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (None, BODY),
        ("", BODY),
        ("t=1", BODY),
        (header(OTHER), BODY),
        (header()[:-1] + ("1" if header()[-1] == "0" else "0"), BODY),
        (header().upper(), BODY),
        (f"{header()},", BODY),
        (header(), BODY.replace(b"e1", b"e2")),
        (header(), BODY.replace(b",", b", ")),
        (header(), b""),
    ],
    ids=["none", "empty", "no mark", "another key", "probe", "upper case", "more", "altered", "rewritten", "no body"],
)
def test_c1_c2_what_is_not_signed_over_these_bytes_by_this_secret_is_no_signature(
    given: str | None, body: bytes
) -> None:
    assert is_signed(header(), BODY, [OURS], now=NOW)
    assert not is_signed(given, body, [OURS], now=NOW)


@pytest.mark.parametrize(("seconds", "good"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_c3_a_signature_is_good_for_300_seconds_either_way(seconds: int, *, good: bool) -> None:
    assert is_signed(header(at=NOW + timedelta(seconds=seconds)), BODY, [OURS], now=NOW) is good


def test_either_secret_signs_while_a_secret_changes() -> None:
    both = signature_of(BODY, {1: OURS.encode(), 2: OTHER.encode()}, at=NOW)
    assert is_signed(both, BODY, [OURS], now=NOW)
    assert is_signed(header(OTHER), BODY, [OURS, OTHER], now=NOW)
