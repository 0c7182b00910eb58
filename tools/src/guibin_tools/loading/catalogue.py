"""Loads the product table and a catalogue of rights with stock and codes; what is there already stays as it is."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.seeding import add_missing
from guibin.products.models import Product
from guibin.rights.models import (
    PackagePeriod,
    PackageState,
    Period,
    RightsItem,
    RightsPackage,
    RightsSlot,
    RightsStock,
    RightState,
    SlotState,
    StockMode,
    TaxKind,
    VoucherCode,
)
from guibin.rights.packages import span_of
from guibin.rights.service import put_image
from guibin.rights.service.codes import seal_codes
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.ciphers import KeyRing
from guibin_tools.bank_data import ProductData
from guibin_tools.demo.pictures import picture_of
from guibin_tools.demo.rights import SLOT_CAPACITY, PackageData, RightData


async def load_products(session: AsyncSession, products: Iterable[ProductData]) -> int:
    """Load the product table; returns how many products are new."""
    rows = [
        {
            "code": product.code,
            "line": product.line,
            "product_class": product.product_class,
            "side": product.side,
            "name_zh": product.name_zh,
            "name_en": product.name_en,
            "risk_level": product.risk_level,
            "weight_percent": product.weight_percent,
        }
        for product in products
    ]
    return await add_missing(session, Product, rows)


async def load_rights(
    session: AsyncSession, keys: KeyRing, rights: Iterable[RightData], *, business_date: date, seed: int
) -> int:
    """Load published rights with their stock or their pool of codes; returns how many rights are new."""
    known = set((await session.exec(select(RightsItem.code))).all())
    new = [right for right in rights if right.code not in known]
    for right in new:
        await _load_right(session, keys, right, business_date=business_date, seed=seed)
    return len(new)


async def load_packages(session: AsyncSession, packages: Iterable[PackageData], *, business_date: date) -> None:
    """Load published packages whose rights are there and whose code is not."""
    known = set((await session.exec(select(RightsPackage.code))).all())
    rights = dict((await session.exec(select(RightsItem.code, RightsItem.id))).all())
    rows = [
        {
            "id": new_id(),
            "code": package.code,
            "version": 1,
            "state": PackageState.PUBLISHED,
            "revision": 1,
            "name_zh": package.name_zh,
            "name_en": package.name_en,
            "period": PackagePeriod.MONTH,
            "tiers": [{"tier": tier, "choose": choose} for tier, choose in package.choose],
            "rights": [{"right_id": str(rights[code]), "units": units} for code, units in package.units],
            "first_day": span_of(PackagePeriod.MONTH, business_date).first,
            "created_at": clock.now(),
        }
        for package in packages
        if package.code not in known and all(code in rights for code, _ in package.units)
    ]
    if rows:
        await add_missing(session, RightsPackage, rows)


async def _load_right(
    session: AsyncSession, keys: KeyRing, right: RightData, *, business_date: date, seed: int
) -> None:
    right_id = new_id()
    mode = StockMode(right.stock_mode)
    data_key = keys.new_data_key(right_id) if mode is StockMode.CODES else None
    await add_missing(session, RightsItem, [{**_columns(right, right_id, business_date), "data_key": data_key}])
    if mode is StockMode.COUNTED:
        stock = {"right_id": right_id, "initial": right.stock, "free": right.stock, "reserved": 0, "sold": 0}
        await add_missing(session, RightsStock, [stock])
    await put_image(
        session, actor=NIGHTLY_JOB, right_id=right_id, number=1, content=picture_of(right.code, right.category)
    )
    if right.places:
        await add_missing(session, RightsSlot, [_slot(right_id, *slot) for slot in right.slots(business_date)])
    if data_key is not None:
        key, made = keys.open_data_key(data_key, right_id), right.voucher_codes(seed)
        codes = seal_codes(keys, key, right_id, made, value_fen=right.value_fen)
        await add_missing(session, VoucherCode, codes)


def _slot(right_id: UUID, city_code: str, place: str, day: date, hour: int) -> dict[str, Any]:
    starts_at = clock.start_of_day(day) + timedelta(hours=hour)
    return {
        "right_id": right_id,
        "id": new_id(),
        "city_code": city_code,
        "place": place,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "capacity": SLOT_CAPACITY,
        "taken": 0,
        "state": SlotState.OPEN,
        "created_by": NIGHTLY_JOB.id,
        "created_at": clock.now(),
    }


def _columns(right: RightData, right_id: UUID, business_date: date) -> dict[str, Any]:
    times, period = right.limit or (None, None)
    first, last = right.sale_window(business_date) or (None, None)
    return {
        "id": right_id,
        "code": right.code,
        "category": right.category,
        "fulfilment": right.fulfilment,
        "stock_mode": right.stock_mode,
        "value_fen": right.value_fen,
        "state": RightState.PUBLISHED,
        "wallet": right.wallet,
        "name_zh": right.name_zh,
        "name_en": right.name_en,
        "description_zh": right.description_zh,
        "description_en": right.description_en,
        "minimum_tier": right.minimum_tier,
        "prices": [
            {"tier": tier, "points": points} | ({"money": right.money} if right.money else {})
            for tier, points in right.prices
        ],
        "quotas": [{"tier": tier, "period": Period.YEAR, "times": number} for tier, number in right.quotas],
        "limit_times": times,
        "limit_period": period,
        "on_sale_from": clock.start_of_day(first) if first else None,
        "on_sale_to": clock.start_of_day(last + timedelta(days=1)) if last else None,
        "offer": right.offer(business_date),
        "brand": None,
        "labels": list(right.labels),
        "featured": right.featured,
        "place": 0,
        "tax_kind": TaxKind.NONE,
        "revision": 1,
        "created_at": clock.now(),
    }
