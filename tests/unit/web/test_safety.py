"""What production refuses (trust: T-SUP-2, T-CHAOS-5)."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from guibin.core.settings import Profile, Settings
from guibin.security.ciphers import KeyRing
from guibin.web.checks import StartRefused, check_settings, check_worker_settings
from guibin.web.safety import unsafe_settings

SAFE: dict[str, object] = {
    "profile": Profile.PRODUCTION,
    "bank_database_url": "postgresql+asyncpg://guibin_bank:4f1c09e2a7@db/guibin",
    "allowed_hosts": "guibin.bank.cn",
    "trusted_proxies": "10.0.0.0/8",
    "allowed_origins": "https://m.bank.cn",
    "sms_url": "https://sms.bank.cn/send",
    "sms_token": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    KeyRing.create(path)
    return path


def settings(keys: Path, **changed: object) -> Settings:
    return Settings.model_validate({"keys_file": keys, **SAFE, **changed})


def test_safe_settings_are_safe(keys: Path) -> None:
    assert unsafe_settings(settings(keys)) == {}
    check_worker_settings(settings(keys))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bank_database_url", "sqlite+aiosqlite:///guibin.db"),
        ("worker_database_url", "postgresql://guibin_worker:4f1c09e2a7@db/guibin"),
        ("customer_database_url", "postgresql+asyncpg://guibin_customer:postgres@db/guibin"),
        ("customer_database_url", "postgresql+asyncpg://guibin_customer:@db/guibin"),
        ("sms_url", "http://sms.bank.cn/send"),
        ("sms_url", "https://127.0.0.1:9000/sms"),
        ("sms_url", "https://localhost/sms"),
        ("wechat_api_url", "http://api.weixin.qq.com"),
        ("wechat_api_url", "https://simulator.local"),
        ("wechat_api_url", "https://[::1]/"),
        ("allowed_hosts", "*"),
        ("allowed_hosts", "guibin.bank.cn,*.bank.cn"),
        ("allowed_hosts", "guibin.bank.cn,,"),
        ("allowed_origins", "*"),
        ("allowed_origins", "https://*.bank.cn"),
        ("allowed_origins", "http://m.bank.cn"),
        ("trusted_proxies", "0.0.0.0/0"),
        ("trusted_proxies", "::/0"),
        ("trusted_proxies", "proxy"),
        ("sms_token", "short"),
        ("wechat_mini_program_secret", "0123456789abcde"),
        ("keys_file", None),
        ("keys_file", Path("nowhere/keys.json")),
        ("log_level", "debug"),
    ],
)
def test_production_refuses_what_lets_strangers_in(keys: Path, name: str, value: object) -> None:
    assert list(unsafe_settings(settings(keys, **{name: value}))) == [name]
    for check in (check_worker_settings, check_settings):
        with pytest.raises(StartRefused, match="GUIBIN_"):
            check(settings(keys, **{name: value}))
        check(settings(keys, profile=Profile.DEVELOPMENT, **{name: value}))


@pytest.mark.parametrize("key", [b"\0" * 32, b"a" * 32, b"12345678" * 3 + b"1234567", b"0123456789abcdef" * 2])
def test_production_refuses_keys_that_are_short_poor_or_used_twice(keys: Path, tmp_path: Path, key: bytes) -> None:
    document = json.loads(keys.read_bytes())
    document["index_keys"]["phone"] = document["signing_keys"]["cursor"] = b64encode(key).decode()
    poor = tmp_path / "keys.json"
    poor.write_text(json.dumps(document))
    assert list(unsafe_settings(settings(poor))) == ["keys_file"]


def test_a_refusal_names_settings_and_reasons_and_no_value(keys: Path) -> None:
    unsafe = settings(keys, sms_token="hunter2", bank_database_url="postgresql+asyncpg://guibin_bank:admin@db/guibin")
    with pytest.raises(StartRefused) as refused:
        check_worker_settings(unsafe)
    message = str(refused.value)
    assert "GUIBIN_SMS_TOKEN is shorter" in message
    assert "GUIBIN_BANK_DATABASE_URL has a password that everybody knows" in message
    assert "hunter2" not in message
    assert "admin" not in message
