"""The scope of the screens' own queries, asked as the owner: nothing stands behind them there."""

from datetime import date

from bank_api.customers import queries
from bank_api.customers.queries import Filters, Keys
from guibin.customers.references import phone_index
from guibin.security.actors import Scope
from support.house import EAST, REGION, WEST, House

from .conftest import EAST_PHONE, Known

DAY = date(2026, 11, 24)


def scopes(house: House) -> dict[Scope, set[str]]:
    """Return scopes and which of the two customers each opens."""
    return {
        Scope(staff_id=house.staff["manager"].id): {"east"},
        Scope(staff_id=house.staff["manager_west"].id): set(),
        Scope(branch_roots=(house.branches[EAST].id,)): {"east"},
        Scope(branch_roots=(house.branches[WEST].id,)): {"west"},
        Scope(branch_roots=(house.branches[REGION].id,)): {"east", "west"},
        Scope(whole_bank=True): {"east", "west"},
        Scope.nothing(): set(),
    }


async def test_lists_searches_and_details_hold_to_their_scope(house: House, known: Known) -> None:
    staff_id, names = house.staff["manager"].id, {known.east: "east", known.west: "west"}
    keys = Keys(phone_idx=phone_index(house.keys, EAST_PHONE))
    for scope, seen in scopes(house).items():
        async with house.sessions() as session:
            listed = await queries.list_customers(
                session, scope, staff_id=staff_id, day=DAY, filters=Filters(), limit=10, before=None
            )
            searched = await queries.search_customers(session, scope, staff_id=staff_id, day=DAY, keys=keys, limit=10)
            held = await queries.holdings_of(session, scope, customer_id=known.east, day=DAY, closed=DAY, limit=10)
            lines = await queries.lines_of(session, scope, customer_id=known.east)
            facts = await queries.facts_of(session, scope, customer_id=known.east)
        assert {names[row.customer.id] for row in listed} == seen, scope.describe()
        assert {names[row.customer.id] for row in searched} == seen & {"east"}, scope.describe()
        assert (len(held), len(lines), facts is not None) == ((2, 1, True) if "east" in seen else (0, 0, False))
