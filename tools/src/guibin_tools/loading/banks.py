"""The two banks that can be loaded: the synthetic one, and the Czech bank's real files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from guibin import wiring
from guibin.care.opportunities.terms import OpportunityRule
from guibin.core.settings import Profile
from guibin.core.unit_of_work import unit_of_work
from guibin.points.transfer_rules import TransferLimits
from guibin.security.ciphers import KeyRing
from guibin_tools import seeding
from guibin_tools.bank_data import BranchData, ProductData, StaffData
from guibin_tools.berka import organisation as berka_organisation
from guibin_tools.berka import products as berka_products
from guibin_tools.berka.bank import map_bank
from guibin_tools.berka.files import UnreadableBankFileError, read_files
from guibin_tools.demo.bank import generate
from guibin_tools.demo.care_rules import OPPORTUNITY_RULES
from guibin_tools.demo.events import EVENT_DAYS
from guibin_tools.demo.gifts import GIFTS, GiftData
from guibin_tools.demo.organisation import BRANCHES, staff
from guibin_tools.demo.products import PRODUCTS
from guibin_tools.demo.rights import PACKAGES, RIGHTS, PackageData, RightData
from guibin_tools.demo.suppliers import SUPPLIER, SupplierData
from guibin_tools.demo.wallets import PASSED_ON
from guibin_tools.errors import OperatorError
from guibin_tools.loading.care_rules import open_by_rules
from guibin_tools.loading.catalogue import load_packages, load_products, load_rights
from guibin_tools.loading.family import load_family
from guibin_tools.loading.feeds import Show, load_feeds
from guibin_tools.loading.gifts import load_gifts
from guibin_tools.loading.line_files import load_line_files
from guibin_tools.loading.organisation import load_branches, load_services, load_staff
from guibin_tools.loading.settled_month import load_settled_month
from guibin_tools.loading.suppliers import load_supplier
from guibin_tools.loading.wallets import let_pass_on
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings


@dataclass(frozen=True)
class House:
    """What a bank has before any feed comes in."""

    branches: Sequence[BranchData]
    staff: Sequence[StaffData]
    products: Sequence[ProductData]
    rights: Sequence[RightData] = ()
    packages: Sequence[PackageData] = ()
    supplier: SupplierData | None = None
    passed_on: Mapping[str, TransferLimits] = field(default_factory=dict)
    """Kinds of points that customers pass on to each other, and how many."""
    gifts: Sequence[GiftData] = ()
    opportunity_rules: Sequence[OpportunityRule] = ()
    """By which the nights open opportunities."""


async def load_demo(
    settings: OperatorSettings,
    *,
    customers: int,
    seed: int,
    business_date: date,
    show: Show,
    event_days: int = EVENT_DAYS,
) -> None:
    """Generate and load a synthetic bank of so many customers; the same bank again changes nothing.

    Raises:
        OperatorError: the number of customers is out of range, or the database is not there.
    """
    keys = open_keys(settings)
    house = House(BRANCHES, staff(customers), PRODUCTS, RIGHTS, PACKAGES, SUPPLIER, PASSED_ON, GIFTS, OPPORTUNITY_RULES)
    await _put_house(settings, keys, house, business_date=business_date, seed=seed)
    with TemporaryDirectory(prefix="guibin-demo-") as folder:
        try:
            sources = generate(customers, seed, business_date, Path(folder), event_days=event_days)
        except ValueError as error:
            raise OperatorError(f"--customers: {error}.") from error
        await load_feeds(settings, keys, sources, show=show)
    async with sessions_as(Role.OWNER, settings) as factory, unit_of_work(factory) as work:
        await load_settled_month(work.session, keys, business_date=business_date)
        await load_family(work.session, keys)
        await load_line_files(work.session, keys, business_date=business_date)
        # Whoever asks at once must not wait for the server's own look at what has come in.
        await work.session.execute(text("ANALYZE"))


async def load_berka(settings: OperatorSettings, folder: Path, *, business_date: date, show: Show) -> None:
    """Map and load the Czech bank's files; amounts are multiplied by GUIBIN_BERKA_SCALE.

    Raises:
        OperatorError: a file is missing, or the database is not there.
    """
    keys = open_keys(settings)
    try:
        files = read_files(folder)
    except UnreadableBankFileError as error:
        raise OperatorError(f"{folder} cannot be read: {error}.") from error
    house = House(
        berka_organisation.branches(files.districts),
        list(berka_organisation.staff(files.districts)),
        berka_products.PRODUCTS,
    )
    await _put_house(settings, keys, house, business_date=business_date, seed=0)
    with TemporaryDirectory(prefix="guibin-berka-") as made:
        sources = map_bank(files, business_date, Path(made), scale=settings.berka_scale)
        await load_feeds(settings, keys, sources, show=show)


async def _put_house(
    settings: OperatorSettings, keys: KeyRing, house: House, *, business_date: date, seed: int
) -> None:
    """Put organisation, products and rights in, as the owner and in one transaction, after the defaults they need."""
    wiring.connect()
    async with sessions_as(Role.OWNER, settings) as factory:
        await seeding.seed(factory)
        async with unit_of_work(factory) as work:
            await load_branches(work.session, house.branches)
            await load_staff(work.session, keys, house.staff, issuer=settings.bank_issuer)
            await load_services(work.session, issuer=settings.bank_issuer)
            await load_products(work.session, house.products)
            await let_pass_on(work.session, house.passed_on)
            await open_by_rules(work.session, house.opportunity_rules)
            await load_rights(work.session, keys, house.rights, business_date=business_date, seed=seed)
            await load_packages(work.session, house.packages, business_date=business_date)
            await load_gifts(work.session, house.gifts)
            if house.supplier is not None:
                url = settings.supplier_simulator_url if settings.profile is Profile.DEVELOPMENT else None
                await load_supplier(
                    work.session, keys, house.supplier, base_url=url, first_day=business_date.replace(day=1)
                )
