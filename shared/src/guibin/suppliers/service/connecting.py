"""Where orders go and what signs them: one person submits another address or a new secret, and another agrees."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.ids import to_public
from guibin.security.actors import Actor, Domain
from guibin.security.ciphers import KeyRing
from guibin.suppliers.models import Supplier
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.rules import OLD_SECRET_LIFE
from guibin.suppliers.secrets import key_of, new_secret
from guibin.suppliers.service.administration import (
    Reach,
    SupplierContent,
    change_supplier,
    check_url,
    record,
    sealed_contact,
    update,
)


class NewTerms(BaseModel):
    """A supplier as it shall be, with another address, on top of the revision that was read; its contact encrypted."""

    model_config = ConfigDict(frozen=True)

    supplier_id: UUID
    revision: int
    columns: dict[str, Any]
    contact: dict[str, str | None]


class NewSecret(BaseModel):
    """A new secret in place of the one of a number. Its value is made when the second person has agreed."""

    model_config = ConfigDict(frozen=True)

    supplier_id: UUID
    secret_no: int


async def change(
    session: AsyncSession, *, actor: Actor, keys: KeyRing, reach: Reach, supplier: Supplier, content: SupplierContent
) -> Supplier | Approval:
    """Change a supplier as it was read; with another address the whole of it waits for another person.

    Raises:
        SupplierUrlNotAllowed: orders are not sent to such an address.
        VersionConflict: somebody else changed it meanwhile.
    """
    check_url(content.base_url, reach)
    columns, contact = content.columns(), sealed_contact(key_of(keys, supplier), supplier.id, content.contact)
    if content.address == supplier.base_url:
        return await change_supplier(session, actor=actor, supplier=supplier, columns=columns, contact=contact)
    written = {name: None if value is None else b64encode(value).decode() for name, value in contact.items()}
    wanted = NewTerms(supplier_id=supplier.id, revision=supplier.revision, columns=columns, contact=written)
    changed = {name: value for name, value in columns.items() if value != getattr(supplier, name)}
    before = {name: getattr(supplier, name) for name in changed}
    preview = {"supplier": supplier.code, "before": before, "after": changed}
    return await _submit(session, actor, ADDRESS_HANDLER, wanted, preview)


async def submit_secret(session: AsyncSession, *, actor: Actor, supplier: Supplier) -> Approval:
    """Ask another person for a new secret; the one before stays good for a day after it was made."""
    wanted = NewSecret(supplier_id=supplier.id, secret_no=supplier.secret_no)
    preview = {"supplier": supplier.code, "before": f"k{supplier.secret_no}", "after": f"k{supplier.secret_no + 1}"}
    return await _submit(session, actor, SECRET_HANDLER, wanted, preview)


class AddressHandler(ApprovalHandler):
    """Lets orders go to another address. A request is not amended: it is submitted again."""

    kind = "supplier.address"
    domain = Domain.RIGHTS
    title = Label("变更供应商接口地址", "Another address of a supplier")
    labels = MappingProxyType(
        {
            "supplier": Label("供应商", "Supplier"),
            "before": Label("现行", "In force"),
            "after": Label("拟定", "Submitted"),
            "base_url": Label("接口地址", "Address"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Write the supplier.

        Raises:
            VersionConflict: it was changed since it was submitted, as by who has switched it off.
        """
        wanted = NewTerms.model_validate(payload)
        supplier = await get_supplier(session, wanted.supplier_id)
        if supplier.revision != wanted.revision:
            raise VersionConflict
        contact = {name: None if value is None else b64decode(value) for name, value in wanted.contact.items()}
        await change_supplier(
            session,
            actor=context.approver,
            supplier=supplier,
            columns=wanted.columns,
            contact=contact,
            **context.asked_by,
        )


class SecretHandler(ApprovalHandler):
    """Makes a new secret. A request is not amended: it is submitted again."""

    kind = "supplier.secret"
    domain = Domain.RIGHTS
    title = Label("更换供应商签名密钥", "A new secret of a supplier")
    labels = MappingProxyType(
        {
            "supplier": Label("供应商", "Supplier"),
            "before": Label("现用密钥编号", "Key id in use"),
            "after": Label("新密钥编号", "New key id"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Make the secret, which is fetched once; the one before is good for a day more.

        Raises:
            VersionConflict: another was made meanwhile.
        """
        wanted = NewSecret.model_validate(payload)
        supplier = await get_supplier(session, wanted.supplier_id)
        if supplier.secret_no != wanted.secret_no:
            raise VersionConflict
        await update(
            session,
            supplier,
            secret_no=supplier.secret_no + 1,
            secret_enc=new_secret(key_of(context.open_keys(), supplier), supplier.id),
            secret_shown_at=None,
            old_secret_enc=supplier.secret_enc,
            old_secret_until=clock.now() + OLD_SECRET_LIFE if supplier.secret_enc else None,
        )
        await record(session, context.approver, "supplier.rotate_secret", supplier.id, **context.asked_by)


ADDRESS_HANDLER: Final = AddressHandler()
SECRET_HANDLER: Final = SecretHandler()


async def _submit(
    session: AsyncSession,
    actor: Actor,
    handler: ApprovalHandler,
    wanted: NewTerms | NewSecret,
    preview: Mapping[str, object],
) -> Approval:
    return await approvals.submit(
        session,
        actor=actor,
        kind=handler.kind,
        domain=handler.domain,
        subject=to_public("sup", wanted.supplier_id),
        payload=wanted.model_dump(mode="json"),
        preview=preview,
    )
