"""What tag rules may know of managers: the branch of the one who serves a customer."""

from datetime import date
from typing import Any, Final

from sqlalchemy import Select, func, or_, select, true
from sqlmodel import col

from guibin.core.models import metadata
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.organisation.models import Branch

_BRANCH: Final = metadata.tables[Branch.__tablename__]
_COVERAGE: Final = metadata.tables[Coverage.__tablename__]


class ManagerFacts:
    """A source of profiles: for each customer with a primary manager, the code of that manager's branch."""

    name: Final = "manager"
    columns: Final = ("manager_branch",)

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select customer_id and the branch of the primary manager of a day."""
        return (
            select(_COVERAGE.c.customer_id, func.min(_BRANCH.c.code).label("manager_branch"))
            .join(Manager, col(Manager.id) == _COVERAGE.c.manager_id)
            .join(_BRANCH, _BRANCH.c.id == col(Manager.branch_id))
            .where(
                _COVERAGE.c.role == CoverageRole.PRIMARY,
                _COVERAGE.c.valid_from <= day,
                or_(_COVERAGE.c.valid_to.is_(None), _COVERAGE.c.valid_to > day),
                true() if among is None else _COVERAGE.c.customer_id.in_(among),
            )
            .group_by(_COVERAGE.c.customer_id)
        )


MANAGER_FACTS: Final = ManagerFacts()
