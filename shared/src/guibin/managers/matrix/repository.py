"""All SQL of the matrix of grades and tiers."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, func, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.managers.matrix.models import ManagerMatrix, MatrixState
from guibin.managers.matrix.rules import Content
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.security.row_scope import all_rows
from guibin.tiers.repository import tiers_on


def in_force(day: date) -> ColumnElement[bool]:
    """Return the predicate of the version in force on a day: there is at most one."""
    return (
        (col(ManagerMatrix.state) == MatrixState.APPROVED)
        & or_(col(ManagerMatrix.effective_from).is_(None), col(ManagerMatrix.effective_from) <= day)
        & or_(col(ManagerMatrix.effective_to).is_(None), col(ManagerMatrix.effective_to) > day)
    )


async def content_on(session: AsyncSession, day: date) -> Content:
    """Return what the version in force on a day says; nobody serves anybody where there is none."""
    found = (await session.exec(select_rows(ManagerMatrix).where(in_force(day)))).first()
    return Content() if found is None else Content.model_validate(found.content)


def tiers_in_force(day: date) -> ScalarSelect[Any]:
    """Return the lines of the version in force on a day, as statements ask them by `permits`."""
    return select(col(ManagerMatrix.content)["tiers"]).where(in_force(day)).scalar_subquery()


def permits(
    tiers: ScalarSelect[Any], grade: SQLColumnExpression[str], tier: SQLColumnExpression[str]
) -> ColumnElement[bool]:
    """Return whether a version's lines let a grade serve a tier; no line, and nobody's tier, is no."""
    line = type_coerce(type_coerce(tiers, JSONB)[tier], JSONB)
    should, may = (func.coalesce(line[name].bool_op("?")(grade), False) for name in ("primary", "fallback"))
    return should | may


def is_second_choice(
    tiers: ScalarSelect[Any], grade: SQLColumnExpression[str], tier: SQLColumnExpression[str]
) -> ColumnElement[bool]:
    """Return whether a version's lines let a grade serve a tier that another grade should serve."""
    line = type_coerce(type_coerce(tiers, JSONB)[tier], JSONB)
    should = func.coalesce(line["primary"].bool_op("?")(grade), False)
    return permits(tiers, grade, tier) & ~should & (func.jsonb_array_length(line["primary"]) > 0)


async def matrix_on(session: AsyncSession, day: date) -> ManagerMatrix:
    """Return the version in force on a day.

    Raises:
        NotFound: there is none.
    """
    found = (await session.exec(select_rows(ManagerMatrix).where(in_force(day)))).first()
    if found is None:
        raise NotFound
    return found


async def approved_matrices(session: AsyncSession) -> Sequence[ManagerMatrix]:
    """Return all approved versions as they stand now."""
    approved = select_rows(ManagerMatrix).where(ManagerMatrix.state == MatrixState.APPROVED)
    return (await session.exec(approved.execution_options(populate_existing=True))).all()


async def count_forbidden(session: AsyncSession, content: Content, *, day: date) -> dict[str, int]:
    """Count by tier the customers whose present manager a version forbids them, whoever asks."""
    # Within a statement of its own: a bare parameter with a subscript would read as an array's type.
    lines = select(literal(content.model_dump(mode="json")["tiers"], JSONB)).scalar_subquery()
    current = tiers_on(day)
    is_permitted = permits(lines, col(Manager.grade), current.c.tier)
    query = (
        select(current.c.tier, func.count())
        .join(Coverage, col(Coverage.customer_id) == current.c.customer_id)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id))
        .where(col(Coverage.role) == CoverageRole.PRIMARY, col(Coverage.valid_to).is_(None))
        .where(current.c.tier.is_not(None), ~is_permitted)
        .group_by(current.c.tier)
        .order_by(current.c.tier)
    )
    async with all_rows(session):
        return dict((await session.execute(query)).all())
