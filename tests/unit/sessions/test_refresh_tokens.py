"""Refresh tokens: each leads to the next, and none can be made up."""

from pathlib import Path

import pytest

from guibin.core.ids import new_id
from guibin.security.ciphers import KeyRing
from guibin.sessions.refresh_tokens import MOST_GENERATIONS, RefreshToken, recognise
from guibin.sessions.rules import Shown


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture
def first() -> RefreshToken:
    return RefreshToken.first(new_id(), new_id())


def test_a_token_is_read_as_it_was_written(first: RefreshToken) -> None:
    assert RefreshToken.read(first.text) == first
    assert len(first.secret) * 8 == 256


def test_a_token_does_not_print_its_secret(first: RefreshToken) -> None:
    assert first.secret.hex() not in repr(first)
    assert first.text not in repr(first)


def test_what_is_written_otherwise_is_no_token_of_the_family(first: RefreshToken, keys: KeyRing) -> None:
    text = first.text
    for changed in (text.swapcase(), text[:-1], text + "A", f" {text}", f"{text}="):
        read = RefreshToken.read(changed)
        assert read is None or recognise(keys, read, generation=0, refresh_hash=first.hash(keys)) is Shown.FORGED


def test_of_several_spellings_of_the_last_character_one_counts(first: RefreshToken) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [RefreshToken.read(first.text[:-1] + last) is not None for last in alphabet].count(True) == 16


def test_every_token_that_was_good_is_told_by_its_age(first: RefreshToken, keys: KeyRing) -> None:
    chain = [first]
    for _ in range(5):
        chain.append(chain[-1].next(keys))
    newest = chain[-1]
    shown = [recognise(keys, token, generation=5, refresh_hash=newest.hash(keys)) for token in chain]
    assert shown == [Shown.OLDER] * 4 + [Shown.BEFORE, Shown.GOOD]
    assert len({token.text for token in chain}) == 6


def test_a_token_of_more_than_a_week_ago_is_not_looked_into(first: RefreshToken, keys: KeyRing) -> None:
    assert MOST_GENERATIONS <= 1_100  # each generation back is work under the lock of the session's row
    newest = first
    for _ in range(MOST_GENERATIONS):
        newest = newest.next(keys)
    shown = [
        recognise(keys, first, generation=token.generation, refresh_hash=token.hash(keys))
        for token in (newest, newest.next(keys))
    ]
    assert shown == [Shown.OLDER, Shown.FORGED]


def test_a_secret_that_was_made_up_belongs_to_no_family(first: RefreshToken, keys: KeyRing) -> None:
    newest = first.next(keys).next(keys)
    for generation in range(4):
        forged = RefreshToken(first.customer_id, first.session_id, generation, bytes(32))
        assert recognise(keys, forged, generation=2, refresh_hash=newest.hash(keys)) is Shown.FORGED


def test_another_deployments_keys_lead_elsewhere(first: RefreshToken, keys: KeyRing, tmp_path: Path) -> None:
    others = KeyRing.create(tmp_path / "keys.json")
    assert first.next(keys) != first.next(others)
    assert first.hash(keys) != first.hash(others)
