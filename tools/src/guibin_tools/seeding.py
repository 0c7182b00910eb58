"""Puts every domain's defaults into a database, adding what is missing and leaving what a bank has changed."""

from guibin import wiring
from guibin.core.database import SessionFactory
from guibin.core.unit_of_work import unit_of_work
from guibin_tools.roles import Role
from guibin_tools.sessions import prepare_secrets, sessions_as
from guibin_tools.settings import OperatorSettings


async def seed_database(settings: OperatorSettings) -> dict[str, int]:
    """Seed the database of the settings, as its owner; returns how many rows each domain added.

    Keys and development issuer are made as well, so that the services can start afterwards.
    """
    prepare_secrets(settings)
    async with sessions_as(Role.OWNER, settings) as factory:
        return await seed(factory)


async def seed(factory: SessionFactory) -> dict[str, int]:
    """Return how many rows each domain added, in one transaction of the owner."""
    async with unit_of_work(factory) as work:
        return {name: await seeder(work.session) for name, seeder in wiring.SEEDERS.items()}
