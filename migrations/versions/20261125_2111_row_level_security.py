"""Row-level security: the second net behind the scope of every repository (docs/adr/0008).

What a transaction has opened stands in its setting `guibin.scope`, which `guibin.security.row_scope` and
`customer_enter` write. Without it guibin_customer and guibin_bank see and write no row of a customer. The worker works
for everybody; the owner, who migrates and whose functions post to the ledger, is not held to the policies.
"""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
HELPERS = (
    "row_scope()",
    "row_scope_bank()",
    "row_scope_customer()",
    "row_scope_staff()",
    "row_scope_branches()",
    "row_scope_actor()",
    "row_scope_opens(uuid)",
)

# Sub-selects without a column of the row are answered once for each statement, whatever the number of rows; what
# stands first in an OR saves what stands behind it.
BANK = "(SELECT row_scope_bank())"
ACTOR = "(SELECT row_scope_actor())"
ONE = "(SELECT row_scope_customer())"
BRANCHES = (
    "SELECT b.descendant_id FROM branch_closure b WHERE b.ancestor_id = ANY ((SELECT row_scope_branches())::uuid[])"
)

IN_BOOK = (
    "EXISTS (SELECT FROM customer_access a"
    " WHERE a.customer_id = customer.id AND a.staff_id = (SELECT row_scope_staff()) AND a.valid_to IS NULL)"
)
CUSTOMER = f"{BANK} OR id = {ONE} OR branch_id IN ({BRANCHES}) OR {IN_BOOK}"


def seen(owner: str) -> str:
    """The customer is seen: asked of `customer`, whose own policy answers."""
    return f"EXISTS (SELECT FROM customer c WHERE c.id = {owner})"


# Tables whose rows are a customer's by `customer_id`.
BY_CUSTOMER = (
    "source_record",
    "customer_ref",
    "match_review",
    "holding",
    "holding_balance",
    "customer_event",
    "business_event",
    "customer_fact",
    "customer_tag",
    "tier_history",
    "tier_override",
    "coverage",
    "unassigned",
    "points_account",
    "points_entry",
    "points_lot",
    "points_lot_use",
    "redemption",
    "redemption_step",
    "customer_session",
    "consent",
    "customer_restriction",
    "data_request",
    "subject_export",
    "erasure",
)

# Tables with a rule of their own: what guibin_bank sees, then what guibin_customer sees. None: nothing is granted.
OTHERS = {
    "customer": (CUSTOMER, f"{BANK} OR id = {ONE}"),
    # `customer` asks this table, so this table cannot ask `customer`: a function that reads past the policies does.
    "customer_access": (f"{BANK} OR staff_id = (SELECT row_scope_staff()) OR row_scope_opens(customer_id)", None),
    # Shown to both: whose the holding is, and who shares it.
    "holding_party": (
        f"{BANK} OR {seen('holding_party.customer_id')} OR {seen('holding_party.owner_id')}",
        None,
    ),
    # A free code is nobody's.
    "voucher_code": (
        f"{BANK} OR customer_id IS NULL OR {seen('voucher_code.customer_id')}",
        f"{BANK} OR customer_id IS NULL OR customer_id = {ONE}",
    ),
    # An account that nobody has bound is nobody's.
    "wechat_identity": (
        f"{BANK} OR customer_id IS NULL OR {seen('wechat_identity.customer_id')}",
        f"{BANK} OR customer_id IS NULL OR customer_id = {ONE}",
    ),
    # Stored answers are their actor's, whoever they tell of.
    "idempotency_key": (f"{BANK} OR actor_id = {ACTOR}", f"actor_id = {ACTOR}"),
    # One chain over everybody's rows of the trail.
    "audit_seal": (BANK, None),
    # Where no customer is concerned the owner is the maker.
    "approval": (
        f"{BANK} OR maker_id = {ACTOR} OR owner_id = maker_id OR {seen('approval.owner_id')}",
        None,
    ),
    "approval_decision": (
        "EXISTS (SELECT FROM approval a WHERE (a.owner_id, a.id) = (approval_decision.owner_id, approval_id))",
        None,
    ),
}

# Everybody writes the trail, also where nobody was let in; it is read by scope.
TRAIL = {"audit_entry": (f"{BANK} OR actor_id = {ACTOR} OR {seen('audit_entry.owner_id')}", f"owner_id = {ONE}")}


def upgrade() -> None:
    for name in (*(helper.partition("(")[0] for helper in HELPERS), "customer_enter"):
        _create(name, 1)
    for helper in HELPERS:
        op.execute(f"REVOKE ALL ON FUNCTION {helper} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {helper} TO guibin_customer, guibin_bank, guibin_worker")
    op.execute("REVOKE ALL ON FUNCTION customer_enter(uuid, uuid, timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION customer_enter(uuid, uuid, timestamptz) TO guibin_customer")
    _create("points_account_lock", 2)
    for table in BY_CUSTOMER:
        _protect(table, f"{BANK} OR {seen(f'{table}.customer_id')}", f"{BANK} OR customer_id = {ONE}")
    for table, (bank, customer) in OTHERS.items():
        _protect(table, bank, customer)
    for table, (bank, customer) in TRAIL.items():
        _protect(table, bank, customer, command="SELECT")
        op.execute(
            f"CREATE POLICY everybody_writes ON {table} FOR INSERT TO guibin_bank, guibin_customer WITH CHECK (true)"
        )


def downgrade() -> None:
    for table in (*BY_CUSTOMER, *OTHERS, *TRAIL):
        for policy in ("worker_rows", "bank_rows", "customer_rows", "everybody_writes"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    _create("points_account_lock", 1)
    op.execute("DROP FUNCTION customer_enter(uuid, uuid, timestamptz)")
    op.execute(f"DROP FUNCTION {', '.join(reversed(HELPERS))}")


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _protect(table: str, bank: str, customer: str | None, *, command: str = "ALL") -> None:
    """Hold the services to what their transactions have opened: reading, and by the same rule writing."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} FOR {command} TO guibin_bank USING ({bank})")
    if customer is not None:
        op.execute(f"CREATE POLICY customer_rows ON {table} FOR {command} TO guibin_customer USING ({customer})")
