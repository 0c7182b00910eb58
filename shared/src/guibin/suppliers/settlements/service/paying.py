"""What finance notes: the invoice of a confirmed statement, and payments in advance."""

from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.money import format_cny
from guibin.security.actors import Actor
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements import repository
from guibin.suppliers.settlements.errors import InvoiceDiffers, InvoiceTaken, NotConfirmed, PrepaymentTaken
from guibin.suppliers.settlements.models import PrepaymentEntry, Settlement, SettlementState
from guibin.suppliers.settlements.service.confirming import tax_of
from guibin.suppliers.settlements.service.statements import record


async def note_invoice(
    session: AsyncSession,
    *,
    actor: Actor,
    settlement: Settlement,
    number: str,
    day: date,
    gross_fen: int,
    tax_fen: int,
) -> Settlement:
    """Note the invoice of a confirmed statement; it has to be exactly of its amount and tax.

    Raises:
        NotConfirmed: the statement is not confirmed.
        InvoiceDiffers: the amount or the tax is another.
        InvoiceTaken: the statement has an invoice, or the number is that of another.
    """
    if settlement.state != SettlementState.CONFIRMED:
        raise NotConfirmed(state=settlement.state)
    if settlement.invoice_no is not None:
        raise InvoiceTaken
    tax = sum(line.tax_fen for line in await tax_of(session, settlement))
    if (gross_fen, tax_fen) != (settlement.gross_fen, tax):
        raise InvoiceDiffers(gross=format_cny(settlement.gross_fen), tax=format_cny(tax))
    try:
        async with session.begin_nested():
            await repository.change_settlement(
                session, settlement, invoice_no=number, invoice_day=day, invoiced_at=clock.now()
            )
    except IntegrityError:
        raise InvoiceTaken from None
    await record(session, actor, "settlement.invoice", settlement)
    return await repository.get_settlement(session, supplier_id=settlement.supplier_id, month=settlement.month)


async def note_prepayment(
    session: AsyncSession, *, actor: Actor, supplier_id: UUID, reference: str, amount_fen: int
) -> int:
    """Note a payment in advance and return what is left in all.

    Raises:
        NotFound: there is no such supplier.
        PrepaymentTaken: it came under this reference before.
    """
    supplier = await get_supplier(session, supplier_id)
    entry = PrepaymentEntry(
        supplier_id=supplier.id, reference=reference, amount_fen=amount_fen, noted_by=actor.id, at=clock.now()
    )
    if not await repository.add_prepayment(session, entry):
        raise PrepaymentTaken
    await audit.record(
        session,
        actor=actor,
        action="supplier.prepayment",
        object_type="supplier",
        object_id=to_public("sup", supplier.id),
        facts={"amount": format_cny(amount_fen)},
    )
    return await repository.prepaid_balance(session, supplier_id=supplier.id)
