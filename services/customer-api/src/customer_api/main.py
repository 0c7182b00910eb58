"""The customer port: for the bank's mobile app and its WeChat pages."""

from fastapi import APIRouter, FastAPI

from customer_api.audit.router import router as audit
from customer_api.auth import CustomerEntrance, CustomerIdentity
from customer_api.care.router import router as care
from customer_api.contact.router import router as contact
from customer_api.customers.home import router as home
from customer_api.customers.router import router as customers
from customer_api.gifts.router import router as gifts
from customer_api.handovers.router import router as handovers
from customer_api.managers.codes import router as manager_codes
from customer_api.managers.router import router as managers
from customer_api.parts import AUDIENCE, open_parts
from customer_api.points.codes import router as points_codes
from customer_api.points.earning import router as earning
from customer_api.points.freezes import router as points_freezes
from customer_api.points.household import router as household_points
from customer_api.points.router import router as points
from customer_api.points.statements import router as statements
from customer_api.points.transfers import router as transfers
from customer_api.points.value import router as points_value
from customer_api.privacy.router import router as privacy
from customer_api.relations.router import router as relations
from customer_api.rights.donations import router as donations
from customer_api.rights.favourites import router as favourites
from customer_api.rights.images import router as images
from customer_api.rights.packages import router as packages
from customer_api.rights.proposals import router as proposals
from customer_api.rights.ratings import router as ratings
from customer_api.rights.reservations import router as reservations
from customer_api.rights.router import router as rights
from customer_api.rights.slots import router as slots
from customer_api.rights.substitutes import router as substitutes
from customer_api.sessions.router import router as sessions
from customer_api.sessions.step_ups import router as step_ups
from customer_api.suppliers.callbacks import router as callbacks
from guibin import wiring
from guibin.core.schema import SCHEMA_VERSION
from guibin.core.settings import Profile, Settings
from guibin.security.session_tokens import jwks_of
from guibin.sessions.service import TOKEN_SECONDS
from guibin.web import StartRefused, TokenSource, create_port
from guibin.web.serving import serve as serve_port

ROUTERS: tuple[APIRouter, ...] = (
    sessions,
    step_ups,
    home,
    customers,
    relations,
    managers,
    manager_codes,
    care,
    points,
    earning,
    household_points,
    points_codes,
    points_freezes,
    statements,
    transfers,
    points_value,
    rights,
    images,
    donations,
    favourites,
    ratings,
    reservations,
    slots,
    packages,
    proposals,
    substitutes,
    gifts,
    contact,
    handovers,
    privacy,
    audit,
    callbacks,
)

DESCRIPTION = """积分、权益与在线兑换。The customer is always the token's; no customer id is ever taken from the caller.

Every refusal is `application/problem+json` with a stable `code`. Changing calls take an `Idempotency-Key`: after a
broken connection send the same call with the same key, and one redemption comes of it."""


def create_app(settings: Settings) -> FastAPI:
    """Make the application.

    Raises:
        StartRefused: the settings are unsafe or incomplete.
    """
    wiring.connect()
    return create_port(
        settings,
        name="guibin-customer-api",
        title="Guibin customer port",
        description=DESCRIPTION,
        routers=ROUTERS,
        identity=CustomerIdentity(settings.session_issuer),
        database_url=settings.required("customer_database_url"),
        tokens=token_sources(settings),
        schema_version=SCHEMA_VERSION,
        parts=open_parts,
        entrance=CustomerEntrance(settings.session_issuer),
    )


def token_sources(settings: Settings) -> list[TokenSource]:
    """Return whose tokens the port accepts: our own sessions', in development also those of `guibin token`.

    Raises:
        StartRefused: production without a file of session keys.
    """
    own = TokenSource(
        settings.session_issuer,
        AUDIENCE,
        jwks_of(settings.effective_session_keys_file),
        max_life_seconds=TOKEN_SECONDS,
    )
    if settings.profile is Profile.PRODUCTION:
        if settings.session_keys_file is None:
            raise StartRefused("the production profile needs GUIBIN_SESSION_KEYS_FILE")
        return [own]
    issuer = TokenSource(
        settings.customer_issuer, AUDIENCE, settings.effective_customer_jwks, settings.customer_algorithm
    )
    return [own, issuer]


def serve() -> None:
    """Serve the port until a signal, or until the parent process is gone."""
    settings = Settings()
    serve_port(lambda: create_app(settings), host=settings.host, port=settings.customer_port)


if __name__ == "__main__":
    serve()
