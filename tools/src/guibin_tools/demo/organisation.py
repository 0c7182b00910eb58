"""The demo bank's places and people: a head office, three regions, twelve branches and their staff."""

import math
from collections.abc import Iterator
from random import Random

from guibin_tools.bank_data import BranchData, StaffData
from guibin_tools.demo.dice import chance
from guibin_tools.demo.names import person_name
from guibin_tools.demo.wealth import share_of

HEAD_OFFICE = "HO"

BRANCHES: tuple[BranchData, ...] = (
    BranchData(HEAD_OFFICE, "head_office", None, "总行", "Head office", "330100"),
    BranchData("R1", "region", HEAD_OFFICE, "浙北分行", "Northern region", "330100"),
    BranchData("R2", "region", HEAD_OFFICE, "浙东分行", "Eastern region", "330200"),
    BranchData("R3", "region", HEAD_OFFICE, "浙南分行", "Southern region", "330300"),
    BranchData("B101", "branch", "R1", "湖滨支行", "Lakeside branch", "330100"),
    BranchData("B102", "branch", "R1", "钱江新城支行", "Riverside branch", "330100"),
    BranchData("B103", "branch", "R1", "南湖支行", "South Lake branch", "330400"),
    BranchData("B104", "branch", "R1", "吴兴支行", "Wuxing branch", "330500"),
    BranchData("B201", "branch", "R2", "三江口支行", "Three Rivers branch", "330200"),
    BranchData("B202", "branch", "R2", "鄞州支行", "Yinzhou branch", "330200"),
    BranchData("B203", "branch", "R2", "越城支行", "Yuecheng branch", "330600"),
    BranchData("B204", "branch", "R2", "定海支行", "Dinghai branch", "330900"),
    BranchData("B301", "branch", "R3", "鹿城支行", "Lucheng branch", "330300"),
    BranchData("B302", "branch", "R3", "婺城支行", "Wucheng branch", "330700"),
    BranchData("B303", "branch", "R3", "椒江支行", "Jiaojiang branch", "331000"),
    BranchData("B304", "branch", "R3", "莲都支行", "Liandu branch", "331100"),
)

CITY_NAMES = {
    "330100": "杭州", "330200": "宁波", "330300": "温州", "330400": "嘉兴", "330500": "湖州", "330600": "绍兴",
    "330700": "金华", "330900": "舟山", "331000": "台州", "331100": "丽水",
}  # fmt: skip

BRANCH_WEIGHTS = {
    "B101": 16, "B102": 13, "B103": 8, "B104": 6, "B201": 12, "B202": 9,
    "B203": 7, "B204": 5, "B301": 9, "B302": 6, "B303": 5, "B304": 4,
}  # fmt: skip
"""Customers per hundred and branch."""

NO_PRIVATE_BANKER = "B303"
"""Nobody here may serve the highest tiers: those customers wait in the unassigned queue for want of a manager."""

TOO_FEW_PLACES = "B304"
"""Here the managers together have places for four of five customers: the others wait for want of capacity."""

_GRADES = (
    ("intermediate", ("T1",), 400),
    ("senior", ("T2",), 120),
    ("expert", ("T3",), 80),
    ("private_banker", ("T4", "T5"), 50),
)
"""Grade, the tiers that it serves first, the most customers that one manager has."""

SKILLS = {"expert": ("tax",), "private_banker": ("tax", "inheritance")}
"""What the managers of a grade are trained in."""

_FILLED = 0.75
"""Managers are hired so that three quarters of their places are expected to be taken."""

HEAD_OFFICE_ROLES = (
    "hq_operator", "hq_operator", "hq_approver", "hq_approver", "rights_operator", "rights_approver", "auditor",
    "administrator", "administrator", "compliance", "customer_service",
)  # fmt: skip


def managers_of(branch_code: str, customers: int) -> Iterator[tuple[str, int]]:
    """Yield grade and capacity of a branch's managers for a bank of so many customers."""
    for grade, tiers, most in _GRADES:
        expected = customers * BRANCH_WEIGHTS[branch_code] / 100 * sum(share_of(tier) for tier in tiers)
        if branch_code == NO_PRIVATE_BANKER and grade == "private_banker":
            continue
        if branch_code == TOO_FEW_PLACES:
            count = math.ceil(expected * 0.8 / most) or 1
            yield from [(grade, max(1, int(expected * 0.8 / count)))] * count
        else:
            yield from [(grade, most)] * (math.ceil(expected / (most * _FILLED)) or 1)


def head_office_staff() -> Iterator[StaffData]:
    """Yield the people of the head office, one or two for each role that four eyes need."""
    rng = Random(0)  # noqa: S311 - made-up names
    for number, role in enumerate(HEAD_OFFICE_ROLES, start=1):
        yield StaffData(f"S00{number:03d}", person_name(rng, male=number % 2 == 0), HEAD_OFFICE, role)


def branch_staff(customers: int) -> Iterator[StaffData]:
    """Yield the people of every branch: a head, a lobby clerk, and managers of every grade as the bank's size asks."""
    for position, branch_code in enumerate(BRANCH_WEIGHTS, start=1):
        rng = Random(position)  # noqa: S311 - made-up names
        posts: list[tuple[str, str | None, int | None]] = [("branch_head", None, None), ("lobby", None, None)]
        posts += [("manager", grade, capacity) for grade, capacity in managers_of(branch_code, customers)]
        for number, (role, grade, capacity) in enumerate(posts, start=1):
            name = person_name(rng, male=chance(rng, 50))
            languages = () if grade is None else ("zh", "yue") if number % 3 == 0 else ("zh",)
            person = (f"S{position:02d}{number:03d}", name, branch_code, role, grade, capacity)
            yield StaffData(*person, languages=languages, skills=SKILLS.get(grade or "", ()))


def staff(customers: int) -> tuple[StaffData, ...]:
    """List everyone who works in a demo bank of so many customers; numbers and names do not depend on a seed."""
    return (*head_office_staff(), *branch_staff(customers))
