"""Probability ranks the review queue: hashes by which pairs are found, what was weighed of a pair, and the model.

And the bank's policy of identity: whose word counts for each field, and how much one merge may join.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

BLOCKS = ("block_phone", "block_sound", "block_surname_birth", "block_sound_employer", "block_address")
WEIGHED = ("probability", "model_version", "weighed_at", "deferred_until")
KINDS = ("merge", "split", "renumber", "certificate_changed")
OUTCOMES = ("merged", "parted", "renumbered", "certificate_added", "unchanged", "review")
UNWEIGHED = "state = 'open' AND weighed_at IS NULL"


def upgrade() -> None:
    # What stands already waits to be compared: one instant for all of it, without writing the rows.
    due = sa.Column("match_due_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=True)
    op.add_column("source_record", due)
    op.alter_column("source_record", "match_due_at", server_default=None)
    for block in BLOCKS:
        op.add_column("source_record", sa.Column(block, sa.LargeBinary(), nullable=True))
    for column in ("match_due_at", *BLOCKS):
        op.create_index(
            op.f(f"ix_source_record_{column}"),
            "source_record",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    _weighed_reviews()
    op.create_table(
        "match_model",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_match_model")),
    )
    op.execute("GRANT SELECT, INSERT ON match_model TO guibin_worker")
    op.create_table(
        "identity_policy",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_applied", sa.Boolean(), nullable=False),
        sa.Column("applied_to", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_identity_policy")),
    )
    _identity_events()
    op.execute("GRANT SELECT, INSERT ON identity_policy TO guibin_bank")
    op.execute("GRANT SELECT, UPDATE (is_applied, applied_to) ON identity_policy TO guibin_worker")


def downgrade() -> None:
    op.drop_table("identity_event")
    op.drop_table("identity_policy")
    op.drop_table("match_model")
    for name in ("created_at", "state_score"):
        op.drop_index(op.f(f"ix_match_review_{name}"), "match_review")
    for column in ("score", *WEIGHED):
        op.drop_column("match_review", column)
    for column in ("match_due_at", *BLOCKS):
        op.drop_index(op.f(f"ix_source_record_{column}"), "source_record")
        op.drop_column("source_record", column)


def _weighed_reviews() -> None:
    op.add_column("match_review", sa.Column("score", sa.Integer(), server_default="0", nullable=False))
    for column in (
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("model_version", sa.Integer(), nullable=True),
        sa.Column("weighed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deferred_until", sa.Date(), nullable=True),
    ):
        op.add_column("match_review", column)
    op.create_index(op.f("ix_match_review_state_score"), "match_review", ["state", "score"])
    op.create_index(
        op.f("ix_match_review_created_at"), "match_review", ["created_at"], postgresql_where=sa.text(UNWEIGHED)
    )


def _identity_events() -> None:
    op.create_table(
        "identity_event",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_one_of("kind", KINDS), name=op.f("ck_identity_event_kind_known")),
        sa.CheckConstraint(_one_of("outcome", OUTCOMES), name=op.f("ck_identity_event_outcome_known")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_identity_event")),
    )
    op.execute("GRANT SELECT, INSERT ON identity_event TO guibin_bank")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
