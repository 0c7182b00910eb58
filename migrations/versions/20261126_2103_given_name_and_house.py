"""Records come together by given name and birthday, and by birthday and the numbers of the address."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

BLOCKS = ("block_given_birth", "block_birth_house")


def upgrade() -> None:
    for block in BLOCKS:
        op.add_column("source_record", sa.Column(block, sa.LargeBinary(), nullable=True))
        op.create_index(
            op.f(f"ix_source_record_{block}"),
            "source_record",
            [block],
            postgresql_where=sa.text(f"{block} IS NOT NULL"),
        )
    # The worker makes the hashes, since only it may open the fields: what stands waits to be compared anew.
    op.execute("UPDATE source_record SET match_due_at = now() WHERE data_key IS NOT NULL AND ended_on IS NULL")
    op.execute("UPDATE match_model SET parameters = parameters - 'prior'")


def downgrade() -> None:
    op.execute("UPDATE match_model SET parameters = parameters || jsonb_build_object('prior', 2.0 ^ -20)")
    for block in BLOCKS:
        op.drop_index(op.f(f"ix_source_record_{block}"), "source_record")
        op.drop_column("source_record", block)
