import json
from pathlib import Path
from typing import Any

import pytest

from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyFileInvalid, KeyMaterial, complete_key_file, read_key_file, write_key_file
from guibin.security.private_files import replace, write_new


def key_document(directory: Path) -> dict[str, Any]:
    path = directory / "good.json"
    write_key_file(path, KeyMaterial.generate())
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def refusal(directory: Path, content: bytes) -> str:
    path = directory / "keys.json"
    path.write_bytes(content)
    with pytest.raises(KeyFileInvalid) as caught:
        read_key_file(path)
    return str(caught.value)


def test_a_new_key_file_belongs_to_its_owner_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys.json"
    KeyRing.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyRing.create(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        KeyRing.create(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_all_keys_of_a_new_file_differ() -> None:
    material = KeyMaterial.generate()
    keys = [*material.key_encryption_keys.values(), *material.index_keys.values(), *material.signing_keys.values()]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {32}


def test_a_written_file_is_read_back(tmp_path: Path) -> None:
    material = KeyMaterial.generate()
    write_key_file(tmp_path / "keys.json", material)
    assert read_key_file(tmp_path / "keys.json") == material


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileInvalid, match=r"absent\.json: No such file or directory"):
        read_key_file(tmp_path / "absent.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"current":1,"current":2}'])
def test_what_is_no_json_object_is_no_key_file(tmp_path: Path, content: bytes) -> None:
    assert "keys.json: " in refusal(tmp_path, content)


@pytest.mark.parametrize("section", ["key_encryption_keys", "index_keys", "signing_keys"])
@pytest.mark.parametrize("value", [None, [], "x"])
def test_a_missing_section_is_named(tmp_path: Path, section: str, value: object) -> None:
    document = {**key_document(tmp_path), section: value}
    assert f"{section} is missing" in refusal(tmp_path, json.dumps(document).encode())


@pytest.mark.parametrize("current", [None, 2, "1", True, 1.0])
def test_the_current_version_must_be_one_of_the_versions(tmp_path: Path, current: object) -> None:
    document = {**key_document(tmp_path), "current": current}
    assert "current must be the version" in refusal(tmp_path, json.dumps(document).encode())


@pytest.mark.parametrize("version", ["0", "01", "65536", "-1", "a", "1.0", "１", "9" * 5_000])
def test_a_version_is_a_whole_number_of_two_bytes(tmp_path: Path, version: str) -> None:
    document = key_document(tmp_path)
    document["key_encryption_keys"][version] = document["key_encryption_keys"]["1"]
    assert "a whole number from 1 to 65535" in refusal(tmp_path, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("section", "name"), [("key_encryption_keys", "1"), ("index_keys", "phone"), ("signing_keys", "qr")]
)
@pytest.mark.parametrize(
    "key", [None, 7, "", "c2hvcnQ=", "not base64", "王", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"]
)
def test_a_key_that_is_not_32_bytes_is_named_and_not_shown(
    tmp_path: Path, section: str, name: str, key: object
) -> None:
    document = key_document(tmp_path)
    document[section][name] = key
    message = refusal(tmp_path, json.dumps(document).encode())
    assert f"{section} needs 32 bytes in base64 for {name}" in message
    assert not (isinstance(key, str) and len(key) > 1 and key in message)


def test_the_repr_of_key_material_shows_no_key() -> None:
    material = KeyMaterial.generate()
    assert repr(material.key_encryption_keys[1])[2:10] not in repr(material)


def test_a_private_file_can_be_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_new(path, b"old")
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_from_before_the_choice_of_a_cipher_means_aes_and_sha256(tmp_path: Path) -> None:
    document = key_document(tmp_path)
    del document["cipher"], document["index_hash"]
    (tmp_path / "keys.json").write_text(json.dumps(document))
    material = read_key_file(tmp_path / "keys.json")
    assert (material.cipher, material.index_hash) == ("aes-256-gcm", "sha256")


@pytest.mark.parametrize(("choice", "known"), [("cipher", "aes-256-gcm, sm4-gcm"), ("index_hash", "sha256, sm3")])
def test_an_unknown_choice_is_refused(tmp_path: Path, choice: str, known: str) -> None:
    document = key_document(tmp_path) | {choice: "rot13"}
    assert refusal(tmp_path, json.dumps(document).encode()).endswith(f"{choice} must be one of {known}")


def test_completing_adds_what_a_newer_version_asks_for_and_keeps_every_other_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    document = key_document(tmp_path)
    del document["index_keys"]["otp"], document["signing_keys"]["download"]
    path.write_text(json.dumps(document))
    assert complete_key_file(path) == ["index_keys.otp", "signing_keys.download"]
    completed = json.loads(path.read_bytes())
    assert completed["index_keys"]["phone"] == document["index_keys"]["phone"]
    assert read_key_file(path).index_keys["otp"] != b""
    assert complete_key_file(path) == []
