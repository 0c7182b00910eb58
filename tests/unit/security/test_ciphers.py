import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from guibin.security.aead import Sm4Gcm
from guibin.security.ciphers import DataKey, DecryptionFailed, KeyRing, WrappedKey
from guibin.security.key_file import INDEX_FIELDS, IndexField, KeyMaterial, rewrite_key_file, write_key_file

OWNER, NEIGHBOUR = UUID(int=1), UUID(int=2)
ROW, OTHER_ROW = UUID(int=21), UUID(int=22)

RING = KeyRing(KeyMaterial.generate())
KEY = RING.open_data_key(RING.new_data_key(OWNER), OWNER)

GM = KeyRing(KeyMaterial.generate("sm4-gcm", "sm3"))
SM4_KEY = GM.open_data_key(GM.new_data_key(OWNER), OWNER)


def encrypted(text: str = "王小明") -> bytes:
    return KEY.encrypt(text, "customer", "name_enc", ROW)


def test_a_key_that_is_made_open_is_the_one_that_its_wrapping_holds() -> None:
    wrapped, key = RING.make_data_key(OWNER, version=7)
    sealed = key.encrypt("王小明", "customer", "name_enc", OWNER)

    opened = RING.open_data_key(wrapped, OWNER)

    assert (opened.version, opened.decrypt(sealed, "customer", "name_enc", OWNER)) == (7, "王小明")


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
    first, second = (DataKey(AESGCM(raw), "aes-256-gcm", version) for version in (1, 2))
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


@given(text=st.text())
def test_under_sm4_text_comes_back_as_it_was(text: str) -> None:
    assert SM4_KEY.decrypt(SM4_KEY.encrypt(text, "customer", "name_enc", ROW), "customer", "name_enc", ROW) == text


def test_a_ciphertext_names_its_algorithm() -> None:
    assert SM4_KEY.encrypt("王", "customer", "name_enc", ROW)[:2] == b"\x01\x02"
    with pytest.raises(DecryptionFailed):
        SM4_KEY.decrypt(encrypted(), "customer", "name_enc", ROW)


def test_under_sm4_a_flipped_bit_anywhere_is_found() -> None:
    ciphertext = SM4_KEY.encrypt("王", "customer", "name_enc", ROW)
    for position in range(len(ciphertext) * 8):
        altered = bytearray(ciphertext)
        altered[position // 8] ^= 1 << (position % 8)
        with pytest.raises(DecryptionFailed):
            SM4_KEY.decrypt(bytes(altered), "customer", "name_enc", ROW)


def test_a_ring_that_goes_over_to_sm4_still_opens_what_aes_encrypted() -> None:
    first = KeyMaterial.generate()
    wrapped = KeyRing(first).new_data_key(OWNER)
    ciphertext = KeyRing(first).open_data_key(wrapped, OWNER).encrypt("王", "customer", "name_enc", ROW)
    national = KeyRing(replace(first, cipher="sm4-gcm"))
    assert national.open_data_key(wrapped, OWNER).decrypt(ciphertext, "customer", "name_enc", ROW) == "王"
    assert len(national.new_data_key(OWNER)) == len(wrapped) - 16


def test_sm4_gcm_gives_what_rfc_8998_says() -> None:
    plain = "".join(letter * 16 for letter in "ABCDEFEA").lower()
    cipher = Sm4Gcm(bytes.fromhex("0123456789abcdeffedcba9876543210"))
    given = cipher.encrypt(
        bytes.fromhex("00001234567800000000abcd"),
        bytes.fromhex(plain),
        bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    )
    assert given.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )


def test_a_national_ring_hashes_with_sm3() -> None:
    material = KeyMaterial.generate("sm4-gcm", "sm3")
    expected = hmac.new(material.index_keys["phone"], b"13800001234", "sm3").digest()
    assert KeyRing(material).blind_index("phone", "13800001234") == expected


def test_a_data_key_that_is_wrapped_again_is_the_same_key() -> None:
    first = KeyMaterial.generate()
    old = KeyRing(first).new_data_key(OWNER, version=3)
    ciphertext = KeyRing(first).open_data_key(old, OWNER).encrypt("王", "customer", "name_enc", ROW)
    ring = two_versions(2, first)
    new = ring.wrap_again(old, OWNER)
    assert new[2:4] == ring.current_mark != old[2:4]
    assert ring.open_data_key(new, OWNER).decrypt(ciphertext, "customer", "name_enc", ROW) == "王"
    with pytest.raises(DecryptionFailed):
        ring.wrap_again(old, NEIGHBOUR)


def test_a_ring_reads_its_file_again_when_it_meets_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    material = KeyMaterial.generate()
    write_key_file(path, material)
    serving = KeyRing.load(path)
    rewrite_key_file(
        path, replace(material, current=2, key_encryption_keys={**material.key_encryption_keys, 2: b"2" * 32})
    )
    wrapped = KeyRing.load(path).new_data_key(OWNER)
    assert serving.open_data_key(wrapped, OWNER).version == 1
    assert serving.new_data_key(OWNER)[2:4] == b"\x00\x02"


def test_a_key_that_no_file_knows_stays_closed(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keys.json")
    strange = two_versions(2, KeyMaterial.generate()).new_data_key(OWNER)
    with pytest.raises(DecryptionFailed):
        ring.open_data_key(strange, OWNER)
