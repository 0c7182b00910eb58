"""Which settings a production process must not start with. Pure but for the key file, which it reads."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from guibin.core.settings import Settings
from guibin.security.key_file import KeyFileInvalid, read_key_file

_DRIVER: Final = "postgresql+asyncpg://"
_KNOWN_PASSWORDS: Final = frozenset(
    {"", "guibin", "postgres", "password", "secret", "changeme", "admin", "test", "demo"}
)
_OWN_NAMES: Final = ("localhost", ".local", ".localhost", ".test", ".example", ".invalid")
_SHORTEST_SECRET: Final = 16
_FEWEST_BYTES: Final = 8
"""A random key of 32 bytes has fewer different ones less than once in 10^30."""

Findings = Iterator[tuple[str, str]]


def unsafe_settings(settings: Settings) -> dict[str, str]:
    """Return the names of the settings that production refuses, each with the reason."""
    found: dict[str, str] = {}
    for check in (_databases, _upstreams, _hosts, _networks, _secrets, _key_file, _logs):
        found.update(check(settings))
    return found


def _databases(settings: Settings) -> Findings:
    for name in ("database_url", "customer_database_url", "bank_database_url", "worker_database_url"):
        url = getattr(settings, name)
        if url is None:
            continue
        if not url.startswith(_DRIVER):
            yield name, "is no address of Postgres"
        elif (password := urlsplit(url).password) is not None and password.lower() in _KNOWN_PASSWORDS:
            yield name, "has a password that everybody knows"


def _upstreams(settings: Settings) -> Findings:
    """Hold every other system's address to https and to a host that is no simulator's."""
    for name in type(settings).model_fields:
        url = getattr(settings, name)
        if not name.endswith("_url") or name.endswith("database_url") or not isinstance(url, str):
            continue
        parts = urlsplit(url)
        if parts.scheme != "https":
            yield name, "is not https"
        elif _is_own(parts.hostname or ""):
            yield name, "is a simulator's"


def _is_own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in _OWN_NAMES or host.endswith(_OWN_NAMES[1:])


def _hosts(settings: Settings) -> Findings:
    if any("*" in host or not host.strip() for host in settings.allowed_hosts.split(",")):
        yield "allowed_hosts", "lets every host through"
    origins = [origin.strip() for origin in settings.allowed_origins.split(",") if origin.strip()]
    if any("*" in origin or not origin.startswith("https://") for origin in origins):
        yield "allowed_origins", "lets pages in that are not https, or all of them"


def _networks(settings: Settings) -> Findings:
    for part in filter(None, (part.strip() for part in settings.trusted_proxies.split(","))):
        try:
            if ip_network(part).prefixlen == 0:
                yield "trusted_proxies", "trusts everybody"
        except ValueError:
            yield "trusted_proxies", "is no list of addresses and networks"


def _secrets(settings: Settings) -> Findings:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and len(value.get_secret_value()) < _SHORTEST_SECRET:
            yield name, f"is shorter than {_SHORTEST_SECRET} characters"


def _key_file(settings: Settings) -> Findings:
    if settings.keys_file is None:
        yield "keys_file", "is not set"
        return
    try:
        keys = _keys_in(settings.keys_file)
    except KeyFileInvalid:
        yield "keys_file", "cannot be read, or a key in it is not 32 bytes"
        return
    if len(set(keys)) < len(keys) or any(len(set(key)) < _FEWEST_BYTES for key in keys):
        yield "keys_file", "has a key twice, or one that is not random"


def _keys_in(path: Path) -> list[bytes]:
    material = read_key_file(path)
    return [
        *material.key_encryption_keys.values(),
        *material.index_keys.values(),
        *material.signing_keys.values(),
    ]


def _logs(settings: Settings) -> Findings:
    if settings.log_level.lower() == "debug":
        yield "log_level", "writes too much"
