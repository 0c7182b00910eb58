"""The SQL of the roles, as text."""

import pytest
from sqlalchemy.engine import make_url

from guibin_tools.errors import OperatorError
from guibin_tools.roles import (
    Role,
    RoleUrls,
    access_statements,
    administrator_script,
    derive_urls,
    driver_url,
    ensure_roles,
    role_statements,
)


def urls(database: str = "guibin") -> RoleUrls:
    return derive_urls("127.0.0.1", 5432, "secret", database)


def test_every_role_has_a_password_of_its_own_that_does_not_change() -> None:
    passwords = {make_url(urls().of(role)).password for role in Role}
    assert len(passwords) == len(Role)
    assert urls() == urls()


def test_another_server_secret_gives_other_passwords() -> None:
    assert derive_urls("127.0.0.1", 5432, "other").owner != urls().owner


def test_the_environment_names_the_setting_of_each_role() -> None:
    assert urls().environment["GUIBIN_BANK_DATABASE_URL"].startswith("postgresql+asyncpg://guibin_bank:")


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.BANK])
def test_a_services_time_outs_are_set_on_its_role(role: Role) -> None:
    statements = role_statements(role, None, exists=True)
    assert f"ALTER ROLE {role} SET lock_timeout = '3s'" in statements
    assert f"ALTER ROLE {role} SET statement_timeout = '30s'" in statements


def test_the_nightly_run_has_no_statement_time_out() -> None:
    assert "ALTER ROLE guibin_worker SET statement_timeout = '0'" in role_statements(Role.WORKER, None, exists=True)


def test_a_role_that_exists_is_mended_and_not_made_again() -> None:
    assert role_statements(Role.BANK, "verifier", exists=True)[0].startswith("ALTER ROLE guibin_bank LOGIN PASSWORD")


def test_nobody_but_the_roles_may_connect() -> None:
    assert access_statements("guibin")[0] == 'REVOKE ALL ON DATABASE "guibin" FROM PUBLIC'


def test_the_administrators_script_holds_no_password() -> None:
    script = administrator_script(urls())
    assert "CREATE ROLE guibin_worker LOGIN;" in script
    assert "PASSWORD '" not in script
    assert not any(str(make_url(urls().of(role)).password) in script for role in Role)


def test_a_driver_url_names_no_sqlalchemy_driver_and_can_change_the_database() -> None:
    assert driver_url("postgresql+asyncpg://a:b@h:1/x", "y") == "postgresql://a:b@h:1/y"


async def test_urls_of_different_databases_are_refused() -> None:
    mixed = RoleUrls(urls().owner, urls().customer, urls("other").bank, urls().worker)
    with pytest.raises(OperatorError, match="one and the same database"):
        await ensure_roles("postgresql://nobody@127.0.0.1:1/postgres", mixed)
