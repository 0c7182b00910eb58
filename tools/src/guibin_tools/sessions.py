"""What a command works with: sessions as one role, and the keys of this deployment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import DBAPIError

from guibin.core import clock
from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.settings import Profile
from guibin.security.ciphers import KeyRing
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.security.key_file import KeyFileInvalid, complete_key_file
from guibin.security.session_tokens import SessionKeys, write_session_keys
from guibin_tools.connections import connected
from guibin_tools.databases import url_for
from guibin_tools.errors import OperatorError
from guibin_tools.roles import URL_SETTINGS, Role
from guibin_tools.settings import OperatorSettings

_POOL = 4


@asynccontextmanager
async def sessions_as(role: Role, settings: OperatorSettings) -> AsyncIterator[SessionFactory]:
    """Hand out sessions of a role.

    Raises:
        OperatorError: there is no database, it does not answer, or the connection is lost.
    """
    url = url_for(role, settings)
    async with connected(url, URL_SETTINGS[role]):
        pass
    engine = make_engine(url, pool_size=_POOL, application="guibin-tools")
    try:
        yield make_session_factory(engine)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise OperatorError(f"The connection to the database of {URL_SETTINGS[role]} was lost.") from error
        raise
    finally:
        await engine.dispose()


def prepare_secrets(settings: OperatorSettings) -> None:
    """Make what the services want to find at their start: in development the keys and the issuer's key set.

    Raises:
        OperatorError: the key file is missing in production, or unusable.
    """
    open_keys(settings)
    if settings.profile is Profile.DEVELOPMENT:
        DevelopmentIssuer.open(settings.issuer_dir, settings.bank_issuer)
        keep_session_keys(settings)


def open_keys(settings: OperatorSettings) -> KeyRing:
    """Return the keys of this deployment; in development what is missing is made.

    Raises:
        OperatorError: the key file is missing in production, or unusable.
    """
    path = settings.effective_keys_file
    if settings.profile is Profile.DEVELOPMENT and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first; its keys count
            return KeyRing.create(path)
    try:
        if settings.profile is Profile.DEVELOPMENT:
            complete_key_file(path)
        return KeyRing.load(path)
    except KeyFileInvalid as error:
        raise OperatorError(f"GUIBIN_KEYS_FILE: {error}.") from error


def keep_session_keys(settings: OperatorSettings) -> None:
    """Make the keys that sign customers' access tokens where there are none."""
    path = settings.effective_session_keys_file
    if not path.exists():
        write_session_keys(path, SessionKeys.first(clock.now()))
