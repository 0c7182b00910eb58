import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from guibin.security.ciphers import DataKey, DecryptionFailed, KeyRing, WrappedKey
from guibin.security.key_file import INDEX_FIELDS, IndexField, KeyMaterial

OWNER, NEIGHBOUR = UUID(int=1), UUID(int=2)
ROW, OTHER_ROW = UUID(int=21), UUID(int=22)

RING = KeyRing(KeyMaterial.generate())
KEY = RING.open_data_key(RING.new_data_key(OWNER), OWNER)


def encrypted(text: str = "王小明") -> bytes:
    return KEY.encrypt(text, "customer", "name_enc", ROW)


@given(text=st.text())
def test_text_comes_back_as_it_was(text: str) -> None:
    assert KEY.decrypt(encrypted(text), "customer", "name_enc", ROW) == text


def test_the_ciphertext_begins_with_format_algorithm_and_key_version() -> None:
    key = RING.open_data_key(RING.new_data_key(OWNER, version=258), OWNER)
    ciphertext = key.encrypt("王小明", "customer", "name_enc", ROW)
    assert ciphertext[:4] == b"\x01\x01\x01\x02"
    assert len(ciphertext) == 4 + 12 + len("王小明".encode()) + 16


def test_the_same_text_never_gives_the_same_ciphertext() -> None:
    assert len({encrypted() for _ in range(100)}) == 100


def test_the_ciphertext_does_not_contain_the_text() -> None:
    assert "王小明".encode() not in encrypted()


@pytest.mark.parametrize(
    ("table", "column", "row_id"),
    [
        pytest.param("source_record", "name_enc", ROW, id="another table"),
        pytest.param("customer", "phone_enc", ROW, id="another column"),
        pytest.param("customer", "name_enc", OTHER_ROW, id="another row"),
        pytest.param("customername", "_enc", ROW, id="the same letters cut elsewhere"),
    ],
)
def test_a_value_moved_elsewhere_is_not_decrypted(table: str, column: str, row_id: UUID) -> None:
    with pytest.raises(DecryptionFailed):
        KEY.decrypt(encrypted(), table, column, row_id)


