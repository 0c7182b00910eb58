"""What the bank's people do with suppliers: add, change, see the secret once, say what they deliver.

The address and the secret are changed by two people: `guibin.suppliers.service.connecting`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.ids import new_id, to_public
from guibin.outbox.rules import Networks, is_url_allowed
from guibin.rights.repository.catalogue import get_right
from guibin.security.actors import Actor
from guibin.security.ciphers import DataKey, KeyRing
from guibin.security.masking import PersonName, Phone
from guibin.suppliers.errors import SecretAlreadyShown, SupplierCodeTaken, SupplierOff, SupplierUrlNotAllowed
from guibin.suppliers.models import RightSupplier, SettlementBasis, Supplier, SupplierState
from guibin.suppliers.repository import suppliers as repository
from guibin.suppliers.secrets import TABLE, key_of, new_secret, secrets_of

_CONTACT = ("contact_name", "contact_phone", "contact_email")


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses this deployment may call: see `guibin.outbox.rules.is_url_allowed`."""

    in_development: bool
    networks: Networks = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the bank calls at a supplier; prints and serialises masked."""

    name: PersonName | None = None
    phone: Phone | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class SupplierContent:
    """What is written of a supplier; `tax_rate_bp` in hundredths of a per cent."""

    name: str
    settlement_basis: SettlementBasis
    tax_rate_bp: int
    prepaid: bool
    base_url: str | None
    contact: Contact
    state: SupplierState = SupplierState.ACTIVE

    @property
    def address(self) -> str | None:
        """The base URL as it is kept."""
        return self.base_url.rstrip("/") if self.base_url else None

    def columns(self) -> dict[str, Any]:
        """Return the columns that anybody who reads suppliers sees."""
        return {
            "name": self.name,
            "state": self.state,
            "base_url": self.address,
            "settlement_basis": self.settlement_basis,
            "tax_rate_bp": self.tax_rate_bp,
            "prepaid": self.prepaid,
        }


async def create_supplier(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, reach: Reach, code: str, content: SupplierContent
) -> Supplier:
    """Add a supplier, with a secret that is fetched once.

    Raises:
        SupplierUrlNotAllowed: orders are not sent to such an address.
        SupplierCodeTaken: another has the code.
    """
    check_url(content.base_url, reach)
    supplier_id = new_id()
    wrapped = keys.new_data_key(supplier_id)
    key = keys.open_data_key(wrapped, supplier_id)
    supplier = Supplier(
        id=supplier_id,
        code=code,
        data_key=wrapped,
        secret_no=1,
        secret_enc=new_secret(key, supplier_id),
        created_by=actor.id,
        created_at=clock.now(),
        **(content.columns() | sealed_contact(key, supplier_id, content.contact)),
    )
    if not await repository.insert_supplier(session, supplier):
        raise SupplierCodeTaken
    await record(session, actor, "supplier.create", supplier_id, after={"code": code, **content.columns()})
    return supplier


async def change_supplier(
    session: AsyncSession,
    *,
    actor: Actor,
    supplier: Supplier,
    columns: Mapping[str, Any],
    contact: Mapping[str, Any],
    **told: Any,
) -> Supplier:
    """Write what is known of a supplier as it was read.

    Raises:
        VersionConflict: somebody else changed it meanwhile.
    """
    before = {name: getattr(supplier, name) for name in columns}
    await update(session, supplier, **columns, **contact)
    await record(session, actor, "supplier.change", supplier.id, before=before, after=dict(columns), **told)
    return await repository.get_supplier(session, supplier.id)


async def show_secret(session: AsyncSession, *, actor: Actor, keys: KeyRing, supplier: Supplier) -> str:
    """Return the secret that signs, once.

    Raises:
        SecretAlreadyShown: somebody has fetched it before, or none was made yet.
        VersionConflict: somebody else fetches it now.
    """
    if supplier.secret_enc is None or supplier.secret_shown_at is not None:
        raise SecretAlreadyShown
    now = clock.now()
    await update(session, supplier, secret_shown_at=now)
    await record(session, actor, "supplier.show_secret", supplier.id)
    return secrets_of(keys, supplier, now=now)[supplier.secret_no]


async def deliver_by(
    session: AsyncSession, *, actor: Actor, supplier: Supplier, right_id: UUID, product_code: str
) -> RightSupplier:
    """Say that a supplier delivers a right from now on; orders that were made stay where they are.

    Raises:
        NotFound: there is no such right.
        SupplierOff: it gets nothing new to deliver.
    """
    if supplier.state != SupplierState.ACTIVE:
        raise SupplierOff
    await get_right(session, right_id=right_id)
    row = RightSupplier(
        right_id=right_id,
        supplier_id=supplier.id,
        product_code=product_code,
        set_by=actor.id,
        set_at=clock.now(),
    )
    await repository.put_right_supplier(session, row)
    facts: dict[str, object] = {"right_id": to_public("rgt", right_id), "product_code": product_code}
    await record(session, actor, "supplier.deliver", supplier.id, facts=facts)
    return row


def contact_of(keys: KeyRing, supplier: Supplier) -> Contact:
    """Open whom the bank calls."""
    key = key_of(keys, supplier)
    columns = {name: getattr(supplier, f"{name}_enc") for name in _CONTACT}
    name, phone, email = (
        None if cipher is None else key.decrypt(cipher, TABLE, f"{column}_enc", supplier.id)
        for column, cipher in columns.items()
    )
    return Contact(
        name=None if name is None else PersonName(name), phone=None if phone is None else Phone(phone), email=email
    )


def sealed_contact(key: DataKey, supplier_id: UUID, contact: Contact) -> dict[str, bytes | None]:
    """Return the columns of a contact, encrypted."""
    values: Mapping[str, str | None] = {
        "contact_name": contact.name.value if contact.name else None,
        "contact_phone": contact.phone.value if contact.phone else None,
        "contact_email": contact.email,
    }
    return {
        f"{name}_enc": None if value is None else key.encrypt(value, TABLE, f"{name}_enc", supplier_id)
        for name, value in values.items()
    }


def check_url(url: str | None, reach: Reach) -> None:
    """Hold an address to what this deployment may call.

    Raises:
        SupplierUrlNotAllowed: orders are not sent to it.
    """
    if url is None:
        return
    if "?" in url or not is_url_allowed(url, in_development=reach.in_development, networks=reach.networks):
        raise SupplierUrlNotAllowed


async def update(session: AsyncSession, supplier: Supplier, **values: Any) -> None:
    """Write columns of a supplier as it was read.

    Raises:
        VersionConflict: somebody else changed it meanwhile.
    """
    if not await repository.update_supplier(session, supplier.id, revision=supplier.revision, **values):
        raise VersionConflict


async def record(session: AsyncSession, actor: Actor, action: str, supplier_id: UUID, **told: Any) -> None:
    """Note in the trail what somebody did to a supplier."""
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="supplier",
        object_id=to_public("sup", supplier_id),
        **told,
    )
