"""Development tokens for customers, staff and services, from the issuer on this machine."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import from_public, to_public
from guibin.core.settings import Profile
from guibin.customers.models import Customer, SourceRecord
from guibin.customers.personal import unseal
from guibin.organisation.models import ServiceClient, Staff
from guibin.security.ciphers import KeyRing
from guibin.security.development_issuer import DEMO_LOGIN, DevelopmentIssuer
from guibin.sessions.rules import CUSTOMER_SCOPES
from guibin_tools.errors import OperatorError
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings

CUSTOMER_AUDIENCE = "guibin-customer-api"
BANK_AUDIENCE = "guibin-bank-api"
EXCHANGE_AUDIENCE = "guibin-sessions"


class TokenDesk:
    """Issues tokens that live for 24 hours."""

    def __init__(self, settings: OperatorSettings) -> None:
        """Open the issuer, making its key pair where there is none.

        Raises:
            OperatorError: in the production profile, where the bank's own issuer counts.
        """
        if settings.profile is Profile.PRODUCTION:
            raise OperatorError("Development tokens are refused in the production profile: ask the bank's own issuer.")
        self._customers = DevelopmentIssuer.open(settings.issuer_dir, settings.customer_issuer)
        self._bank = DevelopmentIssuer.open(settings.issuer_dir, settings.bank_issuer)

    def of_customer(self, customer_id: UUID) -> str:
        """Return a token of a customer who is known to exist."""
        subject = to_public("cus", customer_id)
        return self._customers.issue(subject, CUSTOMER_AUDIENCE, scopes=CUSTOMER_SCOPES)

    async def of_public_customer(self, session: AsyncSession, public_id: str) -> str:
        """Return a token of the customer of a public id. Raises OperatorError when there is none."""
        customer_id = from_public("cus", public_id)
        if customer_id is None or await session.get(Customer, customer_id) is None:
            raise OperatorError(f"There is no customer {public_id}.")
        return self.of_customer(customer_id)

    async def of_bank_app(self, session: AsyncSession, keys: KeyRing, public_id: str) -> str:
        """Return what the bank's own app would trade for a session of a customer, by the customer's public id.

        Raises:
            OperatorError: there is no such customer, or none with a number of the bank.
        """
        customer_id = from_public("cus", public_id)
        query = select(SourceRecord).where(
            SourceRecord.customer_id == customer_id, col(SourceRecord.customer_no_enc).is_not(None)
        )
        record = (await session.exec(query)).first()
        number = None if record is None else unseal(keys, "source_record", record.model_dump(), fields=("customer_no",))
        if not number or number["customer_no"] is None:
            raise OperatorError(f"There is no customer {public_id} with a number of the bank.")
        return self._customers.issue(number["customer_no"], EXCHANGE_AUDIENCE, lifetime=timedelta(minutes=5))

    async def of_staff(self, session: AsyncSession, no: str) -> str:
        """Return a token of a member of staff, by staff number. Raises OperatorError when there is none."""
        found = (await session.exec(select(Staff).where(Staff.no == no, col(Staff.active).is_(True)))).first()
        if found is None:
            raise OperatorError(f"There is no active member of staff with the number {no}.")
        return self._bank.issue(found.subject, BANK_AUDIENCE, acr=DEMO_LOGIN)

    async def of_service(self, session: AsyncSession, name: str) -> str:
        """Return a token of a service client with all its scopes. Raises OperatorError when there is none."""
        found = (await session.exec(select(ServiceClient).where(ServiceClient.name == name))).first()
        if found is None:
            raise OperatorError(f"There is no service client named {name}.")
        return self._bank.issue(found.subject, BANK_AUDIENCE, scopes=found.scopes)


async def issue_token(
    settings: OperatorSettings,
    *,
    customer: str | None = None,
    bank_app: str | None = None,
    staff: str | None = None,
    service: str | None = None,
) -> str:
    """Return a token of exactly one caller: a customer's public id, a staff number or a service's name.

    Raises:
        OperatorError: none or several are named, or the one is unknown.
    """
    if [customer, bank_app, staff, service].count(None) != 3:  # noqa: PLR2004 - three of the four are left out
        raise OperatorError("Name one of --customer, --bank-app, --staff and --service.")
    desk = TokenDesk(settings)
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        if customer is not None:
            return await desk.of_public_customer(session, customer)
        if bank_app is not None:
            return await desk.of_bank_app(session, open_keys(settings), bank_app)
        if staff is not None:
            return await desk.of_staff(session, staff)
        return await desk.of_service(session, service or "")
