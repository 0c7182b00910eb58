"""Loads a connected supplier with what it delivers at which price; one that is there already stays as it is."""

from datetime import date

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.seeding import add_missing
from guibin.rights.models import RightsItem
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.ciphers import KeyRing
from guibin.suppliers.models import SettlementBasis, Supplier, SupplierPrice
from guibin.suppliers.service.administration import Contact, Reach, SupplierContent, create_supplier, deliver_by
from guibin_tools.demo.suppliers import SupplierData


async def find_by_code(session: AsyncSession, code: str) -> Supplier | None:
    """Return the supplier of a code."""
    return (await session.exec(select(Supplier).where(Supplier.code == code))).first()


async def load_supplier(
    session: AsyncSession, keys: KeyRing, data: SupplierData, *, base_url: str | None, first_day: date
) -> bool:
    """Load a supplier, whose rights are there, with its prices from a day on; tells whether it is new.

    `base_url` is None where its API is not to be called: people deliver then.
    """
    if await find_by_code(session, data.code) is not None:
        return False
    content = SupplierContent(data.name, SettlementBasis.ISSUED, data.tax_rate_bp, False, base_url, Contact())
    supplier = await create_supplier(
        session, actor=NIGHTLY_JOB, keys=keys, reach=Reach(in_development=True), code=data.code, content=content
    )
    rights = dict((await session.exec(select(RightsItem.code, RightsItem.id))).all())
    for right, product_code, _, _ in data.delivers:
        await deliver_by(
            session, actor=NIGHTLY_JOB, supplier=supplier, right_id=rights[right], product_code=product_code
        )
    prices = [
        {
            "right_id": rights[right],
            "valid_from": first_day,
            "supplier_id": supplier.id,
            "price_fen": price_fen,
            "fulfil_hours": hours,
            "set_by": NIGHTLY_JOB.id,
            "set_at": clock.now(),
        }
        for right, _, price_fen, hours in data.delivers
    ]
    await add_missing(session, SupplierPrice, prices)
    return True
