"""The SQL of packages. Packages are the bank's; choices are customers' data, read by scope."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, or_, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.repository import visible
from guibin.rights.models import PackageChoice, PackageState, Redemption, RightsPackage
from guibin.rights.packages import Allowance, Span
from guibin.security.actors import Scope

Moment = tuple[datetime, UUID]


async def list_packages(
    session: AsyncSession, *, state: PackageState | None, limit: int, before: Moment | None
) -> Sequence[RightsPackage]:
    """Return all versions, the newest first."""
    package = RightsPackage
    query = select(package).order_by(col(package.created_at).desc(), col(package.id).desc()).limit(limit)
    if state is not None:
        query = query.where(package.state == state)
    if before is not None:
        query = query.where(tuple_(col(package.created_at), col(package.id)) < before)
    return (await session.exec(query)).all()


async def get_package(session: AsyncSession, package_id: UUID) -> RightsPackage:
    """Return one version.

    Raises:
        NotFound: there is none.
    """
    query = select(RightsPackage).where(RightsPackage.id == package_id)
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


async def lock_package(session: AsyncSession, package_id: UUID) -> RightsPackage:
    """Return one version as it stands now, locked for a change.

    Raises:
        NotFound: there is none.
    """
    query = select(RightsPackage).where(RightsPackage.id == package_id).with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


async def versions_of(session: AsyncSession, code: str) -> Sequence[RightsPackage]:
    """Return the versions of a code, the newest first."""
    query = select(RightsPackage).where(RightsPackage.code == code).order_by(col(RightsPackage.version).desc())
    return (await session.exec(query)).all()


async def insert_package(session: AsyncSession, package: RightsPackage) -> bool:
    """Add a version; False when another open one of its code, or the same number, is there."""
    new = insert(RightsPackage).values(package.model_dump())
    added = await session.execute(new.on_conflict_do_nothing().returning(col(RightsPackage.id)))
    return added.first() is not None


async def published(session: AsyncSession, *, day: date) -> Sequence[RightsPackage]:
    """Return the published versions that have begun on a day, by code."""
    query = select(RightsPackage).where(
        RightsPackage.state == PackageState.PUBLISHED, col(RightsPackage.first_day) <= day
    )
    return (await session.exec(query.order_by(col(RightsPackage.code), col(RightsPackage.version)))).all()


async def choices_on(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> dict[UUID, PackageChoice]:
    """Return what a customer has chosen for the periods around a day, by package."""
    query = select(PackageChoice).where(
        PackageChoice.customer_id == customer_id,
        visible(scope, col(PackageChoice.customer_id)),
        col(PackageChoice.period_start) <= day,
        col(PackageChoice.period_end) >= day,
    )
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {row.package_id: row for row in rows}


_UNTOUCHED: Final = text(
    "NOT EXISTS (SELECT FROM jsonb_array_elements_text(package_choice.rights) AS r(id)"
    " WHERE rights_package_used_by_origins(package_choice.customer_id, r.id::uuid, package_choice.package_id,"
    " package_choice.period_start) > 0)"
)
"""Nobody who became one with the customer has taken anything of it."""


async def put_choice(session: AsyncSession, choice: PackageChoice) -> bool:
    """Choose, or choose anew as long as nothing was taken or nothing is left out; False when it is in use."""
    new = insert(PackageChoice).values(choice.model_dump())
    row = PackageChoice
    statement = new.on_conflict_do_update(
        index_elements=["customer_id", "package_id", "period_start"],
        set_={"rights": new.excluded.rights, "changed_at": new.excluded.changed_at},
        where=or_(and_(col(row.taken) == 0, _UNTOUCHED), new.excluded.rights.contains(col(row.rights))),
    ).returning(col(row.package_id))
    return (await session.execute(statement)).first() is not None


async def give_back_units(session: AsyncSession, redemption: Redemption, *, units: int) -> None:
    """Give units of a redemption back to the period of the package from which they were taken."""
    choice = PackageChoice
    await session.execute(
        update(choice)
        .where(
            col(choice.customer_id) == redemption.customer_id,
            col(choice.package_id) == redemption.package_id,
            col(choice.period_start) == redemption.package_period,
        )
        .values(taken=col(choice.taken) - units)
        .execution_options(synchronize_session=False)
    )


_LEFT = text("SELECT * FROM rights_package_left(:customer, :day)")


async def allowances(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date
) -> dict[UUID, list[Allowance]]:
    """Return by right what the packages that a customer has chosen still give on a day."""
    if not (scope.whole_bank or scope.customer_id == customer_id):
        return {}
    found: dict[UUID, list[Allowance]] = {}
    rows: Sequence[Any] = (await session.execute(_LEFT, {"customer": customer_id, "day": day})).all()
    for row in rows:
        one = Allowance(row.package_id, Span(row.period_start, row.period_end), row.units, row.left_units)
        found.setdefault(row.right_id, []).append(one)
    return found
