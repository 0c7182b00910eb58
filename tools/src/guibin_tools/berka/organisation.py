"""The Czech bank's districts as branches, its regions as regions, and people to work there."""

from collections.abc import Iterable, Iterator
from random import Random

from guibin_tools.bank_data import BranchData, StaffData
from guibin_tools.berka.files import District
from guibin_tools.berka.names import client_name
from guibin_tools.demo.dice import chance
from guibin_tools.demo.organisation import HEAD_OFFICE, HEAD_OFFICE_ROLES

_POSTS = (
    ("branch_head", None, None),
    ("lobby", None, None),
    ("manager", "intermediate", 400),
    ("manager", "senior", 120),
)
"""A branch's people. No client reaches the tiers that experts and private bankers serve at the default scale."""


def branch_code(district: int) -> str:
    """Return the branch of a district."""
    return f"CZ{district:02d}"


def city_code(district: int) -> str:
    """Return the place of a district: six digits like every place, none of which is a place in China."""
    return f"99{district:04d}"


def branches(districts: Iterable[District]) -> list[BranchData]:
    """List the tree: the head office, the regions in the order of the file, the districts."""
    regions: dict[str, str] = {}
    leaves = []
    for row in districts:
        region = regions.setdefault(row.region, f"CZR{len(regions) + 1}")
        code = branch_code(row.district)
        leaves.append(BranchData(code, "branch", region, row.name, row.name, city_code(row.district)))
    root = BranchData(HEAD_OFFICE, "head_office", None, "总行", "Head office")
    return [root, *(BranchData(code, "region", HEAD_OFFICE, name, name) for name, code in regions.items()), *leaves]


def staff(districts: Iterable[District]) -> Iterator[StaffData]:
    """Yield the people of the head office and of every branch, with names of the country."""
    posts: list[tuple[str, str, str, str | None, int | None]] = [
        (f"C00{number:03d}", HEAD_OFFICE, role, None, None) for number, role in enumerate(HEAD_OFFICE_ROLES, start=1)
    ]
    for row in districts:
        for number, (role, grade, capacity) in enumerate(_POSTS, start=1):
            posts.append((f"C{row.district:02d}{number:03d}", branch_code(row.district), role, grade, capacity))
    rng = Random(0)  # noqa: S311 - made-up names
    for position, (no, branch, role, grade, capacity) in enumerate(posts):
        yield StaffData(no, client_name(-1 - position, male=chance(rng, 50)), branch, role, grade, capacity)
