"""SQL of the rules for arrivals and of whose turn it is."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.arrivals.models import AssignmentRule, AssignmentTurn
from guibin.managers.models import ArrivalStrategy, Manager
from guibin.managers.rules import Rule
from guibin.organisation.models import Branch, BranchClosure


async def find_rule(session: AsyncSession, branch_id: UUID, *, lock: bool = False) -> AssignmentRule | None:
    """Return the rule of a node itself, locked for a change where that is asked for."""
    query = select_rows(AssignmentRule).where(AssignmentRule.branch_id == branch_id)
    query = query.with_for_update() if lock else query
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_rules(session: AsyncSession) -> list[tuple[AssignmentRule, Branch]]:
    """Return all rules with their nodes, by the node's code."""
    query = select_rows(AssignmentRule, Branch).join(Branch, col(Branch.id) == col(AssignmentRule.branch_id))
    return [(row[0], row[1]) for row in (await session.exec(query.order_by(col(Branch.code)))).all()]


async def rule_nodes(session: AsyncSession, branch_id: UUID | None = None) -> Mapping[UUID, UUID]:
    """Return the node whose rule counts for each branch (or for one): its own, or the nearest above it."""
    above, depth = aliased(BranchClosure), aliased(BranchClosure)
    height = select(func.count()).where(col(depth.descendant_id) == col(above.ancestor_id)).scalar_subquery()
    query = (
        select(col(above.descendant_id), col(AssignmentRule.branch_id))
        .select_from(above)
        .ext(distinct_on(col(above.descendant_id)))
        .join(AssignmentRule, col(AssignmentRule.branch_id) == col(above.ancestor_id))
        .order_by(col(above.descendant_id), height.desc())
    )
    if branch_id is not None:
        query = query.where(col(above.descendant_id) == branch_id)
    return dict((await session.execute(query)).all())


async def load_rules(session: AsyncSession, nodes: Mapping[UUID, UUID], *, lock: bool) -> dict[UUID, Rule]:
    """Return the rule of each branch with whose turn it is, as it stands now; locked, turns are taken one by one.

    Branches under one rule share it.
    """
    wanted = sorted(set(nodes.values()))
    query = select_rows(AssignmentRule).where(col(AssignmentRule.branch_id).in_(wanted))
    query = query.order_by(col(AssignmentRule.branch_id))
    query = query.with_for_update() if lock else query
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    turns = select_rows(AssignmentTurn).where(col(AssignmentTurn.branch_id).in_(wanted))
    rules = {
        row.branch_id: Rule(
            row.branch_id, ArrivalStrategy(row.strategy), ArrivalStrategy(row.otherwise), row.max_wait_days, row.turn
        )
        for row in rows
    }
    for turn in (await session.exec(turns.execution_options(populate_existing=True))).all():
        rules[turn.branch_id].turns[turn.manager_id] = turn.turn
    return {branch_id: rules[node] for branch_id, node in nodes.items()}


async def keep_turns(session: AsyncSession, rule: Rule, *, before: int) -> None:
    """Write the turns of a locked rule that were taken after the turn `before`."""
    if rule.branch_id is None or rule.turn == before:
        return
    taken = [
        {"branch_id": rule.branch_id, "manager_id": manager_id, "turn": turn}
        for manager_id, turn in rule.turns.items()
        if turn > before
    ]
    statement = upsert(AssignmentTurn)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["branch_id", "manager_id"], set_={"turn": statement.excluded.turn}
        ),
        taken,
    )
    await session.execute(
        update(AssignmentRule).where(col(AssignmentRule.branch_id) == rule.branch_id).values(turn=rule.turn)
    )


async def managers_reaching(session: AsyncSession, branch_id: UUID) -> list[UUID]:
    """Return the managers of a branch, and those of the nodes above who serve what is below them."""
    query = (
        select(col(Manager.id))
        .join(BranchClosure, col(BranchClosure.ancestor_id) == col(Manager.branch_id))
        .where(col(BranchClosure.descendant_id) == branch_id)
        .where((col(Manager.branch_id) == branch_id) | col(Manager.serves_subtree))
        .order_by(col(Manager.id))
    )
    return list((await session.execute(query)).scalars().all())
