"""All SQL of rules of earning: their versions, what they read of events and customers, what was given before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.holdings.figures import AVERAGES
from guibin.organisation.models import Branch, BranchClosure
from guibin.points.earning.models import EarningPeriod, EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.settlement import Account, Award, BudgetKey, Past, Spent
from guibin.points.repository import rows_of
from guibin.tags.evaluation import Plain
from guibin.tags.models import CustomerFact, CustomerTag
from guibin.tiers.models import Tier

# Callers sort the list by customer and wallet: one order for all who lock accounts.
_LOCK: Final = text(
    "SELECT m.customer_id, m.wallet, p.balance, p.pending"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:wallets AS text[])) WITH ORDINALITY AS m(customer_id, wallet, n)"
    " CROSS JOIN LATERAL points_account_lock(m.customer_id, m.wallet, :at, :day) AS p ORDER BY m.n"
)
_PAST: Final = text(
    "SELECT a.customer_id, a.rule_code, a.source_id, a.wallet, a.occurred_at, a.occurred_on, a.posted_on, a.points,"
    " a.cost_fen"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:rules AS text[])) AS k(customer_id, rule_code)"
    " JOIN earning_award a ON a.customer_id = k.customer_id AND a.rule_code = k.rule_code AND a.passed_to IS NULL"
)
_EARNED: Final = text(
    "SELECT e.customer_id, e.wallet, e.posted_on, sum(e.points - e.debt_change + e.pending_change)::bigint AS points"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:wallets AS text[])) AS k(customer_id, wallet)"
    " JOIN points_entry e ON e.customer_id = k.customer_id AND e.wallet = k.wallet"
    " WHERE e.kind IN ('earn', 'pending_add') AND e.posted_on >= :since"
    " GROUP BY e.customer_id, e.wallet, e.posted_on"
)
_BALANCES: Final = text(
    "SELECT a.customer_id, a.wallet, a.balance, a.pending"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:wallets AS text[])) AS k(customer_id, wallet)"
    " JOIN points_account a ON a.customer_id = k.customer_id AND a.wallet = k.wallet"
)
# Rows that nothing changes are written all the same: that locks them, in the order of the list.
_LOCK_BUDGETS: Final = text(
    "INSERT INTO earning_budget (rule_code, period, starts_on, points, cost_fen, awards)"
    " SELECT k.rule_code, k.period, k.starts_on, 0, 0, 0"
    " FROM unnest(CAST(:rules AS text[]), CAST(:periods AS text[]), CAST(:starts AS date[])) WITH ORDINALITY"
    " AS k(rule_code, period, starts_on, n) ORDER BY k.n"
    " ON CONFLICT (rule_code, period, starts_on) DO UPDATE SET points = earning_budget.points"
    " RETURNING rule_code, period, starts_on, points, cost_fen, awards"
)
_SAVE_BUDGETS: Final = text(
    "UPDATE earning_budget b SET points = k.points, cost_fen = k.cost_fen, awards = k.awards"
    " FROM unnest(CAST(:rules AS text[]), CAST(:periods AS text[]), CAST(:starts AS date[]),"
    " CAST(:points AS bigint[]), CAST(:costs AS bigint[]), CAST(:awards AS bigint[]))"
    " AS k(rule_code, period, starts_on, points, cost_fen, awards)"
    " WHERE b.rule_code = k.rule_code AND b.period = k.period AND b.starts_on = k.starts_on"
)
_BUDGETS: Final = text(
    "SELECT b.rule_code, b.period, b.starts_on, b.points, b.cost_fen, b.awards"
    " FROM unnest(CAST(:rules AS text[]), CAST(:periods AS text[]), CAST(:starts AS date[]))"
    " AS k(rule_code, period, starts_on)"
    " JOIN earning_budget b ON b.rule_code = k.rule_code AND b.period = k.period AND b.starts_on = k.starts_on"
)
_AWARDS: Final = text(
    "INSERT INTO earning_award (customer_id, entry_id, rule_code, version, wallet, source_id, occurred_at,"
    " occurred_on, posted_on, points, cost_fen, awaits, awaits_until)"
    " SELECT k.customer_id, k.entry_id, k.rule_code, k.version, k.wallet, k.source_id, k.occurred_at, k.occurred_on,"
    " CAST(:day AS date), k.points, k.cost_fen, k.awaits, k.awaits_until"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:entries AS uuid[]),"
    " CAST(:rules AS text[]), CAST(:versions AS int[]), CAST(:wallets AS text[]), CAST(:sources AS text[]),"
    " CAST(:moments AS timestamptz[]), CAST(:days AS date[]), CAST(:points AS bigint[]), CAST(:costs AS bigint[]),"
    " CAST(:awaited AS text[]), CAST(:lasts AS date[]))"
    " AS k(customer_id, entry_id, rule_code, version, wallet, source_id, occurred_at, occurred_on, points, cost_fen,"
    " awaits, awaits_until)"
)


@dataclass(frozen=True, slots=True)
class Person:
    """What conditions read of a customer."""

    branch_id: UUID
    facts: Mapping[str, Plain]


async def get_rule(session: AsyncSession, *, code: str, lock: bool = False) -> EarningRule:
    """Return a rule, locked for a change if asked.

    Raises:
        NotFound: there is none.
    """
    statement = select(EarningRule).where(EarningRule.code == code).execution_options(populate_existing=True)
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound
    return found


async def insert_rule(session: AsyncSession, rule: EarningRule) -> bool:
    """Insert a rule; False when its code is taken."""
    statement = insert(EarningRule).values(rule.model_dump()).on_conflict_do_nothing().returning(col(EarningRule.code))
    return (await session.execute(statement)).one_or_none() is not None


async def list_rules(
    session: AsyncSession, *, limit: int, after: str | None = None, state: RuleState | None = None
) -> Sequence[EarningRule]:
    """Return rules in the order of their codes."""
    statement = select(EarningRule).order_by(col(EarningRule.code)).limit(limit)
    if state is not None:
        statement = statement.where(EarningRule.state == state)
    return (await session.exec(statement if after is None else statement.where(col(EarningRule.code) > after))).all()


async def find_version(session: AsyncSession, rule: EarningRule) -> EarningRuleVersion | None:
    """Return the last approved version of a rule; None when it has none."""
    if rule.active_version is None:
        return None
    return await session.get(EarningRuleVersion, (rule.code, rule.active_version))


async def versions_of(session: AsyncSession, *, codes: Collection[str]) -> dict[tuple[str, int], EarningRuleVersion]:
    """Return all versions of some rules."""
    statement = select(EarningRuleVersion).where(col(EarningRuleVersion.rule_code).in_(codes))
    return {(row.rule_code, row.version): row for row in (await session.exec(statement)).all()}


async def list_versions(
    session: AsyncSession, *, code: str, limit: int, before: int | None = None
) -> Sequence[EarningRuleVersion]:
    """Return the approved versions of a rule, newest first."""
    version = EarningRuleVersion
    statement = select(version).where(version.rule_code == code).order_by(col(version.version).desc()).limit(limit)
    return (await session.exec(statement if before is None else statement.where(version.version < before))).all()


async def next_version(session: AsyncSession, *, code: str) -> int:
    """Return the number of a rule's next version; the caller holds the rule's lock."""
    query = select(func.max(EarningRuleVersion.version)).where(EarningRuleVersion.rule_code == code)
    return ((await session.exec(query)).one() or 0) + 1


async def all_versions(session: AsyncSession) -> Sequence[tuple[EarningRule, EarningRuleVersion]]:
    """Return every version that was ever approved, with its rule: late events earn by what was in force then."""
    query = select(EarningRule, EarningRuleVersion).join(
        EarningRuleVersion, col(EarningRuleVersion.rule_code) == col(EarningRule.code)
    )
    draft: Any = EarningRule.draft  # nobody's who asks what counts
    return (await session.exec(query.options(defer(draft)))).all()


async def branches_below(session: AsyncSession, codes: Collection[str]) -> dict[str, frozenset[UUID]]:
    """Return for each code of a branch the branch and all below it."""
    if not codes:
        return {}
    query = (
        select(Branch.code, BranchClosure.descendant_id)
        .join(BranchClosure, col(BranchClosure.ancestor_id) == col(Branch.id))
        .where(col(Branch.code).in_(codes))
    )
    found: dict[str, set[UUID]] = {code: set() for code in codes}
    for code, branch_id in (await session.exec(query)).all():
        found[code].add(branch_id)
    return {code: frozenset(ids) for code, ids in found.items()}


async def find_branch(session: AsyncSession, code: str) -> Branch | None:
    """Return a branch by its code."""
    return (await session.exec(select(Branch).where(Branch.code == code))).one_or_none()


async def is_within(session: AsyncSession, branch_id: UUID | None, roots: Sequence[UUID]) -> bool:
    """Tell whether a branch (None: the top of the tree) is one of some branches or below one of them."""
    if branch_id is None:
        tops = select(Branch.id).where(col(Branch.parent_id).is_(None), col(Branch.id).in_(roots))
        return (await session.exec(tops)).first() is not None
    query = select(BranchClosure.descendant_id).where(
        col(BranchClosure.ancestor_id).in_(roots), BranchClosure.descendant_id == branch_id
    )
    return (await session.exec(query)).first() is not None


async def known_tiers(session: AsyncSession) -> set[str]:
    """Return the codes of all tiers."""
    return set((await session.exec(select(Tier.code))).all())


async def people(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Return what conditions read of some customers: branch, the facts of the last run, and the tags of now."""
    branches = select(Customer.id, Customer.branch_id).where(col(Customer.id).in_(ids))
    facts = {
        row.customer_id: row
        for row in (await session.exec(select(CustomerFact).where(col(CustomerFact.customer_id).in_(ids)))).all()
    }
    held = select(CustomerTag.customer_id, CustomerTag.tag_code).where(
        col(CustomerTag.customer_id).in_(ids), col(CustomerTag.until).is_(None)
    )
    tags: dict[UUID, set[str]] = {}
    for customer_id, code in (await session.exec(held)).all():
        tags.setdefault(customer_id, set()).add(code)
    return {
        customer_id: Person(branch_id, _facts(facts.get(customer_id), tags.get(customer_id, set())))
        for customer_id, branch_id in (await session.exec(branches)).all()
    }