def test_a_flipped_bit_anywhere_is_found() -> None:
    ciphertext = encrypted("王")
    for position in range(len(ciphertext) * 8):
        altered = bytearray(ciphertext)
        altered[position // 8] ^= 1 << (position % 8)
        with pytest.raises(DecryptionFailed):
            KEY.decrypt(bytes(altered), "customer", "name_enc", ROW)


def test_a_ciphertext_cut_short_or_extended_is_not_decrypted() -> None:
    ciphertext = encrypted("")
    for altered in [*(ciphertext[:length] for length in range(len(ciphertext))), ciphertext + b"\x00"]:
        with pytest.raises(DecryptionFailed):
            KEY.decrypt(altered, "customer", "name_enc", ROW)


def test_the_key_version_is_bound_to_the_value_and_not_only_written_before_it() -> None:
    raw = AESGCM.generate_key(256)
    first, second = DataKey(raw, version=1), DataKey(raw, version=2)
    ciphertext = first.encrypt("王", "customer", "name_enc", ROW)
    relabelled = ciphertext[:2] + b"\x00\x02" + ciphertext[4:]
    with pytest.raises(DecryptionFailed):
        second.decrypt(relabelled, "customer", "name_enc", ROW)


def test_the_key_of_another_owner_does_not_decrypt() -> None:
    other = RING.open_data_key(RING.new_data_key(NEIGHBOUR), NEIGHBOUR)
    with pytest.raises(DecryptionFailed):
        other.decrypt(encrypted(), "customer", "name_enc", ROW)


def test_a_place_is_named_by_plain_names_only() -> None:
    with pytest.raises(ValueError, match="plain names"):
        KEY.encrypt("王", "customer|name_enc", "x", ROW)


def test_a_wrapped_key_opens_for_its_owner_only() -> None:
    wrapped = RING.new_data_key(OWNER)
    with pytest.raises(DecryptionFailed):
        RING.open_data_key(wrapped, NEIGHBOUR)


def test_a_wrapped_key_does_not_open_with_the_keys_of_another_deployment() -> None:
    wrapped = RING.new_data_key(OWNER)
    with pytest.raises(DecryptionFailed):
        KeyRing(KeyMaterial.generate()).open_data_key(wrapped, OWNER)


def test_an_altered_wrapped_key_does_not_open() -> None:
    wrapped = RING.new_data_key(OWNER)
    for position in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[position] ^= 1
        with pytest.raises(DecryptionFailed):
            RING.open_data_key(WrappedKey(bytes(altered)), OWNER)


@pytest.mark.parametrize("length", [0, 3, 6, 18, 33, 65])
def test_a_wrapped_key_of_the_wrong_length_does_not_open(length: int) -> None:
    wrapped = RING.new_data_key(OWNER)
    with pytest.raises(DecryptionFailed):
        RING.open_data_key(WrappedKey(wrapped[:length]), OWNER)


def test_an_opened_key_knows_its_version() -> None:
    assert RING.open_data_key(RING.new_data_key(OWNER, version=7), OWNER).version == 7


def two_versions(current: int, first: KeyMaterial) -> KeyRing:
    keys = {**first.key_encryption_keys, 2: b"2" * 32}
    return KeyRing(KeyMaterial(current, keys, first.index_keys, first.signing_keys))


def test_a_new_key_encryption_key_wraps_new_keys_and_old_ones_still_open() -> None:
    first = KeyMaterial.generate()
    old = KeyRing(first).new_data_key(OWNER)
    rotated = two_versions(2, first)
    assert rotated.open_data_key(old, OWNER).version == 1
    with pytest.raises(DecryptionFailed):
        KeyRing(first).open_data_key(rotated.new_data_key(OWNER), OWNER)


def test_a_key_encryption_key_that_is_not_current_yet_opens_what_another_process_wrapped_with_it() -> None:
    first = KeyMaterial.generate()
    wrapped = two_versions(2, first).new_data_key(OWNER)
    assert two_versions(1, first).open_data_key(wrapped, OWNER).version == 1


@pytest.mark.parametrize("field", INDEX_FIELDS)
def test_a_blind_index_is_the_keyed_hash_with_the_fields_own_key(field: IndexField) -> None:
    material = KeyMaterial.generate()
    expected = hmac.new(material.index_keys[field], b"13800001234", hashlib.sha256).digest()
    assert KeyRing(material).blind_index(field, "13800001234") == expected


def test_a_blind_index_differs_between_fields_and_between_deployments() -> None:
    indexes = {RING.blind_index(field, "x") for field in INDEX_FIELDS}
    indexes |= {KeyRing(KeyMaterial.generate()).blind_index("phone", "x")}
    assert len(indexes) == len(INDEX_FIELDS) + 1


def test_without_the_key_no_number_of_a_known_prefix_is_found_in_the_index() -> None:
    stored = {RING.blind_index("phone", f"1380000{suffix:04d}") for suffix in range(10_000)}
    guesses: list[Callable[[bytes], bytes]] = [
        lambda value: hashlib.sha256(value).digest(),
        lambda value: hmac.digest(b"", value, "sha256"),
        lambda value: hmac.digest(b"phone", value, "sha256"),
        lambda value: hmac.digest(bytes(32), value, "sha256"),
    ]
    assert len(stored) == 10_000
    for guess in guesses:
        assert stored.isdisjoint(guess(f"1380000{suffix:04d}".encode()) for suffix in range(10_000))


def test_a_signature_holds_for_its_purpose_and_payload_only() -> None:
    signature = RING.sign("cursor", b"page 2")
    assert len(signature) == 32
    assert RING.check("cursor", b"page 2", signature)
    assert not RING.check("cursor", b"page 3", signature)
    assert not RING.check("qr", b"page 2", signature)
    assert not RING.check("cursor", b"page 2", signature[:-1])
    assert not RING.check("cursor", b"page 2", b"")


def test_a_ring_and_its_keys_never_show_key_bytes() -> None:
    assert repr(RING) == "KeyRing(current=1)"
    assert repr(KEY) == "DataKey(version=1)"


def test_a_created_ring_is_the_one_that_is_loaded_later(tmp_path: Path) -> None:
    created = KeyRing.create(tmp_path / "keys.json")
    wrapped = created.new_data_key(OWNER)
    ciphertext = created.open_data_key(wrapped, OWNER).encrypt("王", "customer", "name_enc", ROW)
    loaded = KeyRing.load(tmp_path / "keys.json")
    assert loaded.open_data_key(wrapped, OWNER).decrypt(ciphertext, "customer", "name_enc", ROW) == "王"
    assert loaded.blind_index("name", "王") == created.blind_index("name", "王")
    assert loaded.check("qr", b"x", created.sign("qr", b"x"))
