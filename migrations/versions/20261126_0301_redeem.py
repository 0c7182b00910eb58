"""A redemption in one statement."""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
NEW = {
    "idempotency_take": "idempotency_take(uuid, text, bytea, timestamptz)",
    "idempotency_store": "idempotency_store(uuid, text, bytea, integer, bytea, text, timestamptz)",
    "rights_facts": "rights_facts(jsonb, boolean)",
    "rights_take_codes": "rights_take_codes(uuid, uuid, uuid, integer, timestamptz, integer)",
    "rights_take": "rights_take(redemption, jsonb)",
    "rights_redeem": "rights_redeem(jsonb)",
}


def upgrade() -> None:
    for name, signature in NEW.items():
        op.execute((FUNCTIONS / name / "v1.sql").read_text(encoding="utf-8"))
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO guibin_customer")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(reversed(NEW.values()))}")