async def tiers_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str | None]:
    """Return the tiers of some customers, as of the last run."""
    query = text(
        "SELECT f.customer_id, f.tier FROM customer_fact f"
        " JOIN unnest(CAST(:ids AS uuid[])) AS k(id) ON k.id = f.customer_id"
    )
    return {row["customer_id"]: row["tier"] for row in await rows_of(session, query, ids=list(ids))}


def _facts(row: CustomerFact | None, tags: set[str]) -> dict[str, Plain]:
    values: dict[str, Plain] = {"tags": frozenset(tags)}
    if row is None:
        return values
    values |= {name.removesuffix("_fen"): getattr(row, name) for name in AVERAGES.values()}
    plain = ("spike_percent", "age", "gender", "city_code", "branch", "tenure_days", "tier")
    values |= {name: getattr(row, name) for name in (*plain, "household_size", "household_role")}
    values |= {name: getattr(row, f"{name}_fen") for name in ("aum", "liabilities", "household_aum")}
    values |= {name: frozenset(getattr(row, name)) for name in ("products", "lines", "customer_kinds")}
    values |= {f"asset.{name}": fen for name, fen in row.assets.items()}
    values |= {f"liability.{name}": fen for name, fen in row.liabilities.items()}
    values |= {f"points.{name}": points for name, points in row.points.items()}
    return values


