"""The container files name only what exists: there is no engine here to find out by trying."""

import importlib.metadata
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from guibin_tools.main import app
from guibin_tools.settings import OperatorSettings

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "guibin"}
SCRIPTS = {script.name for script in importlib.metadata.entry_points(group="console_scripts")}


def known_settings() -> set[str]:
    names = {f"GUIBIN_{name.upper()}" for name in OperatorSettings.model_fields}
    return names | {"GUIBIN_PG_PORT"}


def commands_of(service: dict[str, Any]) -> list[list[str]]:
    command: list[str] = service["command"]
    if command[:2] != ["sh", "-c"]:
        return [command]
    return [shlex.split(part) for part in command[2].split("&&")]


def test_the_services_are_the_ones_that_the_product_has() -> None:
    assert set(SERVICES) == {"postgres", "migrate", "customer-api", "bank-api", "worker"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_a_service_exists(name: str) -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined] # a group
    for program, *arguments in commands_of(OURS[name]):
        assert program in SCRIPTS
        if program == "guibin":
            assert arguments[0] in known


@pytest.mark.parametrize("text", [DOCKERFILE, (ROOT / "docker-compose.yml").read_text()], ids=["image", "compose"])
def test_every_setting_that_the_files_name_exists(text: str) -> None:
    assert set(re.findall(r"GUIBIN_[A-Z_]+", text)) <= known_settings()


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("customer-api", "GUIBIN_CUSTOMER_DATABASE_URL"),
        ("bank-api", "GUIBIN_BANK_DATABASE_URL"),
        ("worker", "GUIBIN_WORKER_DATABASE_URL"),
    ],
)
def test_a_service_is_given_its_own_database_url_and_no_other(name: str, setting: str) -> None:
    assert [key for key in SERVICES[name]["environment"] if key.endswith("DATABASE_URL")] == [setting]


def test_nobody_runs_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users == ["guibin"]
    assert SERVICES["postgres"]["user"] == "postgres"
    assert not any(service.get("privileged") or service.get("user") == "root" for service in SERVICES.values())


@pytest.mark.parametrize("name", ["customer-api", "bank-api", "worker"])
def test_the_schema_is_migrated_once_before_a_service_starts(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", ["postgres", "customer-api", "bank-api", "worker"])
def test_everything_that_stays_up_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ["customer-api", "bank-api"])
def test_a_port_is_asked_for_its_readiness_where_it_is_published_on_this_machine_only(name: str) -> None:
    (published,) = SERVICES[name]["ports"]
    host, outside, inside = published.split(":")
    assert (host, outside) == ("127.0.0.1", inside)
    assert f"http://127.0.0.1:{inside}/readyz" in " ".join(SERVICES[name]["healthcheck"]["test"])
    assert f"{OperatorSettings.model_fields[name.replace('-api', '_port')].default}" == inside


def test_the_image_copies_only_what_the_checkout_has() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    assert all((ROOT / source).exists() for source in copied)


def test_what_the_image_copies_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert set(copied) <= kept


def test_every_password_comes_from_outside() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.findall(r"://\w+:(?!\$\{)", text) == []
    assert COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
