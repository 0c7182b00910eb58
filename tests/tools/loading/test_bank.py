"""Loading an organisation and a catalogue, as the owner."""

from datetime import date

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.managers.models import Manager
from guibin.organisation.models import BranchClosure, ServiceClient, Staff
from guibin.points.models import Wallet
from guibin.products.models import Product
from guibin.rights.models import RightsItem, RightsPackage, RightsStock, VoucherCode
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from guibin_tools.demo.organisation import BRANCHES, staff
from guibin_tools.demo.products import PRODUCTS
from guibin_tools.demo.rights import PACKAGES, RIGHTS
from guibin_tools.demo.wallets import PASSED_ON
from guibin_tools.loading.catalogue import load_packages, load_products, load_rights
from guibin_tools.loading.organisation import load_branches, load_services, load_staff
from guibin_tools.loading.wallets import let_pass_on

ISSUER = "https://issuer.test"
BUSINESS_DATE = date(2026, 11, 24)


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    return KeyRing(KeyMaterial.generate())


@pytest.fixture
async def seeded(session: AsyncSession) -> AsyncSession:
    for seed in wiring.SEEDERS.values():
        await seed(session)
    return session


async def count(session: AsyncSession, table: type[SQLModel]) -> int:
    return (await session.exec(select(func.count()).select_from(table))).one()


async def load_organisation(session: AsyncSession, keys: KeyRing) -> None:
    await load_branches(session, BRANCHES)
    await load_staff(session, keys, staff(2_000), issuer=ISSUER)
    await load_services(session, issuer=ISSUER)


async def test_everybody_who_has_a_grade_becomes_a_manager(seeded: AsyncSession, keys: KeyRing) -> None:
    await load_organisation(seeded, keys)
    people = staff(2_000)
    assert await count(seeded, Staff) == len(people)
    assert await count(seeded, Manager) == sum(person.grade is not None for person in people)


async def test_a_region_reaches_all_its_branches(seeded: AsyncSession, keys: KeyRing) -> None:
    await load_organisation(seeded, keys)
    # The root reaches everything, a region itself and its four branches, a branch itself.
    assert await count(seeded, BranchClosure) == len(BRANCHES) + 3 * 5 + 12


async def test_loading_an_organisation_again_adds_nothing(seeded: AsyncSession, keys: KeyRing) -> None:
    tables = (Staff, Manager, BranchClosure, ServiceClient)
    await load_organisation(seeded, keys)
    before = [await count(seeded, table) for table in tables]
    await load_organisation(seeded, keys)
    assert [await count(seeded, table) for table in tables] == before


async def test_a_catalogue_is_loaded_with_stock_and_codes_and_only_once(seeded: AsyncSession, keys: KeyRing) -> None:
    assert await load_rights(seeded, keys, RIGHTS, business_date=BUSINESS_DATE, seed=7) == len(RIGHTS)
    assert await load_rights(seeded, keys, RIGHTS, business_date=BUSINESS_DATE, seed=7) == 0
    assert await count(seeded, RightsItem) == len(RIGHTS)
    assert await count(seeded, RightsStock) == sum(right.stock_mode == "counted" for right in RIGHTS)
    pools = sum(right.stock or 0 for right in RIGHTS if right.stock_mode == "codes")
    assert await count(seeded, VoucherCode) == pools
    valued = (await seeded.exec(select(VoucherCode.value_fen).distinct())).all()
    assert set(valued) == {None, 50_00}


async def test_a_package_is_loaded_once_and_only_with_its_rights(seeded: AsyncSession, keys: KeyRing) -> None:
    await load_packages(seeded, PACKAGES, business_date=BUSINESS_DATE)
    assert await count(seeded, RightsPackage) == 0
    await load_rights(seeded, keys, RIGHTS, business_date=BUSINESS_DATE, seed=7)
    for _ in range(2):
        await load_packages(seeded, PACKAGES, business_date=BUSINESS_DATE)
    assert await count(seeded, RightsPackage) == len(PACKAGES)


async def test_no_code_of_a_pool_is_kept_in_clear(seeded: AsyncSession, keys: KeyRing) -> None:
    right = next(right for right in RIGHTS if right.stock_mode == "codes")
    await load_rights(seeded, keys, [right], business_date=BUSINESS_DATE, seed=7)
    sealed = (await seeded.exec(select(VoucherCode.code_enc))).all()
    assert not any(code.encode() in value for code in right.voucher_codes(7) for value in sealed)


async def test_the_last_day_of_a_sale_is_a_whole_day(seeded: AsyncSession, keys: KeyRing) -> None:
    right = next(right for right in RIGHTS if right.sale_days is not None)
    await load_rights(seeded, keys, [right], business_date=BUSINESS_DATE, seed=7)
    item = (await seeded.exec(select(RightsItem).where(col(RightsItem.code) == right.code))).one()
    assert item.on_sale_from is not None
    assert item.on_sale_to is not None
    first, last = right.sale_days or (0, 0)
    assert (item.on_sale_to - item.on_sale_from).days == last - first + 1


async def test_points_of_the_demo_bank_are_passed_on_until_the_bank_says_otherwise(seeded: AsyncSession) -> None:
    await let_pass_on(seeded, PASSED_ON)
    wallet = await seeded.get_one(Wallet, "reward")
    assert (wallet.transferable, wallet.transfer_limits["each"], wallet.revision) == (True, 2_000, 2)
    wallet.transferable = False
    await seeded.flush()

    await let_pass_on(seeded, PASSED_ON)
    await seeded.flush()

    await seeded.refresh(wallet)
    assert (wallet.transferable, wallet.revision) == (False, 2)


async def test_products_are_loaded_once(seeded: AsyncSession) -> None:
    assert await load_products(seeded, PRODUCTS) == len(PRODUCTS)
    assert await load_products(seeded, PRODUCTS) == 0
    assert await count(seeded, Product) == len(PRODUCTS)