async def lock_accounts(
    session: AsyncSession, accounts: Iterable[Account], *, at: datetime, day: date
) -> dict[Account, int]:
    """Lock accounts in the order of all writers; returns the points of each, pending ones included."""
    ordered = sorted(set(accounts))
    rows = await rows_of(
        session, _LOCK, customers=[one for one, _ in ordered], wallets=[one for _, one in ordered], at=at, day=day
    )
    return {(row["customer_id"], row["wallet"]): row["balance"] + row["pending"] for row in rows}


async def read_balances(session: AsyncSession, accounts: Collection[Account]) -> dict[Account, int]:
    """Return the points of accounts, pending ones included, without locking them."""
    rows = await rows_of(
        session, _BALANCES, customers=[one for one, _ in accounts], wallets=[one for _, one in accounts]
    )
    return {(row["customer_id"], row["wallet"]): row["balance"] + row["pending"] for row in rows}


async def read_past(session: AsyncSession, pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], list[Past]]:
    """Return what rules have given customers before, by customer and rule."""
    rows = await rows_of(session, _PAST, customers=[one for one, _ in pairs], rules=[one for _, one in pairs])
    found: dict[tuple[UUID, str], list[Past]] = {}
    for row in rows:
        values: dict[str, Any] = dict(row)
        key = (values.pop("customer_id"), values.pop("rule_code"))
        found.setdefault(key, []).append(Past(**values))
    return found


