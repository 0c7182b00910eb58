"""Who may serve beside the primary manager."""

from uuid import UUID

import pytest

from guibin.managers.models import CoverageRole
from guibin.managers.team.rules import Member, Unfit, unfit

ONE, OTHER = UUID(int=1), UUID(int=2)
PRIMARY = {(OTHER, CoverageRole.PRIMARY)}


@pytest.mark.parametrize(
    ("role", "is_active", "is_of_branch", "serving", "expected"),
    [
        (CoverageRole.SPECIALIST, True, False, PRIMARY, None),
        (CoverageRole.BACKUP, True, True, PRIMARY, None),
        (CoverageRole.BACKUP, True, False, PRIMARY, Unfit.OTHER_BRANCH),
        (CoverageRole.SPECIALIST, False, True, PRIMARY, Unfit.INACTIVE),
        (CoverageRole.SECOND, True, True, {(ONE, CoverageRole.PRIMARY)}, Unfit.IS_PRIMARY),
        (CoverageRole.SECOND, True, True, {(ONE, CoverageRole.SECOND)}, Unfit.HAS_ROLE),
        (CoverageRole.SECOND, True, True, {(ONE, CoverageRole.BACKUP)}, None),
    ],
)
def test_who_may_have_a_role(
    role: CoverageRole,
    is_active: bool,
    is_of_branch: bool,
    serving: set[tuple[UUID, CoverageRole]],
    expected: Unfit | None,
) -> None:
    member = Member(ONE, role, is_active=is_active, is_of_branch=is_of_branch)
    assert unfit(member, serving) == expected
