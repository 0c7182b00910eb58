"""Whom a redemption serves when it is not the customer: kept encrypted, for the supplier and for nobody else."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.personal import seal
from guibin.customers.repository import get_as_stored
from guibin.rights.models import Redemption, RedemptionBeneficiary
from guibin.rights.offer import Beneficiary
from guibin.rights.repository import redemptions
from guibin.rights.service.new_redemption import NewRedemption
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing, WrappedKey
from guibin.security.masking import CertificateNo, PersonName, Phone

_TABLE = RedemptionBeneficiary.__tablename__


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody else, who agrees; all values print and serialise masked."""

    name: PersonName
    phone: Phone
    certificate_no: CertificateNo | None = None

    @property
    def kind(self) -> Beneficiary:
        """How the person counts against what the terms ask for."""
        return Beneficiary.ALLOWED if self.certificate_no is None else Beneficiary.CERTIFIED


def seal_beneficiary(
    keys: KeyRing, redemption: NewRedemption, person: Person, *, data_key: bytes | None
) -> dict[str, str | None]:
    """Encrypt whom a redemption serves under the customer's wrapped key: ciphertexts in hexadecimal digits.

    Raises:
        NotFound: the customer is erased.
    """
    if data_key is None:
        raise NotFound
    key = keys.open_data_key(WrappedKey(data_key), redemption.customer_id)
    certificate = None if person.certificate_no is None else person.certificate_no.value
    values = {"name": person.name.value, "phone": person.phone.value, "certificate": certificate}
    sealed = seal(key, str(_TABLE), redemption.id, values)
    return {name: cipher.hex() if (cipher := sealed[f"{name}_enc"]) else None for name in values}


async def show_beneficiary(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, redemption: Redemption
) -> Person | None:
    """Return whom a redemption serves; None for the customer, and once the person was forgotten.

    Raises:
        NotFound: the customer is out of scope.
    """
    row = await redemptions.find_beneficiary(session, scope, redemption=redemption)
    if row is None:
        return None
    customer = await get_as_stored(session, scope, customer_id=redemption.customer_id)
    if customer.data_key is None:
        return None
    key = keys.open_data_key(WrappedKey(customer.data_key), customer.id)

    def opened(column: str, cipher: bytes) -> str:
        return key.decrypt(cipher, str(_TABLE), column, redemption.id)

    certificate = None if row.certificate_enc is None else CertificateNo(opened("certificate_enc", row.certificate_enc))
    return Person(PersonName(opened("name_enc", row.name_enc)), Phone(opened("phone_enc", row.phone_enc)), certificate)