async def read_earned(
    session: AsyncSession, accounts: Collection[Account], *, since: date
) -> dict[Account, list[tuple[date, int]]]:
    """Return what accounts have earned, by day of posting, from a day on."""
    rows = await rows_of(
        session, _EARNED, customers=[one for one, _ in accounts], wallets=[one for _, one in accounts], since=since
    )
    found: dict[Account, list[tuple[date, int]]] = {}
    for row in rows:
        found.setdefault((row["customer_id"], row["wallet"]), []).append((row["posted_on"], row["points"]))
    return found


async def read_budgets(session: AsyncSession, keys: Iterable[BudgetKey], *, lock: bool) -> dict[BudgetKey, Spent]:
    """Return what was given out of budgets; locked, in one order, for whoever gives more."""
    rows = await rows_of(session, _LOCK_BUDGETS if lock else _BUDGETS, **_columns(sorted(set(keys))))
    return {
        (row["rule_code"], EarningPeriod(row["period"]), row["starts_on"]): Spent(
            row["points"], row["cost_fen"], row["awards"]
        )
        for row in rows
    }


async def save_budgets(session: AsyncSession, budgets: Mapping[BudgetKey, Spent]) -> None:
    """Write what was given out of locked budgets."""
    spent = list(budgets.values())
    await rows_of(
        session,
        _SAVE_BUDGETS,
        **_columns(budgets),
        points=[one.points for one in spent],
        costs=[one.cost_fen for one in spent],
        awards=[one.awards for one in spent],
    )


def _columns(keys: Iterable[BudgetKey]) -> dict[str, list[Any]]:
    ordered = list(keys)
    return {
        "rules": [code for code, _, _ in ordered],
        "periods": [period.value for _, period, _ in ordered],
        "starts": [start for _, _, start in ordered],
    }


async def rules_of_entries(
    session: AsyncSession, *, entries: Collection[tuple[UUID, UUID]]
) -> dict[UUID, tuple[str, int]]:
    """Return code and version of the rule that made each of some entries, given by customer and entry."""
    query = text(
        "SELECT a.entry_id, a.rule_code, a.version"
        " FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[])) AS k(customer_id, entry_id)"
        " JOIN earning_award a ON a.customer_id = k.customer_id AND a.entry_id = k.entry_id"
    )
    rows = await rows_of(session, query, customers=[one for one, _ in entries], ids=[one for _, one in entries])
    return {row["entry_id"]: (row["rule_code"], row["version"]) for row in rows}


async def add_awards(session: AsyncSession, awards: Sequence[tuple[Award, UUID]], *, day: date) -> None:
    """Note which version of which rule made which entry."""
    given = [award for award, _ in awards]
    await rows_of(
        session,
        _AWARDS,
        day=day,
        customers=[one.event.customer_id for one in given],
        entries=[entry for _, entry in awards],
        rules=[one.rule.code for one in given],
        versions=[one.rule.version for one in given],
        wallets=[one.gift.wallet for one in given],
        sources=[one.event.source_id for one in given],
        moments=[one.event.occurred_at for one in given],
        days=[one.event.occurred_on for one in given],
        points=[one.points for one in given],
        costs=[one.cost_fen for one in given],
        awaited=[one.awaits for one in given],
        lasts=[one.awaits_until for one in given],
    )
